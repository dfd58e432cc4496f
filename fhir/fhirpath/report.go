package fhirpath

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// Report evaluates an expression on a resource and writes what came of it for
// a person to read: first what the check has against it and what trace() was
// given, then a line for every item of the result with its type, its value and
// the place where it stands. The error is that of [Compile] or [Expr.Eval].
func Report(ctx context.Context, w io.Writer, src string, r *fhir.Resource, now time.Time) error {
	e, err := Compile(src)
	if err != nil {
		return err
	}
	for _, i := range e.Check(r.Type()) {
		if _, err := fmt.Fprintf(w, "# check: %s at %d:%d: %s\n", i.Severity, i.Position.Line, i.Position.Column, i.Text()); err != nil {
			return err
		}
	}
	var traced strings.Builder
	env := Env{Now: now, Trace: func(name string, c Collection) {
		fmt.Fprintf(&traced, "# trace %s: %d items\n", name, len(c))
		for i := range c {
			traced.WriteString("#   " + c[i].line() + "\n")
		}
	}}
	found, err := e.Eval(ctx, ResourceItem(r), &env)
	if err != nil {
		return err
	}
	for i := range found {
		traced.WriteString(found[i].line() + "\n")
	}
	if len(found) == 0 {
		traced.WriteString("# empty\n")
	}
	_, err = io.WriteString(w, traced.String())
	return err
}

// line is an item with its type and place, on one line.
func (it *Item) line() string {
	const limit = 200
	text := strings.Join(strings.Fields(it.String()), " ")
	if it.kind == shadow {
		text = "no value: " + strings.Join(strings.Fields(string(it.node.Raw())), " ")
	}
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	name := it.Type()
	if name == "" {
		name = "?"
	}
	n := it.Node()
	if !n.Exists() {
		return name + "\t" + text
	}
	p := n.Position()
	return fmt.Sprintf("%s\t%s\t%s (%d:%d)", name, text, n.Expression(), p.Line, p.Column)
}
