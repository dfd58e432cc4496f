// Package r4 is FHIR R4 (4.0.1) as tables: types, elements, cardinalities,
// codes, invariants, search parameters, compartments and the extensions that
// the specification defines. The tables are generated from the published
// definitions and packed; they are unpacked once, when the program starts, and
// are from then on shared and must not be changed.
//
// A type is found by name ([TypeOf]), an element by the JSON property that
// holds it ([Type.Property]) or by its FHIRPath name ([Type.Element]).
package r4

//go:generate go run ../../internal/gen/r4 -out .
