package main

import (
	"context"
	"fmt"

	"github.com/pestle-fhir/pestle/fhir/fhirpath"
)

type fhirpathCommand struct {
	Expression string `arg:"" name:"expr" help:"FHIRPath expression."`
	File       string `arg:"" help:"Resource: JSON or XML, - for standard input."`
}

// Run prints the items that the expression selects, one a line: elements as
// JSON, computed values as text.
func (c *fhirpathCommand) Run(std streams) error {
	expr, err := fhirpath.Compile(c.Expression)
	if err != nil {
		return err
	}
	for d := range documents(c.File, std.in) {
		if d.err != nil {
			return d.err
		}
		r, err := decode(d)
		if err != nil {
			return err
		}
		env := &fhirpath.Env{Trace: func(name string, c fhirpath.Collection) {
			for _, item := range c {
				fmt.Fprintf(std.err, "trace %s: %s\n", name, item)
			}
		}}
		found, err := expr.Eval(context.Background(), fhirpath.ResourceItem(r), env)
		if err != nil {
			return err
		}
		for _, item := range found {
			if n := item.Node(); n.Exists() {
				fmt.Fprintf(std.out, "%s\n", n.Raw())
				continue
			}
			fmt.Fprintln(std.out, item)
		}
	}
	return nil
}
