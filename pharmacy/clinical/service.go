package clinical

import (
	"context"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Database is what the service needs of the store.
type Database interface {
	pharmacy.Committer
	pharmacy.Reader
}

// Options are what the service is made with. The zero value works.
type Options struct {
	// Site is the pharmacy that the server serves, an ODS code.
	Site string
	// Rules are the rules; nil for [BuiltIn].
	Rules Table
}

// Service checks orders, records what it finds, and stops what is found to be stopped.
type Service struct {
	db    Database
	site  string
	rules Table
}

// New makes the service over a database.
func New(db Database, opts Options) *Service {
	s := &Service{db: db, site: opts.Site, rules: opts.Rules}
	if s.rules == nil {
		s.rules = BuiltIn
	}
	return s
}

// Guard is the guard of a service with these options, for a database that is
// opened before the service that works on it.
func Guard(opts Options) fhir.Guard { return New(nil, opts).Guard }

// Followers are to be driven along the change log.
func (s *Service) Followers() []pharmacy.Follower { return []pharmacy.Follower{follower{s}} }

// Operations are the operations for the server to offer.
func (s *Service) Operations() []fhir.Operation {
	return []fhir.Operation{{Name: "detect-issues", Type: "MedicationRequest", Instance: true, Handle: s.detectIssues, Parameters: []fhir.Parameter{},
		Doc: "Checks an order now, records its clinical issues, and returns them."}}
}

// judged is what was found of an order.
type judged struct {
	order    Order
	patient  node   // the subject of the order
	pharmacy string // that the order is for
	findings []Finding
}

// check judges an order as the state has it, by the rules that pick leaves; within
// are the refs of the transaction that is judged, nil for none.
func (s *Service) check(state fhir.State, v *fhir.Version, p person, on time.Time, pick func(Table, *Order) Table, within map[string]bool) (j judged, err error) {
	r, err := v.Resource()
	if err != nil {
		return j, err
	}
	g := gatherer{state: state, on: on, person: p, kinds: medicinesOf(state), within: within}
	if j.order, err = g.kinds.order(v); err != nil {
		return j, err
	}
	j.patient, g.order = r.Get("subject"), &j.order
	rules := pick(s.rules, &j.order).about(&j.order, on)
	if len(rules) == 0 {
		return j, nil
	}
	if j.pharmacy, err = pharmacyOf(state, r.Root(), s.site); err != nil {
		return j, err
	}
	if g.scope, err = scopeOf(state, v, r.Root(), j.pharmacy, s.site); err != nil {
		return j, err
	}
	who, err := p.patient(state)
	if err != nil {
		return j, err
	}
	h, err := g.gather(rules)
	if err != nil {
		return j, err
	}
	j.findings = rules.Check(on, &who, &j.order, h)
	return j, nil
}

func everyRule(t Table, _ *Order) Table { return t }

// checkAll checks the open orders of a person and records what is found; v is the
// version after which it does so.
func (s *Service) checkAll(state fhir.State, p person, v *fhir.Version) (changes []fhir.Change, err error) {
	orders, err := p.openOrders(state)
	if err != nil {
		return nil, err
	}
	for _, o := range orders {
		r, err := o.Resource()
		if err != nil {
			return nil, err
		}
		if number(r.Root()) == "" {
			continue // of no prescription
		}
		more, err := s.checkOne(state, o, p, v)
		if err != nil {
			return nil, err
		}
		changes = append(changes, more...)
	}
	return changes, nil
}

// checkOne checks an order after a version and records what is found. The record of
// the patient that it names comes first. A follower that is behind, or takes a version
// again, reads a state that is later than the version: the day of the check is that
// of the latest of what the order's issues are known from, so that it is never
// judged as of a day before the one on which it was last.
func (s *Service) checkOne(state fhir.State, o *fhir.Version, p person, v *fhir.Version) ([]fhir.Change, error) {
	r, err := o.Resource()
	if err != nil {
		return nil, err
	}
	now := later(v.LastUpdated, o.LastUpdated)
	before, err := issuesOf(state, o.Ref())
	if err != nil {
		return nil, err
	}
	for _, issue := range before {
		now = later(now, issue.LastUpdated)
	}
	if id := patientOf(r); id != "" {
		p = p.first(id)
	}
	j, err := s.check(state, o, p, nhs.Midnight(now), everyRule, nil)
	if err != nil {
		return nil, err
	}
	return issueChanges(state, &j, now, before)
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// openOrder reads an order that an operation is invoked on.
func openOrder(state fhir.State, op, id string) (*fhir.Version, *fhir.Resource, error) {
	v, err := state.Current("MedicationRequest", id)
	if err != nil {
		return nil, nil, err
	}
	if v == nil || v.Deleted() {
		return nil, nil, noOrder(op, id)
	}
	r, err := v.Resource()
	return v, r, err
}

// noOrder says the same of an order that is not here and of one that is another
// pharmacy's.
func noOrder(op, id string) error {
	return fhir.E(op, fhir.NotFound, fhir.Issue{Message: "There is no MedicationRequest/" + id + ".", Expected: "an order that the caller's pharmacy is to supply"})
}

// attempts bounds how often an operation that another writer overtook is decided
// anew.
const attempts = 50

// detectIssues is MedicationRequest/…/$detect-issues.
func (s *Service) detectIssues(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	const op = "detect-issues"
	var err error
	for range attempts {
		state := s.db.State(ctx)
		v, r, failed := openOrder(state, op, call.ID)
		if failed != nil {
			return nil, failed
		}
		pharmacy, failed := pharmacyOf(state, r.Root(), s.site)
		if failed != nil {
			return nil, failed
		}
		if who := call.Requester; who.Bound() && !who.ActsFor(pharmacy) {
			return nil, noOrder(op, call.ID) // only the pharmacy is told of records that its prescriber does not see
		}
		if !isOpen(r.Root()) || number(r.Root()) == "" {
			return nil, fhir.E(op, fhir.BusinessRule, fhir.Issue{Rule: "CLINICAL-1", Expression: "MedicationRequest.status", Message: "Orders of prescriptions are checked until they are supplied or ended.",
				Expected: "an active order with the number of its prescription", Found: r.Get("status").Text()})
		}
		p, failed := subjectOf(state, r.Root())
		if failed != nil {
			return nil, failed
		}
		j, failed := s.check(state, v, p, nhs.Midnight(call.Time), everyRule, nil)
		if failed != nil {
			return nil, failed
		}
		before, failed := issuesOf(state, v.Ref())
		if failed != nil {
			return nil, failed
		}
		changes, failed := issueChanges(state, &j, call.Time, before)
		if failed != nil {
			return nil, failed
		}
		if len(changes) == 0 {
			return j.reply(), nil
		}
		_, err = s.db.Commit(ctx, &fhir.Transaction{Changes: changes, Derived: true, Requester: call.Requester, RequestID: call.RequestID, Time: call.Time})
		switch {
		case err == nil:
			return j.reply(), nil
		case fhir.KindOf(err) != fhir.Conflict:
			return nil, err
		}
	}
	return nil, err
}

// reply lists what was found.
func (j *judged) reply() *fhir.Reply {
	var list []any
	for i := range j.findings {
		f := &j.findings[i]
		list = append(list, fhir.Obj("name", "finding", "part", fhir.List(
			fhir.Obj("name", "issue", "valueReference", fhir.Obj("reference", "DetectedIssue/"+IssueID(j.order.Ref, f))),
			fhir.Obj("name", "rule", "valueCode", f.Rule.ID), fhir.Obj("name", "severity", "valueCode", f.Rule.Severity),
			fhir.Obj("name", "stops", "valueBoolean", f.Rule.Stops(j.order.Schedule)), fhir.Obj("name", "detail", "valueString", f.Rule.Text+" "+f.Detail))))
	}
	return &fhir.Reply{Resource: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(list...)).Resource()}
}
