package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"path/filepath"
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

type tariffCommand struct {
	Load      tariffLoad      `cmd:"" help:"Load a file of the Drug Tariff: Part VIIIA, concessions, fees, exemptions."`
	List      tariffList      `cmd:"" help:"List the files of the tariff that are loaded."`
	Reconcile tariffReconcile `cmd:"" help:"Find the packs of price concessions that are announced by name."`
}

type tariffLoad struct {
	Files []string `arg:"" name:"file" help:"CSV files as NHSBSA publishes them, or in the formats of docs/tariff.md."`
	Month string   `placeholder:"2026-11" help:"Month of the edition, where neither title nor file name says it."`
	Kind  string   `help:"What the file is, where its columns do not tell."`
	Data  string   `env:"PESTLE_DATA" placeholder:"DIR" help:"Folder of the database, made where there is none; a server may have it open."`
	JSON  bool     `name:"json" help:"Print what became of each file as a line of JSON."`

	remote     `embed:""`
	encryption `embed:""`
}

// Help is shown by --help.
func (tariffLoad) Help() string {
	return `Exit code 1: at least one file has mistakes, and nothing of it is stored; the others are.

Example: pestle tariff load --data db "Part VIIIA Nov 26.csv"`
}

// Run loads files; one that has mistakes is refused as a whole, with all of
// them named by line and column.
func (c *tariffLoad) Run(std streams) (err error) {
	if err := askData("tariff load", c.Data, c.remote); err != nil {
		return err
	}
	var month tariff.Month
	if c.Month != "" {
		var err error
		if month, err = tariff.ParseMonth(c.Month); err != nil {
			return err
		}
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
		loaded, err := load(reimbursement.File{Name: filepath.Base(name), Kind: tariff.Kind(c.Kind), Month: month, Data: data})
		failed = failed || err != nil
		c.report(name, loaded, err, std)
	}
	if failed {
		return errSilent
	}
	return nil
}

// loader loads a file: in the server that has the folder open, or in the folder.
func (c *tariffLoad) loader() (load func(reimbursement.File) (*reimbursement.Loaded, error), done ending, err error) {
	server, err := c.reach(c.Data)
	if err != nil {
		return nil, nil, err
	}
	if server != nil {
		return server.tariff, unended, nil
	}
	app, err := openApp(appConfig{Data: c.Data, Key: c.encryption, Profiles: profileOptions{Policy: "r4"}}, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, nil, err
	}
	ended, err := app.command("tariff load")
	if err != nil {
		return nil, nil, errors.Join(err, app.close())
	}
	return func(f reimbursement.File) (*reimbursement.Loaded, error) {
		return app.reimbursement.LoadTariff(context.Background(), f, commandRequester("tariff load"))
	}, func(err error) error { return errors.Join(ended(err), app.close()) }, nil
}

// tariff loads a file in the server.
func (a *administration) tariff(f reimbursement.File) (*reimbursement.Loaded, error) {
	q := url.Values{"name": {f.Name}, "kind": {string(f.Kind)}, "month": {strconv.Itoa(int(f.Month))}}
	answer, err := a.post("tariff", q, bytes.NewReader(f.Data))
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	var loaded tariffAnswer
	if err := json.NewDecoder(answer.Body).Decode(&loaded); err != nil {
		return nil, err
	}
	if len(loaded.Issues) > 0 {
		return nil, &fhir.Error{Op: "tariff load", Kind: fhir.Invalid, Issues: loaded.Issues}
	}
	return loaded.Loaded, nil
}

func (c *tariffLoad) report(name string, l *reimbursement.Loaded, err error, std streams) {
	if c.JSON {
		c.figures(name, l, err, std)
		return
	}
	if e := (*fhir.Error)(nil); errors.As(err, &e) {
		for _, i := range e.Issues {
			fmt.Fprintln(std.err, issueLine(name, i))
		}
		return
	}
	if err != nil {
		fmt.Fprintf(std.err, "%s: %v\n", name, err)
		return
	}
	for _, i := range l.Warnings {
		fmt.Fprintln(std.err, issueLine(name, i))
	}
	what := string(l.Kind)
	if l.Month != 0 {
		what += " of " + l.Month.String()
	}
	if l.Unchanged {
		what += ", unchanged"
	}
	fmt.Fprintf(std.out, "%s: %s, %d rows, %s\n", name, what, l.Rows, l.Ref)
}

// figures prints what became of a file for a program.
func (c *tariffLoad) figures(name string, l *reimbursement.Loaded, err error, std streams) {
	line := map[string]any{"file": name, "stored": err == nil}
	var issues []fhir.Issue
	if e := (*fhir.Error)(nil); errors.As(err, &e) {
		issues = e.Issues
	} else if err != nil {
		line["error"] = err.Error()
	} else {
		line["kind"], line["rows"], line["ref"], line["unchanged"], issues = l.Kind, l.Rows, l.Ref, l.Unchanged, l.Warnings
		if l.Month != 0 {
			line["month"] = l.Month.String()
		}
	}
	lines := []string{}
	for _, i := range issues {
		lines = append(lines, issueLine(name, i))
	}
	line["issues"] = lines
	_ = printJSON(std, line)
}
