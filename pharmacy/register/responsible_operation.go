package register

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// The acts of $responsible-pharmacist.
const (
	actStart   = "start"
	actAbsence = "absence"
	actReturn  = "return"
	actEnd     = "end"
)

// responsibleOperation is Basic/$responsible-pharmacist: the caller signs in, leaves,
// comes back or signs out.
func (s *Service) responsibleOperation(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	org, err := s.pharmacyFor(call)
	if err != nil {
		return nil, err
	}
	s.entering.Lock()
	defer s.entering.Unlock()
	state := s.db.State(ctx)
	p, err := responsibleOf(state, org)
	if err != nil {
		return nil, err
	}
	a := &attendance{Responsible: p, call: call, note: strings.TrimSpace(parameter(call, "note").Text())}
	if err := a.carryOut(state, parameter(call, "act")); err != nil {
		return nil, err
	}
	change := p.change()
	list := []any{fhir.Obj("name", "record", "resource", change.Resource)}
	if a.warning != "" {
		list = append(list, fhir.Obj("name", "outcome", "resource", fhir.Outcome([]fhir.Issue{{Severity: fhir.Warning, Code: fhir.BusinessRule, Rule: "RP-absence", Message: a.warning}})))
	}
	reply := &fhir.Reply{Resource: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(list...)).Resource()}
	commit, err := s.db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{change}, Receipt: call.Answer(reply), Derived: true,
		Requester: call.Requester, RequestID: call.RequestID, Time: call.Time})
	if err != nil {
		return nil, err
	}
	if commit.Repeated {
		if fhir.RequestOf(commit.Receipt) != string(call.Receipt.Body) {
			return nil, fhir.Reused("responsible-pharmacist")
		}
		return fhir.ReplyOf(commit.Receipt)
	}
	return reply, nil
}

// attendance is one act of a caller on the record of a pharmacy.
type attendance struct {
	*Responsible
	call          *fhir.Call
	note, warning string
}

// refuse is the refusal of an act.
func (a *attendance) refuse(rule, message, expected, found, fix string) error {
	return refusal("responsible-pharmacist", fhir.Issue{Rule: rule, Message: message, Expected: expected, Found: found, Fix: fix, Expression: "Parameters.parameter.where(name='act')"})
}

// carryOut makes the record what it is after an act, or says why it must not be.
func (a *attendance) carryOut(state fhir.State, act fhir.Node) error {
	now, caller := a.call.Time, Party{ID: a.call.Requester.Agent, Name: a.call.Requester.Display}
	own := a.Who.ID == caller.ID
	found := string(a.Presence)
	if a.Presence != SignedOut {
		found = fmt.Sprintf("%s, %s since %s", strings.TrimSpace(a.Who.Name+" "+a.Who.ID), a.Presence, instant(a.Since))
	}
	allowed := map[string]Presence{actStart: SignedOut, actAbsence: SignedIn, actReturn: Absent, actEnd: a.Presence}
	from, known := allowed[act.Text()]
	switch {
	case !known:
		return refusal("responsible-pharmacist", fhir.Issue{Rule: "RP-act", Code: fhir.Invalid, Message: "There is no such act.", Expected: "start, absence, return or end", Found: fhir.OrNothing(act.Text()), Expression: act.Expression(), Position: act.Position()})
	case act.Text() == actEnd && a.Presence == SignedOut:
		return a.refuse("RP-none", "Nobody is signed in as the responsible pharmacist.", "somebody who is", found, "")
	case from != a.Presence:
		return a.refuse("RP-one", "There is one responsible pharmacist at a time, who is present before an absence and absent before a return.", string(from), found,
			"Whoever is signed in signs out with act = end; where they cannot, another pharmacist does it with a note that says why.")
	case act.Text() != actStart && !own && (act.Text() == actAbsence || a.note == ""):
		return a.refuse("RP-own", "The responsible pharmacist records this themselves.", found, strings.TrimSpace(caller.Name+" "+caller.ID), "Where they cannot, another pharmacist records return or end, with a note that says why.")
	}
	a.Note, a.By = a.note, Party{}
	if !own {
		a.By = caller
	}
	switch act.Text() {
	case actStart:
		return a.start(state, caller, now)
	case actAbsence:
		if most := mostAway(nhs.DateOf(now)); a.awayOn(now) >= most {
			return a.refuse("RP-absence", "The responsible pharmacist has been absent today for as long as is allowed.", "at most "+most.String(), a.awayOn(now).Round(time.Second).String(), "Sign out, so that another pharmacist can sign in.")
		}
		a.Presence, a.Left = Absent, now
	case actReturn:
		a.back(now)
		a.Presence = SignedIn
	case actEnd:
		a.back(now)
		a.Presence = SignedOut
	}
	return nil
}

// start signs the caller in, who is responsible for no other pharmacy then.
func (a *attendance) start(state fhir.State, caller Party, now time.Time) error {
	if caller.ID == "" {
		return a.refuse("RP-person", "It is not clear who signs in.", "a caller whom the server knows", "none", "")
	}
	ids, err := state.Find("Basic", nhs.Query("identifier", idPerson, caller.ID))
	if err != nil {
		return err
	}
	if len(ids) > 0 {
		return a.refuse("RP-one", "One pharmacist is responsible for one pharmacy at a time.", "nobody who is signed in elsewhere", strings.TrimSpace(caller.Name+" "+caller.ID), "Sign out there first, with act = end.")
	}
	next := Responsible{Org: a.Org, Presence: SignedIn, Who: caller, Number: strings.TrimSpace(parameter(a.call, "registration").Text()), Since: now, Note: a.note, version: a.version}
	if a.Who.ID == caller.ID { // an absence of this day counts
		next.Away, next.Until = a.Away, a.Until
	}
	*a.Responsible = next
	return nil
}

// back ends an absence. That it was too long is recorded as it was, and told.
func (a *attendance) back(now time.Time) {
	if a.Left.IsZero() {
		return
	}
	away := a.awayOn(now)
	if most := mostAway(nhs.DateOf(now)); away > most || now.Sub(a.Left) > most {
		a.warning = fmt.Sprintf("The responsible pharmacist was absent for %s, and %s on a day is the most that is allowed.", max(away, now.Sub(a.Left)).Round(time.Second), most)
	}
	a.Away, a.Until, a.Left = away, now, time.Time{}
}

// SignIn signs a pharmacist in where nobody is: a sandbox begins with one.
func (s *Service) SignIn(ctx context.Context, who fhir.Principal, org string, now time.Time) error {
	p, err := responsibleOf(s.db.State(ctx), org)
	if err != nil || p.Presence != SignedOut {
		return err
	}
	p = &Responsible{Org: strings.ToUpper(org), Presence: SignedIn, Who: Party{ID: who.Agent, Name: who.Display}, Since: now, version: p.version}
	_, err = s.db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{p.change()}, Derived: true, Requester: who, Time: now})
	return err
}
