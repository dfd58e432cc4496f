package message

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// trackerIDs are the parameters by which a prescription is tracked, with the
// identifier system of each.
var trackerIDs = map[string]string{
	"identifier":         nhs.IDOrder,
	"focus:identifier":   nhs.IDOrder,
	"patient:identifier": nhs.IDNHS,
}

var trackerDate = regexp.MustCompile(`^(eq|le|ge)\d{4}-\d{2}-\d{2}$`)

// CheckTracker checks a prescription tracker's query, GET Task?…, as the EPS
// API does. A server that offers the EPS base address calls it there; on plain
// FHIR addresses Task is searched like any resource.
func CheckTracker(query url.Values) error {
	issues := Examine(query, trackerRules)
	if !fhir.HasErrors(issues) {
		return nil
	}
	return &fhir.Error{Op: "track", Kind: fhir.Invalid, Issues: issues}
}

var trackerRules = []Rule[url.Values]{
	{"Q1", trackedBySomething},
	{"Q2", oneOfEach},
	{"Q3", trackerSystems},
	{"Q4", trackerDates},
	{"Q5", trackedNumber},
}

func about(f *Findings, name string, issue fhir.Issue) {
	issue.Expression = "http." + strings.ReplaceAll(name, ":", "_")
	f.At(node{}, issue)
}

// Q1: a query names a prescription or a patient.
func trackedBySomething(q url.Values, f *Findings) {
	for name := range trackerIDs {
		if q.Has(name) {
			return
		}
	}
	f.At(node{}, fhir.Issue{Code: fhir.Invalid, Message: "Query parameter must be one of: identifier, focus:identifier, patient:identifier."})
}

// Q2: each parameter once, but for dates, which may bound a range.
func oneOfEach(q url.Values, f *Findings) {
	for _, name := range names(q) {
		if len(q[name]) > 1 && name != "authored-on" {
			about(f, name, fhir.Issue{Code: fhir.Invalid, Message: "The query parameter " + name + " is given more than once.", Expected: "one value", Found: strings.Join(q[name], ", ")})
		}
	}
}

// Q3: identifiers are of the system that belongs to the parameter.
func trackerSystems(q url.Values, f *Findings) {
	for _, name := range names(q) {
		want, isToken := trackerIDs[name]
		system, _, hasSystem := strings.Cut(q.Get(name), "|")
		if isToken && hasSystem && system != want {
			about(f, name, fhir.Issue{Code: fhir.ValueCode, Message: "The identifier of " + name + " is of another system.", Expected: want, Found: system})
		}
	}
}

// Q4: dates are days, compared with eq, le or ge.
func trackerDates(q url.Values, f *Findings) {
	for _, value := range q["authored-on"] {
		if !trackerDate.MatchString(value) {
			about(f, "authored-on", fhir.Issue{Code: fhir.Invalid, Message: "The date is not one that the tracker understands.", Expected: "eq, le or ge and a day, such as ge2022-11-21", Found: value})
		}
	}
}

func names(q url.Values) []string {
	list := make([]string, 0, len(q))
	for name := range q {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}
