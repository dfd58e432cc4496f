package nhs

import "github.com/pestle-fhir/pestle/fhir"

// EPS is a code of EPS-IssueCode with its display.
func EPS(code string) fhir.Coding { return Coding(CSEPSIssue, code) }

// Spine is a code of Spine-ErrorOrWarningCode, said in the words given.
func Spine(code, words string) fhir.Coding {
	return fhir.Coding{System: CSSpine, Code: code, Display: words}
}

// Facade is a code that the API in front of Spine answers with itself.
func Facade(code, words string) fhir.Coding {
	return fhir.Coding{System: CSFacade, Code: code, Display: words}
}
