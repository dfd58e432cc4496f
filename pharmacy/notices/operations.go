package notices

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Operations are CommunicationRequest/[id]/$resend, Patient/[id]/$notices and the $note of
// a Task or a Patient.
func (s *Service) Operations() []fhir.Operation {
	return []fhir.Operation{
		{Name: "note", Type: "Task", Instance: true, ByName: true, Handle: s.note("Task"), Parameters: noteInputs,
			Doc: "Notes something about a prescription, for the people of the pharmacy: a Communication. A note is not changed and not deleted."},
		{Name: "note", Type: "Patient", Instance: true, ByName: true, Handle: s.note("Patient"), Parameters: noteInputs,
			Doc: "Notes something about a patient, for the people of the pharmacy: a Communication. A note is not changed and not deleted."},
		{Name: "resend", Type: "CommunicationRequest", Instance: true, ByName: true, Handle: s.resend,
			Doc: "Sends what a patient was told once more, to the address that the patient has now: another Communication. A message that still waits is tried at once."},
		{Name: "notices", Type: "Patient", Instance: true, ByName: true, Handle: s.preferences, Parameters: noticesInputs,
			Doc: "Records in a Consent what a patient wants to be told, and what not. The answer is what they are told now."},
	}
}

var noticesInputs = []fhir.Parameter{
	{Name: "wanted", Kinds: []string{"valueBoolean"}, Required: true, Doc: "Whether the patient wants to be told."},
	{Name: "kind", Kinds: []string{"valueCode"}, Repeated: true, Doc: "Of what: payment-link, dispatched, owing, failed-delivery or collected; without any, of everything."},
}

// attempts bounds how often something is decided anew because another writer was
// quicker.
const attempts = 8

// resend asks for the message of a request once more.
func (s *Service) resend(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	if !s.On() {
		return nil, fhir.E("resend", fhir.NotSupported, fhir.Issue{Message: "This server tells patients nothing.", Expected: "a server that is started with a sender of notices", Found: "none", Fix: "docs/notices.md says how one is set."})
	}
	v, err := s.db.Read(ctx, "CommunicationRequest", call.ID)
	if err != nil {
		return nil, err
	}
	return s.commit(ctx, call, "resend", func(state fhir.State) ([]fhir.Change, *fhir.Reply, error) {
		now, err := state.Current("CommunicationRequest", v.ID)
		if err != nil {
			return nil, nil, err
		}
		q, err := readRequest(now)
		if err != nil {
			return nil, nil, err
		}
		if q == nil {
			return nil, nil, fhir.E("resend", fhir.BusinessRule, fhir.Issue{Expression: "CommunicationRequest.category", Message: "It is not a message to a patient.", Expected: "a CommunicationRequest of the system " + csNotice, Found: now.Ref()})
		}
		if !call.Requester.ActsFor(q.pharmacy) {
			return nil, nil, fhir.E("resend", fhir.Forbidden, fhir.Issue{Expression: "CommunicationRequest.sender", Message: "The message is of another pharmacy.", Expected: "one that the caller acts for", Found: q.pharmacy})
		}
		if _, reason, _, err := s.compose(state, q.again(call), call.Time); err != nil {
			return nil, nil, err
		} else if reason != "" {
			return nil, nil, fhir.E("resend", fhir.BusinessRule, fhir.Issue{Rule: "NOTICE-1", Expression: "CommunicationRequest", Message: "The message cannot be sent: " + strings.ToLower(reasons[reason]) + ".", Found: reason,
				Fix: map[string]string{noAddress: "Record an email address or mobile telephone number in Patient.telecom.", stopped: "Ask the patient, and record it with Patient/[id]/$notices."}[reason]})
		}
		c := q.again(call).change("")
		return []fhir.Change{c}, &fhir.Reply{Resource: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(
			fhir.Obj("name", "message", "valueReference", fhir.Obj("reference", "Communication/"+messageID(q.version.ID, q.sent+1))))).Resource(), Impersonal: true}, nil
	})
}

// again is a request that is asked for anew.
func (q *request) again(call *fhir.Call) *request {
	n := *q
	n.status, n.attempts, n.why, n.when, n.next = active, 0, "", call.Time, time.Time{}
	return &n
}

// preferences records what a patient wants to be told.
func (s *Service) preferences(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	if _, err := s.db.Read(ctx, "Patient", call.ID); err != nil {
		return nil, err
	}
	wanted, kinds, err := asked(call)
	if err != nil {
		return nil, err
	}
	patient := "Patient/" + call.ID
	return s.commit(ctx, call, "notices", func(state fhir.State) ([]fhir.Change, *fhir.Reply, error) {
		id := consentID(patient)
		v, err := state.Current("Consent", id)
		if err != nil {
			return nil, nil, err
		}
		no, err := denied(v)
		if err != nil {
			return nil, nil, err
		}
		for _, k := range kinds {
			no = slices.DeleteFunc(no, func(had Kind) bool { return had == k })
			if !wanted {
				no = append(no, k)
			}
		}
		change := fhir.Change{Method: fhir.Update, Type: "Consent", ID: id, Resource: s.consent(id, patient, no, call)}
		if v != nil {
			change.IfMatch = v.VersionID
		} else {
			change.IfNoneMatch = true
		}
		return []fhir.Change{change}, told(id, no), nil
	})
}

