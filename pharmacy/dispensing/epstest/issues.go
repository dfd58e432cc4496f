package epstest

import (
	"errors"

	"github.com/pestle-fhir/pestle/fhir"
)

// RulesOf are the rule ids of an error, in their order.
func RulesOf(err error) []string {
	var e *fhir.Error
	if !errors.As(err, &e) {
		return nil
	}
	var list []string
	for _, i := range e.Issues {
		list = append(list, i.Rule)
	}
	return list
}

// DetailsOf are the codes of the details of an error, in their order.
func DetailsOf(err error) []string {
	var e *fhir.Error
	if !errors.As(err, &e) {
		return nil
	}
	var list []string
	for _, i := range e.Issues {
		list = append(list, i.Details.Code)
	}
	return list
}
