package message

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// TaskRules hold for the Tasks by which a dispenser returns a prescription or
// withdraws a dispense notification.
var TaskRules = []Rule[*fhir.Resource]{
	{"T1", isTask},
	{"T2", taskIsOrder},
	{"T3", requesterContained},
	{"T4", requesterNamed},
	{"T5", taskStatus},
	{"T6", withdrawTask},
	{"T7", returnTask},
	{"T8", taskNamesOrder},
	{"5009", taskNumber},
}

// T1: the body is a Task.
func isTask(t *fhir.Resource, f *Findings) {
	if t.Type() != "Task" {
		f.At(t.Root(), fhir.Issue{Severity: fhir.Fatal, Code: fhir.ValueCode, Message: "The body must be a Task.", Expected: "resourceType Task",
			Found: fhir.OrNothing(t.Type()), Details: nhs.Facade("INVALID_VALUE", "ResourceType must be Task")})
	}
}

// T2: it is an order.
func taskIsOrder(t *fhir.Resource, f *Findings) {
	if i := t.Get("intent"); i.Text() != "order" {
		f.At(Place(i, t.Root()), fhir.Issue{Code: fhir.ValueCode, Message: "The intent must be order.", Expected: "order", Found: fhir.OrNothing(i.Text()),
			Details: nhs.Facade("INVALID_VALUE", "Task.intent must be order")})
	}
}

// RequesterOf is the contained role that asks.
func RequesterOf(t *fhir.Resource) node { return nhs.Contained(t.Root(), t.Get("requester")) }

// T3: the requester is a contained role.
func requesterContained(t *fhir.Resource, f *Findings) {
	if role := RequesterOf(t); nhs.TypeOf(role) != "PractitionerRole" {
		f.At(Place(t.Get("requester"), t.Root()), fhir.Issue{Severity: fhir.Fatal, Code: fhir.Invalid, Message: "The requester must be a contained PractitionerRole.",
			Expected: "requester.reference #…", Found: t.Get("requester").Brief(), Details: nhs.Facade("INVALID_VALUE", "Task.requester must reference a contained PractitionerRole")})
	}
}

// T4: which names its practitioner by identifier.
func requesterNamed(t *fhir.Resource, f *Findings) { namedPractitioner(RequesterOf(t), f) }

// T5: the status says which of the two it is.
func taskStatus(t *fhir.Resource, f *Findings) {
	if s := t.Get("status"); !slices.Contains([]string{"in-progress", "rejected"}, s.Text()) {
		f.At(Place(s, t.Root()), fhir.Issue{Code: fhir.ValueCode, Message: "The status must say whether this withdraws or returns.",
			Expected: "in-progress (withdraw) or rejected (return)", Found: fhir.OrNothing(s.Text()), Details: nhs.Facade("INVALID_VALUE", "Task.status must be one of in-progress, rejected")})
	}
}

// T6: a withdrawal aborts, for a withdrawal's reason.
func withdrawTask(t *fhir.Resource, f *Findings) {
	if t.Get("status").Text() != "in-progress" {
		return
	}
	if code := nhs.Coded(t.Get("code"), nhs.CSTaskCode); code != "abort" {
		f.At(Place(t.Get("code"), t.Root()), fhir.Issue{Code: fhir.ValueCode, Message: "A withdrawal must have the code abort.",
			Expected: nhs.CSTaskCode + "#abort", Found: t.Get("code").Brief(), Details: nhs.Facade("INVALID_VALUE", "Task.code must be abort")})
	}
	reasonOf(t, nhs.CSWithdraw, f)
}

// T7: a return has a return's reason.
func returnTask(t *fhir.Resource, f *Findings) {
	if t.Get("status").Text() == "rejected" {
		reasonOf(t, nhs.CSReturn, f)
	}
}

func reasonOf(t *fhir.Resource, system string, f *Findings) {
	if !nhs.CodingOf(t.Get("statusReason"), system).Exists() {
		f.At(Place(t.Get("statusReason"), t.Root()), fhir.Issue{Code: fhir.ValueCode, Message: "The reason must be of this kind of task.",
			Expected: "statusReason of " + system, Found: t.Get("statusReason").Brief(),
			Details: nhs.Facade("INVALID_VALUE", "Task.statusReason must use "+system[strings.LastIndexByte(system, '/')+1:])})
	}
}

// T8: the task names its prescription.
func taskNamesOrder(t *fhir.Resource, f *Findings) {
	if v := t.Root().Path("groupIdentifier", "value"); v.Text() == "" {
		f.At(Place(t.Get("groupIdentifier"), t.Root()), fhir.Issue{Code: fhir.ValueCode, Message: "The task does not say which prescription it is about.",
			Expected: "groupIdentifier of " + nhs.IDOrder, Found: "nothing", Details: nhs.Facade("MISSING_FIELD", "Task.groupIdentifier must be given")})
	}
}

// JudgeTask returns all that the rules find wrong with a dispenser's Task.
func JudgeTask(body *fhir.Resource) []fhir.Issue { return Examine(body, TaskRules) }
