// Package fhirpath evaluates FHIRPath (normative release 2.0.0, with the
// functions that FHIR R4 adds and the widely used ones of release 3) over the
// tree of a [fhir.Resource]. Types come from the R4 tables of package r4.
//
// An expression is compiled once and may then be used by any number of
// goroutines:
//
//	e, err := fhirpath.Compile("name.where(use = 'official').given")
//	found, err := e.Eval(ctx, fhirpath.ResourceItem(patient), nil)
//
// What the engine cannot know by itself (other resources, terminology,
// profiles) it asks for through the small ports of [Env]. Work is bounded by
// [Env.MaxSteps] and by the context, so that expressions may come from outside.
package fhirpath
