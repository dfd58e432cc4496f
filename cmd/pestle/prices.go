package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
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

	inJSON     `embed:""`
	tariffRead `embed:""`
}

// Help is shown by --help.
func (pricesLoad) Help() string {
	return `A file takes the place of the one before of its kind: it has every row that holds or has held. Exit code 1: at least one file has mistakes, and nothing of it is stored; the others are.

Example: pestle prices load --data db prices.csv terms.csv`
}

// Run loads files; one that has mistakes is refused as a whole.
func (c *pricesLoad) Run(std streams) error {
	return loadPrices.files("prices load", c.Files, url.Values{}, c.Data, c.remote, c.encryption, std, func(name string, l *invoicing.Loaded, err error) {
		if notLoaded(name, err, std) {
			return
		}
		unchanged := ""
		if l.Unchanged {
			unchanged = ", unchanged"
		}
		fmt.Fprintf(std.out, "%s: %s%s, %d rows, %s\n", name, l.Kind, unchanged, l.Rows, l.Ref)
	})
}

// loadPrices loads a file of prices, terms or rates.
var loadPrices = fileLoad[invoicing.Loaded](func(ctx context.Context, a *app, said url.Values, data []byte, who fhir.Principal) (*invoicing.Loaded, error) {
	return a.invoicing.Load(ctx, invoicing.File{Name: said.Get("name"), Data: data}, who)
})

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
		return c.print(std, answer.Body)
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
	return c.print(std, bytes.NewReader(text))
}

// print prints a table of CSV as it is, or as JSON.
func (c *pricesList) print(std streams, text io.Reader) error {
	if c.JSON {
		return printRows(std, text)
	}
	_, err := io.Copy(std.out, text)
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
