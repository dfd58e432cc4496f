package dispensing

import (
	"context"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

var queryInputs = []fhir.Parameter{
	{Name: "reason", Kinds: []string{"valueCode"}, Required: true, Doc: "What it is about: a code of " + nhs.CSWithdraw + ": QU quantity, MU medication, DA dosage, PA patient details, OC other clinical, ONC other non-clinical."},
	{Name: "question", Kinds: []string{"valueString"}, Required: true, Doc: "What is asked, in words."},
	{Name: "newPrescription", Kinds: []string{"valueBoolean"}, Doc: "true: the prescriber is asked to cancel, and to prescribe anew; what was signed electronically is never altered."},
	itemsInput,
}

// queryTask is Task/…/$query: a pharmacist asks the prescriber's organisation. It gets
// a CommunicationRequest; the items are held until a pharmacist has settled the query.
func (s *Service) queryTask(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	who, err := decider(s.db.State(ctx), call, string(prescription.Ask))
	if err != nil {
		return nil, err
	}
	return s.onTask(ctx, call, string(prescription.Ask), func(state fhir.State, x *execution) ([]fhir.Change, *fhir.Reply, error) {
		if err := x.ofOwner(call, string(prescription.Ask)); err != nil {
			return nil, nil, err
		}
		id := pharmacy.ID("CommunicationRequest", "query", x.version.ID, x.version.VersionID)
		q := prescription.Request{Event: prescription.Ask, Now: call.Time, Place: "Task", By: who, Items: itemsOf(call.Body), Query: prescription.Query{Ref: "CommunicationRequest/" + id,
			Reason: textOf(call.Body, "reason", "valueCode"), Words: textOf(call.Body, "question", "valueString"), Anew: textOf(call.Body, "newPrescription", "valueBoolean") == "true"}}
		out, issues := s.rules().Decide(x.Prescription, x.caller, q)
		if len(issues) > 0 {
			return nil, nil, refusal(string(prescription.Ask), issues...)
		}
		x.Prescription = out.After
		request := fhir.Change{Method: fhir.Create, Type: "CommunicationRequest", ID: id, Resource: x.communicationRequest(id, q), Expression: "CommunicationRequest"}
		changes, err := s.written(state, x, call.Time)
		return append([]fhir.Change{request}, changes...), nil, err
	})
}

// communicationRequest writes what the prescriber's organisation is asked.
func (x *execution) communicationRequest(id string, q prescription.Request) *fhir.Resource {
	var orders, payload []any
	priority := "routine"
	for i := range x.Lines {
		l := &x.Lines[i]
		if !slices.ContainsFunc(x.Standing(l), func(h prescription.Hold) bool { return h.About == q.Query.Ref }) {
			continue
		}
		orders = append(orders, fhir.Obj("reference", l.Ref, "identifier", nhs.IdentifierValue(nhs.IDItem, l.Item), "display", l.Product.Display))
		if o := x.orderFor(l); o != nil && o.Resource.Get("priority").Text() != "" {
			priority = o.Resource.Get("priority").Text()
		}
	}
	payload = append(payload, fhir.Obj("contentString", q.Query.Words))
	kind := "question"
	if q.Query.Anew {
		kind = "new-prescription"
		payload = append(payload, fhir.Obj("contentString", "Please cancel what is to be changed, and send a new prescription: what was signed electronically is not altered."))
	}
	return fhir.Obj(
		"resourceType", "CommunicationRequest", "id", id,
		"identifier", fhir.List(nhs.IdentifierValue(nhs.IDUUID, id)),
		"basedOn", fhir.List(orders...),
		"groupIdentifier", nhs.IdentifierValue(nhs.IDOrder, x.Order),
		"status", "active",
		"category", fhir.List(nhs.Concept(nhs.Coding(csQueryKind, kind))),
		"priority", priority,
		"subject", fhir.Obj("reference", x.Patient.Ref, "identifier", nhs.IdentifierValue(nhs.IDNHS, x.Patient.ID), "display", x.Patient.Name),
		"about", fhir.List(fhir.Obj("reference", "Task/"+x.version.ID)),
		"payload", fhir.List(payload...),
		"authoredOn", nhs.Stamp(q.Now),
		"requester", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, x.Owner.ID), "display", x.Owner.Name),
		"recipient", fhir.List(fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, x.Sender.ID), "display", x.Sender.Name)),
		"sender", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDUser, q.By.ID), "display", q.By.Name),
		"reasonCode", fhir.List(nhs.Concept(nhs.Coding(nhs.CSWithdraw, q.Query.Reason))),
	).Resource()
}

// csQueryKind and csQueryStatus tell what a query asks for, and, on its Task, whether
// it is answered.
const (
	csQueryKind   = nhs.Own + "CodeSystem/query-kind"
	csQueryStatus = nhs.Own + "CodeSystem/query-status"
)

