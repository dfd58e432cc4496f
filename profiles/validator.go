package profiles

import (
	"context"
	"sync"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// Definitions finds conformance resources by canonical URL: the Questionnaire
// of a response, the StructureDefinition of an extension, a Measure.
type Definitions interface {
	// Resource gives the resource of a type with that canonical, which may end
	// in |version; nil when it is not known.
	Resource(ctx context.Context, typ, canonical string) *fhir.Resource
}

// Validator checks resources. It is safe for concurrent use and keeps what it
// compiles; make one for the life of the program.
type Validator struct {
	definitions  Definitions
	library      *Library
	bestPractice bool
	refuseHTML   bool

	shapes sync.Map // *r4.Type -> *shape
}

// Option changes what a validator does.
type Option func(*Validator)

// WithDefinitions lets the validator look up what resources refer to. Without
// it, such references are not followed.
func WithDefinitions(d Definitions) Option { return func(v *Validator) { v.definitions = d } }

// WithBestPractice adds the warnings that the specification marks as best
// practice: dom-6, that a resource should have a narrative.
func WithBestPractice() Option { return func(v *Validator) { v.bestPractice = true } }

// RefuseHTML makes it an error when a string or markdown holds what a browser
// would take for a tag.
func RefuseHTML() Option { return func(v *Validator) { v.refuseHTML = true } }

// New makes a validator of base R4.
func New(options ...Option) *Validator {
	v := &Validator{}
	for _, o := range options {
		o(v)
	}
	return v
}

// Validate returns the issues of the resource, ordered by place. None of them
// being an error means that the resource is valid: where there are more than
// [fhir.MaxListed], those that are not listed are counted by severity. A context that ends stops
// the work with an issue that says so.
func (v *Validator) Validate(ctx context.Context, r *fhir.Resource, profiles ...string) []fhir.Issue {
	w := walk{ctx: ctx, now: fhir.MomentOf(ctx), v: v, r: r, asked: profiles}
	w.resource(r.Root(), nil)
	return w.result()
}

// Structure gives the issues of form alone: elements, cardinality, types,
// formats, codes and reference targets, but no invariants and no rules that
// look at several elements.
func (v *Validator) Structure(ctx context.Context, r *fhir.Resource) []fhir.Issue {
	w := walk{ctx: ctx, now: fhir.MomentOf(ctx), v: v, r: r, formOnly: true}
	w.resource(r.Root(), nil)
	return w.result()
}

// shapeOf is the compiled form of a type.
func (v *Validator) shapeOf(t *r4.Type) *shape {
	if s, ok := v.shapes.Load(t); ok {
		return s.(*shape)
	}
	s, _ := v.shapes.LoadOrStore(t, &shape{typ: t})
	return s.(*shape)
}

// definition looks up a canonical; nil when it is not known.
func (w *walk) definition(typ, canonical string) *fhir.Resource {
	if w.v.definitions == nil || canonical == "" {
		return nil
	}
	return w.v.definitions.Resource(w.ctx, typ, canonical)
}
