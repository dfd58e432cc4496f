package reimbursement

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// verdict holds a posted claim to what the server knows of the prescription.
// The rules have the numbers of Spine's refusals where it has one:
//
//	0005 the prescription is known
//	0007 short form and UUID are of one prescription
//	0014 each detail claims an item of the prescription
//	0010 each item of the prescription is claimed
//	0013 the item statuses are those of the last dispense notification, and no
//	     more is claimed than was handed over, in its unit
//	0015 the prescription is dispensed, or not dispensed, and nothing is outstanding
//	0018 the number of repeats is the authorised one
//	0019 the issue is one that there is
//	CL20 patient and pharmacy are the prescription's
//	CL21 prescriptions that the patient pays are not claimed
type verdict struct {
	*claim
	issues []fhir.Issue
}

func (v *verdict) say(n fhir.Node, place string, code fhir.Code, rule string, details fhir.Coding, message, expected, found string) {
	v.issues = append(v.issues, fhir.Issue{Severity: fhir.Err, Code: code, Expression: place, Position: n.Position(), Rule: rule, Details: details,
		Message: message, Expected: expected, Found: found})
}

// find is the issue of the prescription that the claim is for; nil, with an
// issue, where there is none.
func (v *verdict) find(state fhir.State, who fhir.Principal) (*dispensed, error) {
	known, err := allIssues(state, v.order())
	if err != nil {
		return nil, err
	}
	// What another pharmacy has dispensed, or has, is not there for this one.
	known = slices.DeleteFunc(known, func(d *dispensed) bool {
		return !who.ActsFor(d.task.Root().Path("owner", "identifier", "value").Text())
	})
	shortForm := v.group("shortForm")
	at := shortForm.Expression()
	if len(known) == 0 {
		v.say(shortForm, at, fhir.NotFound, "0005", eps("PRESCRIPTION_NOT_FOUND"), "No prescription of that id is known here.", "", v.order())
		return nil, nil
	}
	issue, given := v.issue()
	if len(known) > 1 && !given {
		v.say(v.item, "Claim.item[0].extension('"+nhs.ExtRepeat+"')", fhir.BusinessRule, "0019", eps("INVALID_REPEAT_COUNT"),
			"The prescription has several issues, and the claim does not say which one it is for.", "numberOfRepeatsIssued, 0 for the first issue", "nothing")
		return nil, nil
	}
	for _, d := range known {
		if d.issue == issue || len(known) == 1 && !nhs.Extension(d.task.Root(), nhs.ExtRepeat).Exists() {
			return d, nil
		}
	}
	v.say(v.item, "Claim.item[0].extension('"+nhs.ExtRepeat+"')", fhir.BusinessRule, "0019", eps("INVALID_REPEAT_COUNT"),
		"The prescription has no such issue.", fmt.Sprintf("numberOfRepeatsIssued from 0 to %d", len(known)-1), strconv.Itoa(issue-1))
	return nil, nil
}

// allIssues reads every issue of a prescription.
func allIssues(state fhir.State, order string) ([]*dispensed, error) {
	if order == "" {
		return nil, nil
	}
	ids, err := state.Find("Task", nhs.Query("identifier", nhs.IDOrder, order))
	if err != nil {
		return nil, err
	}
	var list []*dispensed
	for _, id := range ids {
		ver, err := state.Current("Task", id)
		if err != nil {
			return nil, err
		}
		if ver == nil || ver.Deleted() {
			continue
		}
		d, err := readDispensed(state, ver)
		if err != nil {
			return nil, err
		}
		if d != nil && d.order == order {
			list = append(list, d)
		}
	}
	return list, nil
}

// judge holds the claim to its prescription.
func (v *verdict) judge(d *dispensed) {
	if uuid := v.group("UUID"); d.uuid != "" && uuid.Get("value").Text() != "" && !strings.EqualFold(uuid.Get("value").Text(), d.uuid) {
		v.say(uuid, uuid.Expression(), fhir.CodeInvalid, "0007", spine("INVALID_RESOURCE_ID"), "The UUID is of another prescription than the short form.", d.uuid, uuid.Get("value").Text())
	}
	if d.private() {
		v.say(v.Get("prescription"), "Claim.prescription", fhir.BusinessRule, "CL21", eps("PRESCRIPTION_INVALID_STATE_TRANSITION"), "The patient pays this prescription; it is not claimed.", "", "prescription type "+d.kind)
	}
	if !d.finished {
		v.say(v.item, "Claim", fhir.BusinessRule, "0015", eps("CLAIM_INVALID_NOT_DISPENSED"), "The prescription cannot be claimed: its dispensing is not finished.",
			"status 0006 (Dispensed) or 0007 (Not Dispensed), with nothing outstanding", d.task.Get("status").Text()+", "+d.business)
	} else if status := nhs.Extension(v.item, nhs.ExtBusinessStatus).Path("valueCoding", "code"); finishedStatus(status.Text()) && status.Text() != d.business {
		v.say(status, status.Expression(), fhir.BusinessRule, "0012", eps("PRESCRIPTION_INVALID_STATE_TRANSITION"), "The prescription has another status.", d.business, status.Text())
	}
	v.judgeParties(d)
	v.judgeRepeats(d)
	for i, detail := range v.details {
		v.judgeDetail(d, detail, "Claim.item[0].detail["+strconv.Itoa(i)+"]")
	}
	for _, l := range d.lines {
		if !v.claims(l.number) {
			v.say(v.item, "Claim.item[0].detail", fhir.BusinessRule, "0010", eps("INVALID_NUMBER_MEDICATIONREQUESTS"), "An item of the prescription is not in the claim.",
				"a detail for each of "+strconv.Itoa(len(d.lines))+" items", "none for "+l.number)
		}
	}
}

func (v *verdict) claims(number string) bool {
	for _, detail := range v.details {
		if strings.EqualFold(requestOf(detail).Text(), number) {
			return true
		}
	}
	return false
}

func (v *verdict) judgeParties(d *dispensed) {
	number := v.Root().Path("patient", "identifier", "value")
	if want := d.task.Root().Path("for", "identifier", "value").Text(); want != "" && number.Text() != want {
		v.say(number, "Claim.patient.identifier.value", fhir.ValueCode, "CL20", nhs.Facade("CONFLICTING_VALUES", "Conflicting values have been specified in different fields"),
			"The prescription is for another patient.", "the NHS number of the prescription", "another one")
	}
	owner, org := d.task.Root().Path("owner", "identifier", "value").Text(), nhs.Identifier(v.pharmacy(), nhs.IDODS).Text()
	if d.finished && owner != "" && org != "" && org != owner {
		v.say(v.pharmacy(), v.pharmacy().Expression()+".identifier", fhir.BusinessRule, "CL20", eps("PRESCRIPTION_WITH_ANOTHER_DISPENSER"),
			"Another pharmacy dispensed the prescription.", owner, org)
	}
}

func (v *verdict) judgeRepeats(d *dispensed) {
	want, ok := repeats(d.task.Root(), "numberOfRepeatsAllowed")
	got, given := repeats(v.item, "numberOfRepeatsAllowed")
	if ok && given && got != want {
		v.say(nhs.Extension(v.item, nhs.ExtRepeat), "Claim.item[0].extension('"+nhs.ExtRepeat+"')", fhir.BusinessRule, "0018", eps("MISMATCH_AUTHORISED_REPEAT_COUNT"),
			"The number of repeats is not the authorised one.", strconv.Itoa(want), strconv.Itoa(got))
	}
}
