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
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/register"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/store"
)

type registerCommand struct {
	Org     string `placeholder:"ODS" help:"Pharmacy; all that have a register unless set."`
	Class   string `placeholder:"NAME" help:"Substance, such as methylphenidate; all unless set."`
	Product string `placeholder:"TEXT" help:"Code of a product in dm+d, or a part of its name."`
	From    string `placeholder:"DAY" help:"First day of the entries, such as 2026-11-01."`
	To      string `placeholder:"DAY" help:"Last day of the entries."`
	At      string `placeholder:"TIME" help:"The register as it was at this time, such as 2026-11-30T12:00:00Z."`
	Returns bool   `help:"The book of what patients returned and was destroyed."`
	CSV     bool   `name:"csv" help:"Write a line for each entry, with the headings as columns."`
	JSON    bool   `name:"json" help:"Print the entries as JSON, by the headings of --csv."`
	Data    string `json:"-" env:"PESTLE_DATA" default:"data" placeholder:"DIR" help:"Folder of the database; a server may have it open."`

	remote     `embed:"" json:"-"`
	encryption `embed:"" json:"-"`
}

// Help is shown by --help.
func (registerCommand) Help() string {
	return `A page for each class, strength and form, its entries with the running balance.

Example: pestle register --data db --from 2026-11-01 --to 2026-11-30

Example: pestle register --data db --class methylphenidate --csv`
}

// Run prints the register. Where a server has the database open, that reads it.
func (c *registerCommand) Run(std streams) error {
	if _, err := c.query(); err != nil {
		return err
	}
	answer, err := c.answer()
	if err != nil {
		return err
	}
	defer func() { _ = answer.Close() }()
	if c.JSON {
		return printRows(std, answer)
	}
	_, err = io.Copy(std.out, answer)
	return err
}

// query is what is asked for.
func (c *registerCommand) query() (q register.Query, err error) {
	q = register.Query{Org: strings.ToUpper(c.Org), Class: c.Class, Product: c.Product, From: nhs.ReadDate(c.From), To: nhs.ReadDate(c.To)}
	if c.Returns {
		q.Book = register.PatientReturns
	}
	for flag, given := range map[string]struct {
		text string
		day  nhs.Date
	}{"from": {c.From, q.From}, "to": {c.To, q.To}} {
		if given.text != "" && given.day.IsZero() {
			return q, fmt.Errorf("--%s: expected a day such as 2026-11-30, found %q", flag, given.text)
		}
	}
	if c.At != "" {
		if q.At, err = time.Parse(time.RFC3339, c.At); err != nil {
			return q, fmt.Errorf("--at: expected a time such as 2026-11-30T12:00:00Z, found %q", c.At)
		}
	}
	return q, nil
}

// answer is what the server that has the folder open answers, or what it would.
func (c *registerCommand) answer() (io.ReadCloser, error) {
	request, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	server, err := c.reach(c.Data)
	if err != nil {
		return nil, err
	}
	if server != nil {
		answer, err := server.post("register", nil, bytes.NewReader(request))
		if err != nil {
			return nil, err
		}
		return answer.Body, nil
	}
	if err := haveDatabase(c.Data, c.encryption); err != nil {
		return nil, err
	}
	app, err := openApp(appConfig{Data: c.Data, Key: c.encryption, Profiles: profileOptions{Policy: "r4"}}, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	ended, err := app.command("register " + string(request))
	if err == nil {
		err = ended(c.write(context.Background(), app.register, auth.Identity{Requester: commandRequester("register"), Scopes: auth.Full}, &out))
	}
	return io.NopCloser(&out), errors.Join(err, app.close())
}

// write prints the pages that the caller may read.
func (c *registerCommand) write(ctx context.Context, s *register.Service, who auth.Identity, w io.Writer) error {
	q, err := c.query()
	if err != nil {
		return err
	}
	if q.Org, err = s.Readable(who.Requester, q.Org); err != nil {
		return err
	}
	pages, err := s.Read(ctx, q)
	if err != nil {
		return err
	}
	if c.CSV || c.JSON {
		return pages.WriteCSV(w)
	}
	return pages.WriteText(w)
}

// register prints the register for a command.
func (a *admin) register(who auth.Identity, w http.ResponseWriter, r *http.Request) error {
	var c registerCommand
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		return err
	}
	return c.write(r.Context(), a.app.register, who, w)
}

// checkRegister adds what the register lacks, or has too much, to the findings of a
// check.
func checkRegister(ctx context.Context, db *store.DB, dictionary prescription.Dictionary, f *store.Findings) {
	known := registered{prescription.BuiltInMedicines.With(dictionary)}
	if err := register.Recount(ctx, db, known, func(text string) { f.Add(store.Finding{Text: text}) }); err != nil {
		f.Add(store.Finding{Text: "the controlled drugs register cannot be recounted: " + err.Error()})
	}
}

var _ register.History = (*store.DB)(nil)
