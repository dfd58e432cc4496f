// Package ucum reads units of the Unified Code for Units of Measure (case
// sensitive variant), brings them into canonical form, and compares and
// converts amounts. Factors are exact rational numbers; only the logarithmic
// and angular units (pH, B, Np, [p'diop] …) go through floating point.
//
// The codes and values are facts from the UCUM essence table, which is
// Copyright Regenstrief Institute and the UCUM Organization; see
// https://ucum.org/license for its terms.
package ucum

//go:generate go run ../../internal/gen/ucum -out table_gen.go
