package subscription

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/outbound/webhook"
	"github.com/pestle-fhir/pestle/internal/sorting"
)

// Served is how a Subscription is served, for who administers the server: nothing of what
// it asks for, and of its receiver the host alone.
type Served struct {
	ID, Status, Channel, Host string
	Owner                     string // the organisation and the client that wrote it last
	Events, Delivered         uint64 // the numbers of the last ones
	Latest                    time.Time
	Retry                     webhook.Retry
}

// Served are all Subscriptions that are not off, by id.
func (s *Service) Served() (list []Served) {
	s.mu.Lock()
	lines := slices.Collect(maps.Values(s.byID))
	s.mu.Unlock()
	for _, l := range lines {
		if is := l.look(); is.plan != nil && is.plan.status != off {
			list = append(list, Served{ID: l.id, Status: is.plan.status, Channel: is.plan.channel, Host: hostOf(is.plan.endpoint), Owner: is.owner.Key, Events: is.count.Events, Delivered: is.sent.Delivered, Latest: is.sent.Latest, Retry: is.sent.Retry})
		}
	}
	sorting.By(list, func(a, b Served) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// Again has a Subscription delivered at once what was not delivered: also one for which no
// attempt was made any more. Its receiver is tried first, as if it were new.
func (s *Service) Again(ctx context.Context, id string) error {
	l := s.find(id)
	if l == nil {
		return fhir.E("subscription", fhir.NotFound, fhir.Issue{Message: "There is no such Subscription, or nothing of it is served.", Found: id})
	}
	is := l.look()
	if is.plan == nil || is.plan.status == off {
		return fhir.E("subscription", fhir.BusinessRule, fhir.Issue{Message: "The Subscription is off: whoever owns it turned it off, and turns it on again.", Expected: "a Subscription that is requested, active or in error", Found: off})
	}
	l.mu.Lock()
	l.sent.Retry = webhook.Retry{}
	l.mu.Unlock()
	if is.plan.status == failed {
		l.become(ctx, requested, "", failed)
	}
	l.poke()
	return nil
}
