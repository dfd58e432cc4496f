package dispensing

import (
	"context"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

const (
	glance = 2 * time.Millisecond // how often a call looks whether the follower has come
	recent = 5 * time.Second      // how old an order may be that the follower may not have seen
)

// catchUp lets a call that follows a prescription on its heels find the Task:
// it waits until the follower has made it. It does not wait for prescriptions
// that are not here.
func (s *Service) catchUp(ctx context.Context, number string) error {
	late := time.After(s.patience)
	for {
		state := s.db.State(ctx)
		x, err := currentIssue(state, number)
		if err != nil || x != nil {
			return err
		}
		orders, err := ordersOf(state, number)
		if err != nil || !anyIssued(orders) {
			return err
		}
		select {
		case <-late:
			return fhir.E("task", fhir.Timeout, fhir.Issue{Message: "The prescription is here, but its Task is not yet.", Found: number,
				Fix: "Try again in a moment; if it stays so, look for a failed Task whose focus is the order."})
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(glance):
		}
	}
}

func anyIssued(orders []*prescription.Order) bool {
	for _, o := range orders {
		if o.Issued() {
			return true
		}
	}
	return false
}

// catchUpNominated does so for what has just been nominated to a pharmacy.
func (s *Service) catchUpNominated(ctx context.Context, ods string, now time.Time) error {
	state := s.db.State(ctx)
	ids, err := state.Find("MedicationRequest", nhs.Query("intended-dispenser:identifier", nhs.IDODS, ods)+"&_lastUpdated=ge"+now.Add(-recent).UTC().Format(fhir.InstantLayout))
	if err != nil {
		return err
	}
	for _, id := range ids {
		o, err := currentOrder(state, "MedicationRequest/"+id)
		if err == nil && o != nil && o.Number() != "" {
			err = s.catchUp(ctx, o.Number())
		}
		if err != nil {
			return err
		}
	}
	return nil
}
