package dispensing

import (
	"slices"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// maxRelease is how many nominated prescriptions one release hands over.
const maxRelease = 25

// expire records that the time of a prescription is over, and says so.
func (s *Service) expire(state fhir.State, call *fhir.Call, x *execution) (*outcome, error) {
	issue := fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: "0002", Message: "The prescription has expired.", Details: nhs.EPS("PRESCRIPTION_EXPIRED")}
	changes, err := s.lapse(state, x, call.Time)
	return &outcome{changes: changes, reply: said(call, true, issue)}, err
}

// lapse records a prescription whose time is over, and stops its orders.
func (s *Service) lapse(state fhir.State, x *execution, now time.Time) ([]fhir.Change, error) {
	changes, err := s.written(state, x, now)
	for i := range x.Lines {
		changes = append(changes, orderBecomes(x.orderFor(&x.Lines[i]), x.OrderStatus(&x.Lines[i]))...)
	}
	return changes, err
}

// releaseNominated hands over what waits for the pharmacy, the oldest first,
// and puts aside what has expired.
func (s *Service) releaseNominated(call *fhir.Call, state fhir.State, t taker) (*outcome, error) {
	ids, err := state.Find("Task", nhs.Query("owner:identifier", nhs.IDODS, t.owner.ID)+"&status=requested&"+nhs.Query("business-status", nhs.CSBusinessStatus, prescription.Nominated.Business))
	if err != nil {
		return nil, err
	}
	var handed []*execution
	var aside []fhir.Change
	for _, id := range ids {
		v, err := state.Current("Task", id)
		if err != nil {
			return nil, err
		}
		x, err := readTask(state, v)
		if err != nil {
			return nil, err
		}
		if x == nil || x.State != prescription.Nominated {
			continue
		}
		x.caller = t.caller(call)
		decided, err := s.take(x, t, call.Time, "release")
		switch {
		case err != nil:
			return nil, err
		case decided == prescription.Expire:
			lapsed, err := s.lapse(state, x, call.Time)
			if err != nil {
				return nil, err
			}
			aside = append(aside, lapsed...)
		default:
			handed = append(handed, x)
		}
		if len(handed) == maxRelease {
			break
		}
	}
	if len(handed) == 0 {
		return &outcome{changes: aside, reply: nothingMore(call)}, nil
	}
	return s.handOver(call, state, handed, aside, t)
}

// handOver gives prescriptions to a pharmacy and answers with their messages.
func (s *Service) handOver(call *fhir.Call, state fhir.State, list []*execution, changes []fhir.Change, t taker) (*outcome, error) {
	parts := []string{"release", t.owner.ID}
	for _, x := range list {
		parts = append(parts, x.version.ID, x.version.VersionID)
	}
	id := pharmacy.ID(parts...)
	changes = append(slices.Clone(t.parts), changes...)
	var messages []any
	for _, x := range list {
		x.agent, x.release = t.agent, taskOutput{id: id, when: nhs.Stamp(call.Time)}
		written, err := s.written(state, x, call.Time)
		if err != nil {
			return nil, err
		}
		changes = append(changes, written...)
		m, err := s.releasedMessage(state, x)
		if err != nil {
			return nil, err
		}
		messages = append(messages, fhir.Obj("fullUrl", "urn:uuid:"+m.ID(), "resource", m, "search", fhir.Obj("mode", "match")))
	}
	self := fhir.List(fhir.Obj("relation", "self", "url", s.endpoint(call)+"/Task/$release"))
	set := func(id string, entries []any) fhir.Value {
		return fhir.Obj("resourceType", "Bundle", "id", id, "meta", fhir.Obj("lastUpdated", nhs.Stamp(call.Time)),
			"identifier", nhs.IdentifierValue(nhs.IDUUID, id), "type", "searchset", "total", len(entries), "link", self, "entry", fhir.List(entries...))
	}
	return &outcome{changes: changes, reply: &fhir.Reply{Resource: fhir.Obj(
		"resourceType", "Parameters", "id", id,
		"parameter", fhir.List(
			fhir.Obj("name", "passedPrescriptions", "resource", set(id, messages)),
			fhir.Obj("name", "failedPrescriptions", "resource", set(pharmacy.ID("failed", id), nil)),
		)).Resource()}}, nil
}

// take decides whether a pharmacy may have a prescription, and what comes of the
// attempt: [prescription.Accept], or [prescription.Expire] where its time is over.
func (s *Service) take(x *execution, t taker, now time.Time, op string) (prescription.Event, error) {
	out, issues := s.rules().Decide(x.Prescription, x.caller, prescription.Request{Event: prescription.Accept, Now: now, Place: "Task", Owner: t.owner})
	if len(issues) > 0 {
		return "", refusal(op, issues...)
	}
	x.Prescription = out.After
	return out.Event, nil
}

// caller is who takes a prescription that was given to them, nominated or not.
func (t taker) caller(call *fhir.Call) prescription.Caller {
	return prescription.Caller{Principal: call.Requester, Dispenses: true}
}

// releasedMessage is the message of a prescription as a release hands it over: as
// it came, or composed of what is stored where it came without a message.
func (s *Service) releasedMessage(state fhir.State, x *execution) (*fhir.Resource, error) {
	r := message.Release{Prescription: x.Prescription, ID: pharmacy.ID("Bundle", "released", x.version.ID), Origin: x.messageID(),
		Authored: x.resource.Get("authoredOn").Text(), OrderOf: x.orderFor}
	stored, err := read(state, x.messageRef(), "Bundle")
	if err != nil {
		return nil, err
	}
	if stored == nil {
		return r.Composed(func(ref, typ string) (*fhir.Resource, error) { return read(state, ref, typ) })
	}
	return r.AsSent(message.Read(stored, s.rules().Law)), nil
}