// settleQueries closes the CommunicationRequests of queries that hold nothing any more:
// as completed where they were answered, as revoked where not.
func (s *Service) settleQueries(state fhir.State, x *execution) (changes []fhir.Change, err error) {
	open := s.rules().OpenQueries(x.Prescription)
	var seen []string
	for _, h := range x.readMet {
		if h.Code != prescription.HoldQuery || slices.Contains(open, h.About) || slices.Contains(seen, h.About) {
			continue
		}
		seen = append(seen, h.About)
		v, err := state.Current("CommunicationRequest", localID(h.About, "CommunicationRequest"))
		if err != nil {
			return nil, err
		}
		if v == nil || v.Deleted() {
			continue
		}
		r, err := v.Resource()
		if err != nil {
			return nil, err
		}
		status := "revoked"
		if slices.ContainsFunc(x.readAnswers, func(a prescription.Answer) bool { return a.Query == h.About }) {
			status = "completed"
		}
		changes = append(changes, fhir.Change{Method: fhir.Update, Type: "CommunicationRequest", ID: v.ID, Resource: fhir.Revise(r, "status", status), IfMatch: v.VersionID, Expression: "CommunicationRequest"})
	}
	return changes, nil
}

// takeAnswer is the follower's step on a Communication: one of the prescriber's
// organisation that is based on a query answers it. Every other is nobody's answer.
func (s *Service) takeAnswer(state fhir.State, v *fhir.Version) ([]fhir.Change, error) {
	if v.Deleted() {
		return nil, nil
	}
	r, err := v.Resource()
	if err != nil || r.Get("status").Text() != "completed" {
		return nil, err
	}
	for ref := range r.Get("basedOn").Items() {
		query, _, _ := strings.Cut(ref.Get("reference").Text(), "/_history/")
		x, err := s.asked(state, query)
		if err != nil {
			return nil, err
		}
		if x == nil || !x.answers(r, v.Requester) {
			continue
		}
		out, issues := s.rules().Decide(x.Prescription, prescription.Caller{Principal: v.Requester, Prescribes: true}, prescription.Request{Event: prescription.Answering, Now: v.LastUpdated, Place: "Communication",
			Answer: prescription.Answer{Query: query, Ref: v.Ref() + "/_history/" + v.VersionID, From: x.Sender}})
		if len(issues) > 0 {
			continue // settled already: it is said, and changes nothing
		}
		x.Prescription = out.After
		return s.written(state, x, v.LastUpdated)
	}
	return nil, nil
}

// asked is the prescription that a query is about, nil where it is not one of ours.
func (s *Service) asked(state fhir.State, query string) (*execution, error) {
	r, err := read(state, query, "CommunicationRequest")
	if err != nil || r == nil || !nhs.CodingOf(r.Get("category"), csQueryKind).Exists() {
		return nil, err
	}
	v, err := state.Current("Task", localID(r.Get("about").Item(0).Get("reference").Text(), "Task"))
	if err != nil || v == nil || v.Deleted() {
		return nil, err
	}
	return readTask(state, v)
}

// answers reports whether a Communication is the prescriber's organisation's: by the
// sender that it names, which the guard of actors has compared with the caller, or,
// where it names no organisation, by whom it was written for.
func (x *execution) answers(r *fhir.Resource, who fhir.Principal) bool {
	from := who.OnBehalf
	if sender := r.Root().Path("sender", "identifier"); sender.Get("system").Text() == nhs.IDODS {
		from = sender.Get("value").Text()
	}
	return from != "" && strings.EqualFold(from, x.Sender.ID)
}

// queryMembers are the members of the Task of a query that tell of it: what was
// asked, and whether it is answered.
func (x *execution) queryMembers(w prescription.Work) []any {
	if w.Queue != prescription.QueryQueue {
		return nil
	}
	status, last := "answered", ""
	for _, h := range w.Holds {
		if last = h.About; !x.Answered(h.About) {
			status = "asked"
		}
	}
	return []any{"businessStatus", nhs.Concept(nhs.Coding(csQueryStatus, status)), "reasonReference", fhir.Obj("reference", last)}
}

// recordAnswers records the answers to queries and the corrections on a Task.
func (x *execution) recordAnswers(record func(code string, who prescription.Party, when, text string, parts ...any)) {
	for _, a := range x.Answers {
		record(recordAnswered, prescription.Party{Name: a.From.String()}, a.When, "", fhir.Obj("url", "query", "valueReference", fhir.Obj("reference", a.Query)), fhir.Obj("url", "answer", "valueReference", fhir.Obj("reference", a.Ref)))
	}
	for _, c := range x.Corrections {
		record(recordCorrected, c.Who, c.When, c.Note, fhir.Obj("url", "item", "valueString", c.Item), fhir.Obj("url", "kind", "valueCode", c.Kind), fhir.Obj("url", "element", "valueCode", c.Element),
			held("from", c.From), fhir.Obj("url", "to", "valueString", c.To), setFlag("amended", c.Amended))
	}
}
