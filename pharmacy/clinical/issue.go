package clinical

import (
	"slices"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// IssueID is the id of the DetectedIssue of a finding of an order.
func IssueID(order string, f *Finding) string {
	return pharmacy.ID("DetectedIssue", order, f.Rule.ID, f.Key)
}

// found reports whether a DetectedIssue was found by the rules of this package.
func found(r *fhir.Resource) bool {
	return r.Type() == "DetectedIssue" && nhs.CodingOf(r.Get("code"), nhs.CSOwnClinicalRule).Exists()
}

// issueOf writes the DetectedIssue of a finding. It implicates the order, and so is
// seen by whoever sees that: the prescriber's organisation and the pharmacy. One that
// follows from what the prescriber may not see is the pharmacy's alone: it implicates
// nothing, and names the pharmacy as its author.
func issueOf(o *Order, f *Finding, patient node, pharmacy string, now time.Time) *fhir.Resource {
	implicated, evidence, author, contained := []any{fhir.Obj("reference", o.Ref)}, []any(nil), checker, []any(nil)
	for _, e := range f.Evidence {
		var refs []any
		if e.Ref != "" {
			refs = append(refs, fhir.Obj("reference", e.Ref))
		}
		if t := typeOf(e.Ref); e.Ref != o.Ref && (t == "MedicationRequest" || t == "MedicationDispense") {
			implicated = append(implicated, fhir.Obj("reference", e.Ref))
		}
		evidence = append(evidence, fhir.Obj("code", fhir.List(fhir.Obj("text", e.Text)), "detail", fhir.List(refs...)))
	}
	if f.Elsewhere {
		implicated, author = nil, fhir.Obj("reference", "#pharmacy", "display", "Pestle, clinical checks")
		contained = []any{fhir.Obj("resourceType", "PractitionerRole", "id", "pharmacy", "organization", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, pharmacy)))}
	}
	var extension []any
	if f.Rule.Stops(o.Schedule) {
		extension = append(extension, fhir.Obj("url", nhs.ExtOwnStops, "valueBoolean", true))
	}
	return fhir.Obj(
		"resourceType", "DetectedIssue",
		"id", IssueID(o.Ref, f),
		"contained", fhir.List(contained...),
		"extension", fhir.List(extension...),
		"identifier", fhir.List(nhs.IdentifierValue(nhs.IDOwnChecked, strings.TrimPrefix(o.Ref, "MedicationRequest/"))),
		"status", "final",
		"code", fhir.Obj("coding", fhir.List(nhs.CodingValue(nhs.Coding(nhs.CSActCode, f.Rule.Code)), fhir.Obj("system", nhs.CSOwnClinicalRule, "code", f.Rule.ID)), "text", f.Rule.Text),
		"severity", f.Rule.Severity,
		"patient", patient,
		"identifiedDateTime", nhs.Stamp(now),
		"author", author,
		"implicated", fhir.List(implicated...),
		"evidence", fhir.List(evidence...),
		"detail", f.Detail,
	).Resource()
}

// checker is the author of what the server finds: the server as a device.
var checker = fhir.Obj("type", "Device", "identifier", fhir.Obj("system", nhs.Own+"Id/device", "value", "clinical-checks"), "display", "Pestle, clinical checks")

func typeOf(ref string) string {
	for i := range ref {
		if ref[i] == '/' {
			return ref[:i]
		}
	}
	return ""
}

// issueChanges makes what is stored of an order's issues what was found now: it adds
// what is new, changes what differs, and cancels what no longer holds. What was
// done about an issue stays on it, and counts for what it told then. before are the issues that were found of it.
func issueChanges(state fhir.State, j *judged, now time.Time, before []*fhir.Version) (changes []fhir.Change, err error) {
	var ids []string
	for i := range j.findings {
		issue := issueOf(&j.order, &j.findings[i], j.patient, j.pharmacy, now)
		ids = append(ids, issue.ID())
		c, err := change(state, issue, now)
		if err != nil {
			return nil, err
		}
		changes = append(changes, c...)
	}
	for _, v := range before {
		r, err := v.Resource()
		if err != nil {
			return nil, err
		}
		if slices.Contains(ids, v.ID) || r.Get("status").Text() == "cancelled" {
			continue
		}
		changes = append(changes, fhir.Change{Method: fhir.Update, Type: "DetectedIssue", ID: v.ID, Resource: fhir.Revise(r, "status", "cancelled"), IfMatch: v.VersionID})
	}
	return changes, nil
}

// change writes an issue where it is not stored as it is.
func change(state fhir.State, issue *fhir.Resource, now time.Time) ([]fhir.Change, error) {
	v, err := state.Current("DetectedIssue", issue.ID())
	if err != nil {
		return nil, err
	}
	if v == nil {
		return []fhir.Change{{Method: fhir.Create, Type: "DetectedIssue", ID: issue.ID(), Resource: issue, IfAbsent: true}}, nil
	}
	if v.Deleted() {
		return nil, nil
	}
	r, err := v.Resource()
	if err != nil || same(r, issue) {
		return nil, err
	}
	// What was done about it was done about what it told until now.
	identified := now
	if last := nhs.LastMitigation(r.Root()); !last.Before(identified.Truncate(time.Second)) {
		identified = last.Add(time.Second)
	}
	pairs := []any{"identifiedDateTime", nhs.Stamp(identified)}
	for _, name := range told {
		pairs = append(pairs, name, issue.Get(name))
	}
	return []fhir.Change{{Method: fhir.Update, Type: "DetectedIssue", ID: issue.ID(), Resource: fhir.Revise(r, pairs...), IfMatch: v.VersionID}}, nil
}

// told are the elements of a DetectedIssue that follow from the finding.
var told = []string{"contained", "extension", "status", "code", "severity", "patient", "author", "implicated", "evidence", "detail"}

func same(a, b *fhir.Resource) bool {
	return !slices.ContainsFunc(told, func(name string) bool { return !a.Get(name).SameAs(b.Get(name)) })
}

// issuesOf are the issues that were found of an order.
func issuesOf(state fhir.State, order string) (list []*fhir.Version, err error) {
	ids, err := state.Find("DetectedIssue", nhs.Query("identifier", nhs.IDOwnChecked, strings.TrimPrefix(order, "MedicationRequest/")))
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		v, err := state.Current("DetectedIssue", id)
		if err != nil {
			return nil, err
		}
		if v != nil && !v.Deleted() {
			list = append(list, v)
		}
	}
	return list, nil
}
