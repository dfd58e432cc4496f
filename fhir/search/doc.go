// Package search is FHIR search without a database: it turns a resource into
// index entries ([Extract]) and a query string into a [Query] over such
// entries ([Parse]). Both sides are driven by the R4 search parameters of
// fhir/r4, for every resource type alike.
//
// # How an index serves a query
//
// An [Entry] is a parameter's name and a key: bytes that sort as the values
// do. No key of a parameter is a prefix of another key of that parameter, so
// a store may put a resource id and a validity behind it and still scan by
// value. A [Clause] names a parameter and ranges of keys; a resource meets the
// clause when one of its entries lies in one of them (and passes Match, where
// there is one). A query is met when all its clauses are.
//
// Two parameters are the store's to add, since their values are given in the
// commit: [LastUpdated], with [InstantKey] of the time of the version that
// stands, and [Every], with [EveryKey], which each undeleted resource has. The
// clauses and sort orders of a query refer to both. A clause on [ID] is no
// index range: it lists logical ids, for the store to look up.
//
// Specification: https://hl7.org/fhir/R4/search.html
package search
