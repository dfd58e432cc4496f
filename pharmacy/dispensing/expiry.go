package dispensing

import (
	"slices"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// expiry ends what may no longer be supplied, on the day after the last one by the
// calendar of London: items by themselves, and the prescription with its last item.
// What was supplied before is claimed for. Nobody has to ask.
type expiry struct{ service *Service }

var _ pharmacy.Timed = expiry{}

// Timed are to be driven along the time.
func (s *Service) Timed() []pharmacy.Timed { return []pharmacy.Timed{expiry{s}} }

// Name names the agent.
func (expiry) Name() string { return "expiry" }

// Next is midnight in London.
func (expiry) Next(now time.Time) time.Time { return nhs.NextDay(now) }

// open are the business statuses of prescriptions of which something may be supplied.
var open = []string{prescription.Waiting.Business, prescription.Accepted.Business, prescription.Active.Business}

// Due lists the Tasks of prescriptions with an item whose last day is over.
func (expiry) Due(state fhir.State, now time.Time) ([]string, error) {
	var statuses []string
	for _, code := range open {
		statuses = append(statuses, nhs.CSBusinessStatus+"|"+code)
	}
	return state.Find("Task", "business-status="+strings.Join(statuses, ",")+"&last-day=lt"+nhs.DateOf(now).String())
}

// Looks picks the Task of a prescription that comes with an item whose last day is
// over: one that arrived late, or whose notification did.
func (expiry) Looks(v *fhir.Version, now time.Time) (string, error) {
	if v.Type != "Task" || v.Deleted() {
		return "", nil
	}
	r, err := v.Resource()
	if err != nil || !isOurs(r) {
		return "", err
	}
	today := nhs.DateOf(now)
	for in := range r.Get("input").Items() {
		if last := nhs.ReadDate(nhs.Extension(in, extLastDay).Get("valueDate").Text()); !last.IsZero() && last.Before(today) {
			return v.ID, nil
		}
	}
	return "", nil
}

// Pass decides on the Task of a prescription as of a day.
func (e expiry) Pass(state fhir.State, id string, now time.Time) ([]fhir.Change, error) {
	v, err := state.Current("Task", id)
	if err != nil || v == nil || v.Deleted() {
		return nil, err
	}
	x, err := readTask(state, v)
	if err != nil || x == nil {
		return nil, err
	}
	if to, _ := prescription.Moves(x.State, prescription.Expire); to == "" {
		return nil, nil
	}
	out, issues := e.service.rules().Decide(x.Prescription, prescription.Caller{Dispenses: true}, prescription.Request{Event: prescription.Expire, Now: now, Place: "Task"})
	if len(issues) > 0 { // nothing is over, or not yet
		return nil, nil
	}
	cancelled := x.cancelledAfterAll(out.Verdicts, now)
	x.Prescription = out.After
	changes, err := e.service.finish(state, x, now)
	return append(cancelled, slices.DeleteFunc(changes, func(c fhir.Change) bool {
		return slices.ContainsFunc(cancelled, func(o fhir.Change) bool { return o.Type == c.Type && o.ID == c.ID })
	})...), err
}
