package main

import (
	"context"
	"fmt"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/fhirpath"
)

type fhirpathCommand struct {
	Expression string `arg:"" name:"expr" help:"FHIRPath expression."`
	File       string `arg:"" help:"Resource: JSON or XML, - for standard input."`
	Explain    bool   `short:"x" help:"Say also the type and place of each item, what is traced, and what the expression gets wrong."`
}

// Run prints the items that the expression selects, one a line: values as text,
// elements as JSON.
func (c *fhirpathCommand) Run(std streams) error {
	for d := range documents(c.File, std.in, nil) {
		if d.err != nil {
			return d.err
		}
		r, err := decode(d)
		if err != nil {
			return err
		}
		if c.Explain {
			err = fhirpath.Report(context.Background(), std.out, c.Expression, r, time.Now())
		} else {
			err = c.print(r, std)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *fhirpathCommand) print(r *fhir.Resource, std streams) error {
	expr, err := fhirpath.Compile(c.Expression)
	if err != nil {
		return err
	}
	found, err := expr.Eval(context.Background(), fhirpath.ResourceItem(r), nil)
	for _, item := range found {
		fmt.Fprintln(std.out, item)
	}
	return err
}