// asked are the parameters of $notices.
func asked(call *fhir.Call) (wanted bool, kinds []Kind, err error) {
	var issues []fhir.Issue
	given := false
	body := call.Body
	if body == nil {
		body = fhir.Obj("resourceType", "Parameters").Resource()
	}
	for p := range body.Get("parameter").Items() {
		switch p.Get("name").Text() {
		case "wanted":
			wanted, given = p.Get("valueBoolean").Text() == "true", true
		case "kind":
			k := Kind(p.Get("valueCode").Text())
			if !known(k) {
				issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.CodeInvalid, Expression: p.Get("valueCode").Expression(), Position: p.Position(), Message: "It is not a kind of message to patients.", Expected: "payment-link, dispatched, owing, failed-delivery or collected", Found: string(k)})
			}
			kinds = append(kinds, k)
		}
	}
	if !given {
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.Required, Expression: "Parameters.parameter", Message: "It is not clear whether the patient wants to be told.", Expected: "the parameter wanted", Found: "none"})
	}
	if len(issues) > 0 {
		return false, nil, &fhir.Error{Op: "notices", Kind: issues[0].Code, Issues: issues}
	}
	if len(kinds) == 0 {
		kinds = Kinds()
	}
	return wanted, kinds, nil
}

// denied are the kinds that the Consent of this package denies.
func denied(v *fhir.Version) (no []Kind, err error) {
	if v == nil || v.Deleted() {
		return nil, nil
	}
	r, err := v.Resource()
	if err != nil {
		return nil, err
	}
	p := r.Get("provision")
	if r.Get("status").Text() != "active" || p.Get("type").Text() != "deny" {
		return nil, nil
	}
	for _, c := range nhs.Codings(p.Get("code"), csNotice) {
		no = append(no, Kind(c.Get("code").Text()))
	}
	if len(no) == 0 {
		return Kinds(), nil
	}
	return no, nil
}

// consent is the Consent that denies some kinds; permit where it denies none.
func (s *Service) consent(id, patient string, no []Kind, call *fhir.Call) *fhir.Resource {
	provision := fhir.Obj("type", "permit")
	if len(no) > 0 {
		var codes []any
		for _, k := range Kinds() {
			if slices.Contains(no, k) {
				codes = append(codes, nhs.Concept(coding(k)))
			}
		}
		provision = fhir.Obj("type", "deny", "code", fhir.List(codes...))
	}
	return fhir.Obj("resourceType", "Consent", "id", id, "status", "active", "scope", nhs.Concept(fhir.Coding{System: "http://terminology.hl7.org/CodeSystem/consentscope", Code: "patient-privacy", Display: "Privacy Consent"}),
		"category", fhir.List(nhs.Concept(fhir.Coding{System: csConsent, Code: "notices", Display: "What a patient wants to be told"})),
		"patient", fhir.Obj("reference", patient), "dateTime", nhs.Stamp(call.Time), "organization", fhir.List(organisation(s.site)),
		"policyRule", nhs.Concept(fhir.Coding{System: "http://terminology.hl7.org/CodeSystem/v3-ActCode", Code: "OPTOUT"}), "provision", provision).Resource()
}

// told is the answer of $notices: what the patient is told, and what not.
func told(consent string, no []Kind) *fhir.Reply {
	list := []any{fhir.Obj("name", "consent", "valueReference", fhir.Obj("reference", "Consent/"+consent))}
	for _, k := range Kinds() {
		list = append(list, fhir.Obj("name", string(k), "valueBoolean", !slices.Contains(no, k)))
	}
	return &fhir.Reply{Resource: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(list...)).Resource(), Impersonal: true}
}

// commit decides on changes and commits them, again where another writer was quicker.
func (s *Service) commit(ctx context.Context, call *fhir.Call, op string, decide func(state fhir.State) ([]fhir.Change, *fhir.Reply, error)) (*fhir.Reply, error) {
	for range attempts {
		changes, reply, err := decide(s.db.State(ctx))
		if err != nil {
			return nil, err
		}
		commit, err := s.db.Commit(ctx, &fhir.Transaction{Changes: changes, Derived: true, Requester: call.Requester, RequestID: call.RequestID, Time: call.Time, Receipt: call.Answer(reply)})
		switch {
		case err == nil && commit.Repeated:
			return fhir.ReplyOf(commit.Receipt)
		case err == nil:
			return reply, nil
		case fhir.KindOf(err) != fhir.Conflict:
			return nil, err
		}
	}
	return nil, fhir.E(op, fhir.Conflict, fhir.Issue{Message: "Other writers changed the same records at the same time, again and again.", Fix: "Send it again."})
}
