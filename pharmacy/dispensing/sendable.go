package dispensing

import (
	"slices"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Sendable are the numbers of the items of a Task that a warehouse may pack and send:
// those that are with the pharmacy and outstanding, wait for nobody's decision, are
// approved where the pharmacy's policy asks for that of their schedule, and may be supplied
// on the day. What is in the bag or with a courier already stays sendable.
func (s *Service) Sendable(state fhir.State, v *fhir.Version, now time.Time) (items []string, err error) {
	x, err := readTask(state, v)
	if err != nil || x == nil || !x.State.WithDispenser() {
		return nil, err
	}
	rules := s.rules()
	rules.Classify(x.Prescription)
	work := rules.Work(x.Prescription)
	today := nhs.DateOf(now)
	for i := range x.Lines {
		l := &x.Lines[i]
		waits := slices.ContainsFunc(work, func(w prescription.Work) bool { return w.Item == l.Item && waitsForDecision[w.Queue] })
		if waits || !l.Status.Outstanding() || l.PendingCancellation || !l.Last.IsZero() && l.Last.Before(today) || today.Before(x.Appropriate(false)) ||
			rules.Policy.Asks(prescription.ApproveStep, l, x.Private(), today) && !x.Approved(l) {
			continue
		}
		items = append(items, l.Item)
	}
	return items, nil
}

// waitsForDecision are the queues in which an item waits for somebody to decide.
var waitsForDecision = map[prescription.Queue]bool{prescription.LegalHold: true, prescription.ClinicalHold: true, prescription.QueryQueue: true, prescription.AwaitingOriginal: true}
