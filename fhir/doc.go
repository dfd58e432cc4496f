// Package fhir is the FHIR R4 vocabulary that every other package speaks: a
// [Resource] is JSON bytes with a parsed tree over them, a [Version] is one
// stored state of a resource, a [Change] asks for a write, an [Issue] says what
// is wrong with an input and an [Error] carries issues to the caller.
//
// The package imports nothing else of this module and knows neither HTTP nor
// storage: it holds the types in which the packages that do meet each other.
package fhir
