// Package fsh reads FHIR Shorthand and turns it into definitions.
//
// The subset, by the FHIR Shorthand specification (hl7.org/fhir/uv/shorthand):
//
//   - Alias, Profile, Extension, Invariant, RuleSet (with parameters), ValueSet,
//     CodeSystem; Parent, Id, Title, Description, Severity, Expression, XPath,
//     Context.
//   - On profiles and extensions: cardinality and flags (MS SU ?! N TU D), from,
//     only (with Reference and Canonical), =, contains (named, with cardinality
//     and flags), obeys, caret rules, insert. Paths take slices in brackets.
//   - In value sets: include and exclude, codes from system and valueset, where
//     filters, single concepts. In code systems: concepts with display and
//     definition, nested by code lists, and caret rules for properties.
//   - Comments // and /* */, strings and """ blocks """.
//
// Anything else - Instance, Logical, Resource, Mapping, path contexts by
// indentation - is an error with file, line and column.
package fsh
