package profiles

import (
	"context"
	"sync"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// MaxIssues bounds how many issues are reported of one resource; the last one
// then says how many more there were.
const MaxIssues = 500

// Validator checks resources. It is safe for concurrent use and keeps what it
// compiles; make one for the life of the program.
type Validator struct {
	mu     sync.Mutex
	shapes map[string]*shape
}

// New makes a validator of base R4.
func New() *Validator {
	return &Validator{shapes: make(map[string]*shape, 256)}
}

// Validate gives every issue of the resource, ordered by place. None of them
// being an error means that the resource is valid. A context that ends stops
// the work with an issue that says so.
func (v *Validator) Validate(ctx context.Context, r *fhir.Resource, profiles ...string) []fhir.Issue {
	w := walk{ctx: ctx, v: v, r: r}
	w.resource(r.Root(), nil)
	return w.result()
}

// Structure gives the issues of form alone: elements, cardinality, types,
// formats, codes and reference targets, but no invariants and no rules that
// look at several elements.
func (v *Validator) Structure(ctx context.Context, r *fhir.Resource) []fhir.Issue {
	w := walk{ctx: ctx, v: v, r: r, formOnly: true}
	w.resource(r.Root(), nil)
	return w.result()
}

// shapeOf is the compiled form of a type.
func (v *Validator) shapeOf(t *r4.Type) *shape {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.shapes[t.Name]
	if s == nil {
		s = &shape{typ: t}
		v.shapes[t.Name] = s
	}
	return s
}
