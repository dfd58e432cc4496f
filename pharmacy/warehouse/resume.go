package warehouse

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/outbound/webhook"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// resume is SupplyRequest/[id]/$resume.
func (s *Service) resume(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	const op = "resume"
	if s.off {
		_, err := s.pharmacyFor(op, call)
		return nil, err
	}
	s.moving.Lock()
	defer s.moving.Unlock()
	for range attempts {
		b := newBook(s.db.State(ctx), call.Time, call.Requester)
		o, err := b.order(call.ID)
		if err != nil {
			return nil, err
		}
		if o == nil || !call.Requester.ActsFor(o.org) {
			return nil, fhir.E(op, fhir.NotFound, fhir.Issue{Expression: "SupplyRequest", Message: "There is no such order.", Expected: "an order of the caller's pharmacy", Found: "SupplyRequest/" + call.ID})
		}
		f := &form{s: s, call: call, op: op, b: b}
		reason, leave, again := f.text("reason"), f.yes("leave"), f.yes("again")
		f.want(reason != "", "reason", "It is not told what was decided.", "the reason, in words")
		if o.trouble == "" && !again {
			f.add("reason", fhir.Issue{Rule: "GOODS-10", Message: "The order does not wait for anybody.", Expected: "an order that waits for a person", Found: string(orElseStage(o.stage))})
		}
		if again && (o.stage != stageReturned || o.status != orderActive) {
			f.add("again", fhir.Issue{Rule: "GOODS-10", Message: "Nothing of the order came back that may be sent again.", Expected: "an order that is returned, of a prescription that is open", Found: string(orElseStage(o.stage))})
		}
		if len(f.issues) > 0 {
			return nil, &fhir.Error{Op: op, Kind: f.coded()[0].Code, Issues: f.issues}
		}
		if o.trouble, o.resumed = "", reason; leave && len(o.acts) > 0 {
			o.acts, o.acted = o.acts[1:], o.acted+1
		}
		if o.verify {
			o.verify = false
			b.tell(o)
		}
		if again {
			o.stage, o.packs = "", nil
			b.tell(o)
		}
		b.wrote("SupplyRequest", o.id)
		changes := b.changes()
		reply := &fhir.Reply{Impersonal: true, Resource: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(fhir.Obj("name", "order", "resource", o.change().Resource))).Resource()}
		commit, err := s.db.Commit(ctx, &fhir.Transaction{Changes: changes, Receipt: call.Answer(reply), Derived: true, Requester: call.Requester, RequestID: call.RequestID, Time: call.Time})
		switch {
		case err == nil && commit.Repeated:
			return fhir.ReplyOf(commit.Receipt)
		case err == nil:
			return reply, nil
		case fhir.KindOf(err) != fhir.Conflict || fhir.IsReused(err):
			return nil, err
		}
	}
	return nil, fhir.E(op, fhir.Conflict, fhir.Issue{Message: "Other writers changed the same order at the same time, again and again.", Fix: "Send it again."})
}

// resumeLink is Basic/$warehouse-resume.
func (s *Service) resumeLink(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	if _, err := s.pharmacyFor("warehouse-resume", call); err != nil {
		return nil, err
	}
	if !call.Requester.ActsFor(s.site) {
		return nil, call.Requester.NotFor("warehouse-resume", fhir.Node{}, s.site)
	}
	s.moving.Lock()
	defer s.moving.Unlock()
	state := s.db.State(ctx)
	l, err := s.linkOf(state)
	if err != nil {
		return nil, err
	}
	ids, err := state.Find("SupplyRequest", nhs.Query("identifier", idSend, pending))
	if err != nil {
		return nil, err
	}
	list := []any{fhir.Obj("name", "waiting", "valueInteger", len(ids)), fhir.Obj("name", "failures", "valueInteger", l.Failures)}
	if l.Reason != "" {
		list = append(list, fhir.Obj("name", "reason", "valueString", l.Reason))
	}
	l.Retry = webhook.Retry{}
	reply := &fhir.Reply{Impersonal: true, Resource: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(list...)).Resource()}
	commit, err := s.db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{s.linkChange(l)}, Receipt: call.Answer(reply), Derived: true, Requester: call.Requester, RequestID: call.RequestID, Time: call.Time})
	if err == nil && commit.Repeated {
		return fhir.ReplyOf(commit.Receipt)
	}
	return reply, err
}

// Linked is how it goes with the warehouse, for who administers the server.
type Linked struct {
	Off     bool // the server keeps no stock ledger
	Waiting int  // orders of which it is to be told
	Acts    int  // orders with events that are to be acted on
	Retry   webhook.Retry
}

// Link says how it goes with the warehouse.
func (s *Service) Link(ctx context.Context) (is Linked, err error) {
	if s.off {
		return Linked{Off: true}, nil
	}
	state := s.db.State(ctx)
	l, err := s.linkOf(state)
	if err != nil {
		return is, err
	}
	is.Retry = l.Retry
	for system, into := range map[string]*int{idSend: &is.Waiting, idAct: &is.Acts} {
		ids, err := state.Find("SupplyRequest", nhs.Query("identifier", system, pending))
		if err != nil {
			return is, err
		}
		*into = len(ids)
	}
	return is, nil
}
