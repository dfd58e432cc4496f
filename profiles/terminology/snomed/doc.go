// Package snomed is SNOMED CT as a code system: it reads the snapshot of a
// release in Release Format 2 and answers about its concepts, their names, the
// is-a hierarchy at any depth, and simple reference sets, also by expressions
// of the Expression Constraint Language.
//
// Concepts are numbered in the order of their identifiers, and everything hangs
// on these numbers: names in one block of text, parents, children and all
// ancestors as runs of one array. See the RF2 specification
// (https://confluence.ihtsdotools.org/display/DOCRELFMT) and
// https://hl7.org/fhir/R4/snomedct.html.
package snomed
