// Package prices holds what a private supply costs: price lists and terms by
// clinic and day, the rates of VAT by kind and day, and the arithmetic from these
// to pounds and pence. It knows values alone, and no FHIR resources.
//
// # Money
//
// Every amount is whole pence. A line is rounded once for each of its parts and
// once for the VAT of each part, by the rule that the terms name; every total is
// a sum of lines, so that an invoice is the sum of what it shows.
package prices
