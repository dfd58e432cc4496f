package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
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
func (c *tariffLoad) Run(std streams) error {
	var month tariff.Month
	if c.Month != "" {
		var err error
		if month, err = tariff.ParseMonth(c.Month); err != nil {
			return err
		}
	}
	said := url.Values{"kind": {c.Kind}, "month": {strconv.Itoa(int(month))}}
	return loadTariff.files("tariff load", c.Files, said, c.Data, c.remote, c.encryption, std, func(name string, l *reimbursement.Loaded, err error) { c.report(name, l, err, std) })
}

// loadTariff loads a file of the tariff.
var loadTariff = fileLoad[reimbursement.Loaded](func(ctx context.Context, a *app, said url.Values, data []byte, who fhir.Principal) (*reimbursement.Loaded, error) {
	month, err := strconv.Atoi(said.Get("month"))
	if err != nil {
		return nil, err
	}
	return a.reimbursement.LoadTariff(ctx, reimbursement.File{Name: said.Get("name"), Kind: tariff.Kind(said.Get("kind")), Month: tariff.Month(month), Data: data}, who)
})

func (c *tariffLoad) report(name string, l *reimbursement.Loaded, err error, std streams) {
	if c.JSON {
		c.figures(name, l, err, std)
		return
	}
	if notLoaded(name, err, std) {
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
