package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing/prices"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/server/auth"
)

type pricesCommand struct {
	Load pricesLoad `cmd:"" help:"Load what private supplies cost: a price list, terms of clinics, rates of VAT."`
	List pricesList `cmd:"" help:"Print what private supplies cost on a day."`
}

type pricesLoad struct {
	Files []string `arg:"" name:"file" help:"CSV files in the formats of docs/private.md; their columns tell what they are."`
	Data  string   `env:"PESTLE_DATA" placeholder:"DIR" help:"Folder of the database, made where there is none; a server may have it open."`

	remote     `embed:""`
	encryption `embed:""`
}

type pricesList struct {
	Pharmacy string `default:"*" placeholder:"ODS" help:"ODS code of the pharmacy; what holds for all of them unless set."`
	Clinic   string `placeholder:"ODS" help:"ODS code of a clinic; all of them unless set."`
	Day      string `placeholder:"2026-11-30" help:"The day; today unless set."`
	Kind     string `default:"private-prices" help:"private-prices, private-terms or vat-rates."`

	tariffRead `embed:""`
}

// Help is shown by --help.
func (pricesLoad) Help() string {
	return `A file takes the place of the one before of its kind: it has every row that holds or has held. Exit code 1: at least one file has mistakes, and nothing of it is stored; the others are.

Example: pestle prices load --data db prices.csv terms.csv`
}

// Run loads files; one that has mistakes is refused as a whole.
func (c *pricesLoad) Run(std streams) (err error) {
	if err := askData("prices load", c.Data, c.remote); err != nil {
		return err
	}
	load, done, err := c.loader()
	if err != nil {
		return err
	}
	defer func() { err = done(err) }()
	failed := false
	for _, name := range c.Files {
		r, done, err := open(name, std.in, nil)
		if err != nil {
			return err
		}
		data, err := io.ReadAll(r)
		done()
		if err != nil {
			return err
		}
		l, err := load(invoicing.File{Name: filepath.Base(name), Data: data})
		switch e := (*fhir.Error)(nil); {
		case errors.As(err, &e):
			for _, i := range e.Issues {
				fmt.Fprintln(std.err, issueLine(name, i))
			}
		case err != nil:
			fmt.Fprintf(std.err, "%s: %v\n", name, err)
		default:
			unchanged := ""
			if l.Unchanged {
				unchanged = ", unchanged"
			}
			fmt.Fprintf(std.out, "%s: %s%s, %d rows, %s\n", name, l.Kind, unchanged, l.Rows, l.Ref)
		}
		failed = failed || err != nil
	}
	if failed {
		return errSilent
	}
	return nil
}

// loader loads a file: in the server that has the folder open, or in the folder.
func (c *pricesLoad) loader() (load func(invoicing.File) (*invoicing.Loaded, error), done ending, err error) {
	server, err := c.reach(c.Data)
	if err != nil {
		return nil, nil, err
	}
	if server != nil {
		return server.prices, unended, nil
	}
	app, err := openApp(appConfig{Data: c.Data, Key: c.encryption, Profiles: profileOptions{Policy: "r4"}}, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, nil, err
	}
	ended, err := app.command("prices load")
	if err != nil {
		return nil, nil, errors.Join(err, app.close())
	}
	return func(f invoicing.File) (*invoicing.Loaded, error) {
		return app.invoicing.Load(context.Background(), f, commandRequester("prices load"))
	}, func(err error) error { return errors.Join(ended(err), app.close()) }, nil
}

// pricesAnswer is what became of a file of prices.
type pricesAnswer struct {
	Loaded *invoicing.Loaded `json:"loaded,omitempty"`
	Issues []fhir.Issue      `json:"issues,omitempty"`
}

// prices loads a file in the server.
func (a *administration) prices(f invoicing.File) (*invoicing.Loaded, error) {
	answer, err := a.post("prices", url.Values{"name": {f.Name}}, bytes.NewReader(f.Data))
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	var loaded pricesAnswer
	if err := json.NewDecoder(answer.Body).Decode(&loaded); err != nil {
		return nil, err
	}
	if len(loaded.Issues) > 0 {
		return nil, &fhir.Error{Op: "prices load", Kind: fhir.Invalid, Issues: loaded.Issues}
	}
	return loaded.Loaded, nil
}

// prices loads a file that a command has sent.
func (a *admin) prices(who auth.Identity, w http.ResponseWriter, r *http.Request) error {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	who.Requester.Unbound = true // as the command is, which the scope grants
	var answer pricesAnswer
	answer.Loaded, err = a.app.invoicing.Load(r.Context(), invoicing.File{Name: r.URL.Query().Get("name"), Data: data}, who.Requester)
	if e := (*fhir.Error)(nil); errors.As(err, &e) {
		answer.Issues = e.Issues
	} else if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(answer)
}

// Run prints what holds on a day.
func (c *pricesList) Run(std streams) error {
	on := nhs.DateOf(time.Now())
	if c.Day != "" {
		if on = nhs.ReadDate(c.Day); on.IsZero() || len(c.Day) != len(time.DateOnly) {
			return fmt.Errorf("--day is a date such as 2026-11-30, not %q", c.Day)
		}
	}
	q := url.Values{"kind": {c.Kind}, "pharmacy": {c.Pharmacy}, "clinic": {c.Clinic}, "day": {on.String()}}
	server, err := c.reach(c.Data)
	if err != nil {
		return err
	}
	if server != nil {
		answer, err := server.post("prices/show", q, nil)
		if err != nil {
			return err
		}
		defer func() { _ = answer.Body.Close() }()
		_, err = io.Copy(std.out, answer.Body)
		return err
	}
	if err := haveDatabase(c.Data, c.encryption); err != nil {
		return err
	}
	app, err := openApp(appConfig{Data: c.Data, Key: c.encryption, Profiles: profileOptions{Policy: "r4"}}, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	text, err := app.pricesOn(context.Background(), q)
	if err := errors.Join(err, app.close()); err != nil {
		return shown("prices list", err, std)
	}
	_, err = std.out.Write(text)
	return err
}

// pricesOn is what a query asks for, as CSV.
func (a *app) pricesOn(ctx context.Context, q url.Values) ([]byte, error) {
	return a.invoicing.List(ctx, prices.Kind(q.Get("kind")), q.Get("pharmacy"), q.Get("clinic"), nhs.ReadDate(q.Get("day")))
}

// pricesShow prints prices for who administers the server.
func (a *admin) pricesShow(_ auth.Identity, w http.ResponseWriter, r *http.Request) error {
	text, err := a.app.pricesOn(r.Context(), r.URL.Query())
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}
