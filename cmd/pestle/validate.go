package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/xml"
	"github.com/pestle-fhir/pestle/profiles"
)

// validateCommand holds resources to what a server with the same options holds
// them to.
type validateCommand struct {
	Files   []string `arg:"" name:"file" help:"Files, folders, or - for standard input: JSON, XML or NDJSON, also .gz and .bz2."`
	Profile []string `help:"Canonical URL of a profile to hold the resources to, besides those they name." placeholder:"URL"`

	profileOptions `embed:""`

	Format string `enum:"text,json,sarif" default:"text" help:"How to print the issues: text, json (OperationOutcomes, a line each) or sarif."`
}

// Run validates every resource and exits with 1 where there is an error.
func (c *validateCommand) Run(std streams) error {
	files, err := expand(c.Files)
	if err != nil {
		return err
	}
	library, err := c.library()
	if err != nil {
		return err
	}
	if err := c.load(library.Terminology()); err != nil {
		return err
	}
	v := profiles.New(profiles.WithLibrary(library), profiles.WithDefinitions(formsGiven{library}))
	report := newReport(c.Format, std)
	for _, file := range files {
		for d := range documents(file, std.in, nil) {
			report.add(d, c.check(v, d))
		}
	}
	if err := report.finish(); err != nil {
		return err
	}
	if report.errors > 0 {
		return errSilent
	}
	return nil
}

func (c *validateCommand) check(v *profiles.Validator, d document) []fhir.Issue {
	if d.err != nil {
		return []fhir.Issue{{Severity: fhir.Fatal, Code: fhir.Exception, Message: "The file cannot be read.", Found: d.err.Error()}}
	}
	r, err := decode(d)
	var issues []fhir.Issue
	if e := (*fhir.Error)(nil); errors.As(err, &e) {
		issues = e.Issues
	} else if err != nil {
		issues = []fhir.Issue{{Severity: fhir.Fatal, Code: fhir.Exception, Message: err.Error()}}
	}
	if r != nil {
		issues = append(issues, v.Validate(context.Background(), r, c.Profile...)...)
	}
	if d.line > 0 {
		for i := range issues {
			if !issues[i].Position.IsZero() {
				issues[i].Position.Line += d.line - 1
			}
		}
	}
	return fhir.Listed(issues)
}

func decode(d document) (*fhir.Resource, error) {
	if d.xml {
		return xml.Decode(d.data)
	}
	return fhir.Parse(d.data)
}

// report prints issues in one of the formats.
type report struct {
	format    string
	std       streams
	resources int
	errors    int
	warnings  int
	results   []any // of SARIF
}

func newReport(format string, std streams) *report { return &report{format: format, std: std} }

func (p *report) add(d document, issues []fhir.Issue) {
	p.resources++
	for _, i := range issues {
		switch {
		case i.IsError():
			p.errors += i.Count()
		case i.Severity == fhir.Warning:
			p.warnings += i.Count()
		}
	}
	switch p.format {
	case "json":
		if len(issues) == 0 { // an OperationOutcome has at least one issue
			issues = []fhir.Issue{{Severity: fhir.Information, Code: fhir.Informational, Message: "The resource is valid."}}
		}
		fmt.Fprintf(p.std.out, "%s\n", fhir.Outcome(issues).JSON())
	case "sarif":
		for _, i := range issues {
			p.results = append(p.results, sarif(d.name, i))
		}
	default:
		for _, i := range issues {
			p.print(d, i)
		}
	}
}

var colours = map[fhir.Severity]string{fhir.Fatal: "31", fhir.Err: "31", fhir.Warning: "33", fhir.Information: "36"}

// print writes an issue; on a terminal in colour, with the line of the source
// and a caret under the place.
func (p *report) print(d document, i fhir.Issue) {
	line := issueLine(d.name, i)
	if !p.std.colour {
		fmt.Fprintln(p.std.out, line)
		return
	}
	fmt.Fprintf(p.std.out, "\x1b[%sm%s\x1b[0m\n", colours[i.Severity], line)
	lines := strings.Split(string(d.data), "\n")
	if n := i.Position.Line - max(0, d.line-1); n >= 1 && n <= len(lines) {
		text := []rune(strings.TrimRight(lines[n-1], "\r"))
		at := min(i.Position.Column-1, len(text))
		from := max(0, at-60)
		to := min(len(text), at+60)
		shown := strings.ReplaceAll(string(text[from:to]), "\t", " ")
		fmt.Fprintf(p.std.out, "  %s\n  %s^\n", shown, strings.Repeat(" ", at-from))
	}
}

func (p *report) finish() error {
	switch p.format {
	case "sarif":
		return json.NewEncoder(p.std.out).Encode(map[string]any{
			"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
			"runs": []any{map[string]any{
				"tool":    map[string]any{"driver": map[string]any{"name": "pestle", "version": version(), "informationUri": "https://github.com/pestle-fhir/pestle"}},
				"results": append([]any{}, p.results...),
			}},
		})
	case "text":
		fmt.Fprintf(p.std.out, "%s, %s, %s\n", count(p.resources, "resource"), count(p.errors, "error"), count(p.warnings, "warning"))
	}
	return nil
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

var sarifLevels = map[fhir.Severity]string{fhir.Fatal: "error", fhir.Err: "error", fhir.Warning: "warning", fhir.Information: "note"}

func sarif(file string, i fhir.Issue) any {
	place := map[string]any{"physicalLocation": map[string]any{
		"artifactLocation": map[string]any{"uri": file},
		"region":           map[string]any{"startLine": max(1, i.Position.Line), "startColumn": max(1, i.Position.Column)},
	}}
	if i.Expression != "" {
		place["logicalLocations"] = []any{map[string]any{"fullyQualifiedName": i.Expression}}
	}
	rule := i.Rule
	if rule == "" {
		rule = string(i.Code)
	}
	return map[string]any{"ruleId": rule, "level": sarifLevels[i.Severity], "message": map[string]any{"text": i.Text()}, "locations": []any{place}}
}
