package clinical

import (
	_ "embed"
	"net/url"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

//go:embed conditions.tsv
var conditionsTSV string

//go:embed measures.tsv
var measuresTSV string

// condition is a row of conditions.tsv.
type condition struct {
	name                 string
	codes, words, except []string
}

var conditions = func() (out []condition) {
	for _, cells := range rows(conditionsTSV) {
		out = append(out, condition{cells[0], list(cells[1]), list(cells[2]), list(cells[3])})
	}
	return out
}()

// conditionsOf are the conditions that codes and names say.
func conditionsOf(codes []fhir.Coding) (out []string) {
	for _, c := range conditions {
		if slices.ContainsFunc(codes, c.is) {
			out = append(out, c.name)
		}
	}
	return out
}

func (c condition) is(code fhir.Coding) bool {
	if code.Code != "" && slices.Contains(c.codes, code.Code) {
		return true
	}
	name := strings.ToLower(code.Display)
	said := func(w string) bool { return strings.Contains(name, w) }
	return slices.ContainsFunc(c.words, said) && !slices.ContainsFunc(c.except, said)
}

// measures are the codes of measures.tsv, by system and code.
var measures = func() map[fhir.Coding]string {
	out := map[fhir.Coding]string{}
	for _, cells := range rows(measuresTSV) {
		for _, code := range list(cells[2]) {
			out[fhir.Coding{System: cells[1], Code: code}] = cells[0]
		}
	}
	return out
}()

// measureQueries find the Observations of a measure.
var measureQueries = func() map[string]string {
	out := map[string]string{}
	for _, cells := range rows(measuresTSV) {
		for _, code := range list(cells[2]) {
			if q := url.QueryEscape(cells[1] + "|" + code); out[cells[0]] == "" {
				out[cells[0]] = "combo-code=" + q
			} else {
				out[cells[0]] += "," + q
			}
		}
	}
	return out
}()

// MeasureOf returns the name that the rules have for what an Observation measures, by
// its code; "" where they know none.
func MeasureOf(code fhir.Coding) string {
	return measures[fhir.Coding{System: code.System, Code: code.Code}]
}
