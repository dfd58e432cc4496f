package fhirpath

import (
	"context"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// Env is what an evaluation may use besides its focus. The zero Env works: it
// has no ports and takes the resources from the place of the focus in its tree.
type Env struct {
	// Resource is %resource. Zero: the innermost resource around the focus.
	Resource Item
	// Root is %rootResource. Zero: the container of a contained %resource,
	// else %resource itself.
	Root Item

	Resolver    Resolver    // resolve() beyond the resource and its Bundle
	Terminology Terminology // memberOf(), subsumes(), subsumedBy()
	Profiles    Profiles    // conformsTo(), slice()
	// HTMLChecks answers htmlChecks() on an XHTML div. Nil: the function
	// answers nothing.
	HTMLChecks func(xhtml string) bool

	// JSONNames lets an expression name a choice as JSON does, valueQuantity for
	// value.ofType(Quantity). FHIRPath has no such names, but the invariants of
	// published profiles use them.
	JSONNames bool

	// Vars are further %variables, without the percent sign.
	Vars map[string]Collection
	// Now is the moment that now(), today() and timeOfDay() give, in its own
	// zone. Zero: the time of the machine when the evaluation began.
	Now time.Time
	// MaxSteps bounds the work: a step is the evaluation of one part of the
	// expression, or one item that is looked at. Zero: DefaultMaxSteps.
	MaxSteps int
	// Trace receives what trace() is given. Nil: it is dropped.
	Trace func(name string, c Collection)
}

// DefaultMaxSteps is the bound on work when [Env.MaxSteps] is zero: enough for
// the R4 invariants on Bundles of tens of thousands of entries, and a second or
// two of one processor. Expressions from outside deserve a smaller one: it
// bounds memory too, by some 100 bytes a step.
const DefaultMaxSteps = 10_000_000

// Resolver finds the resource that a reference points to, when it is neither
// contained nor in the Bundle around the focus.
type Resolver interface {
	// Resolve gives the resource for a literal reference as it stands in
	// Reference.reference or a canonical or uri element; the zero Item when
	// there is none. [TypeItem] serves where only the type is known.
	Resolve(ctx context.Context, reference string, from Item) (Item, error)
}

// Terminology answers questions on codes.
type Terminology interface {
	// MemberOf reports whether any of the codings is in the value set. A
	// plain code comes with an empty System. Known is false when the value set
	// cannot be decided.
	MemberOf(ctx context.Context, valueSet string, codings []fhir.Coding) (member, known bool, err error)
	// Subsumes reports whether code a subsumes code b or is the same.
	Subsumes(ctx context.Context, system, a, b string) (subsumes, known bool, err error)
}

// Profiles answers questions on StructureDefinitions.
type Profiles interface {
	// ConformsTo reports whether the item is valid against the profile with
	// that canonical. Known is false when there is no such profile.
	ConformsTo(ctx context.Context, item Item, profile string) (conforms, known bool, err error)
	// InSlice reports whether the item belongs to the named slice of the
	// element that it is an instance of, in the structure with that canonical.
	InSlice(ctx context.Context, item Item, structure, slice string) (member, known bool, err error)
}
