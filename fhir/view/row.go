package view

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/fhirpath"
)

// Row has the values of each column, none for null.
type Row []fhirpath.Collection

// Bounds of what one resource may cost.
const (
	maxRows  = 100_000
	maxSteps = 1_000_000 // of one evaluation
)

// Runner makes the rows of resources, one after the other. It serves one goroutine.
type Runner struct {
	view *View
	env  fhirpath.Env
	vars map[string]fhirpath.Collection
	row  Row
	rows int // of the resource
}

// Runner begins to make rows, with the time that now() has.
func (v *View) Runner(now time.Time) *Runner {
	r := &Runner{view: v, vars: maps.Clone(v.constants), row: make(Row, len(v.Columns))}
	r.env = fhirpath.Env{Vars: r.vars, Now: now, MaxSteps: maxSteps}
	return r
}

// Rows calls emit with each row of a resource, which is valid during the call. A resource
// of another type has none. The error is an [*fhir.Error], or that of emit.
func (r *Runner) Rows(ctx context.Context, resource *fhir.Resource, emit func(Row) error) error {
	if resource.Type() != r.view.Resource {
		return nil
	}
	focus := fhirpath.ResourceItem(resource)
	r.rows = 0
	for _, w := range r.view.where {
		ok, err := r.holds(ctx, w, focus)
		if err != nil || !ok {
			return about(err, resource)
		}
	}
	clear(r.row)
	err := r.join(ctx, r.view.selects, focus, 0, func() error {
		if r.rows++; r.rows > maxRows {
			return fhir.E("view", fhir.TooCostly, fhir.Issue{Rule: "view", Message: "One resource has too many rows.", Expected: fmt.Sprintf("at most %d", maxRows), Fix: "Select lists in views of their own: selects beside each other are joined each row with each."})
		}
		return emit(r.row)
	})
	return about(err, resource)
}

// about names the resource in an error of an expression.
func about(err error, r *fhir.Resource) error {
	e, ok := err.(*fhir.Error) //nolint:errorlint // those of emit are passed on as they are
	if !ok || len(e.Issues) == 0 {
		return err
	}
	named := *e
	named.Issues = append([]fhir.Issue(nil), e.Issues...)
	named.Issues[0].Message += " This is about " + r.Type() + "/" + r.ID() + "."
	return &named
}

func (r *Runner) eval(ctx context.Context, e *fhirpath.Expr, focus fhirpath.Item, index int) (fhirpath.Collection, error) {
	r.vars["rowIndex"] = fhirpath.Collection{fhirpath.IntegerItem(index)}
	return e.Eval(ctx, focus, &r.env)
}

// holds reports whether a condition is true.
func (r *Runner) holds(ctx context.Context, e *fhirpath.Expr, focus fhirpath.Item) (bool, error) {
	found, err := r.eval(ctx, e, focus, 0)
	if err != nil || len(found) == 0 {
		return false, err
	}
	ok, is := found[0].Bool()
	if len(found) > 1 || !is {
		return false, fhir.E("view", fhir.Processing, fhir.Issue{Rule: "view", Message: "A condition of the view is not true or false.", Expected: "a boolean", Found: e.String()})
	}
	return ok, nil
}

// join joins the rows of selects, each with each.
func (r *Runner) join(ctx context.Context, selects []*selection, focus fhirpath.Item, index int, then func() error) error {
	if len(selects) == 0 {
		return then()
	}
	return r.each(ctx, selects[0], focus, index, func() error {
		return r.join(ctx, selects[1:], focus, index, then)
	})
}

// each puts each row of a select into the row and calls then.
func (r *Runner) each(ctx context.Context, s *selection, focus fhirpath.Item, index int, then func() error) error {
	at := func(focus fhirpath.Item, index int) error { return r.fill(ctx, s, focus, index, then) }
	switch {
	case s.iterate == nil:
		return at(focus, index)
	case s.repeat:
		n := 0
		return r.repeat(ctx, s, focus, index, &n, 0, at)
	}
	found, err := r.eval(ctx, s.iterate[0], focus, index)
	if err != nil {
		return err
	}
	if len(found) == 0 && s.orNull {
		return at(fhirpath.Item{}, 0)
	}
	for i, item := range found {
		if err := at(item, i); err != nil {
			return err
		}
	}
	return nil
}

// repeat visits what the paths lead to, and what they lead to from there: each item
// before those below it.
func (r *Runner) repeat(ctx context.Context, s *selection, focus fhirpath.Item, index int, n *int, depth int, at func(fhirpath.Item, int) error) error {
	if depth > maxNested*4 {
		return fhir.E("view", fhir.TooCostly, fhir.Issue{Rule: "view", Message: "A path of repeat leads on without an end.", Found: s.iterate[0].String()})
	}
	for _, path := range s.iterate {
		found, err := r.eval(ctx, path, focus, index)
		if err != nil {
			return err
		}
		for _, item := range found {
			place := *n
			*n++
			if err := at(item, place); err != nil {
				return err
			}
			if err := r.repeat(ctx, s, item, place, n, depth+1, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// fill fills the columns of a select at one item.
func (r *Runner) fill(ctx context.Context, s *selection, focus fhirpath.Item, index int, then func() error) error {
	for i := range s.columns {
		c := &s.columns[i]
		found, err := r.eval(ctx, c.path, focus, index)
		if err != nil {
			return err
		}
		if len(found) > 1 && !c.collection {
			return fhir.E("view", fhir.Processing, fhir.Issue{Rule: "view", Message: fmt.Sprintf("The column %s has %d values in one row.", c.name, len(found)), Expected: "one value, or none",
				Fix: "Select one of them, such as with first(), have a row for each with forEach, or say that the column is a collection."})
		}
		r.row[c.at] = found
	}
	return r.join(ctx, s.selects, focus, index, func() error {
		if len(s.unionAll) == 0 {
			return then()
		}
		for _, branch := range s.unionAll {
			if err := r.each(ctx, branch, focus, index, then); err != nil {
				return err
			}
		}
		return nil
	})
}
