// Package snapshot works out the whole element list of a profile from its
// differential and what it is based on: the R4 tables, other profiles, and the
// profiles of the data types and extensions it uses.
//
// It works on trees rather than on the flat lists: a differential constrains
// nodes of the base's tree, and a part of the tree is unfolded - from a type, a
// profiled type, an extension or a content reference - when a differential
// reaches into it. See https://hl7.org/fhir/R4/profiling.html and
// https://hl7.org/fhir/R4/elementdefinition.html.
package snapshot
