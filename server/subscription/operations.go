package subscription

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/internal/outbound/webhook"
	"github.com/pestle-fhir/pestle/server/auth"
)

const subscription = "Subscription"

// Operations are those on Subscriptions: $status, $events and $get-ws-binding-token of the
// backport, $resend of its next version, and $webhook-secret.
func (s *Service) Operations() []fhir.Operation {
	number := func(name, doc string) fhir.Parameter {
		return fhir.Parameter{Name: name, Kinds: []string{"valueString", "valueInteger", "valueUnsignedInt"}, Doc: doc}
	}
	since, until := number("eventsSinceNumber", "The number of the first event."), number("eventsUntilNumber", "The number of the last event.")
	ids := fhir.Parameter{Name: "id", Kinds: []string{"valueId", "valueString"}, Repeated: true, Doc: "Logical ids of Subscriptions; all of the caller's without it."}
	list := []fhir.Operation{
		{Name: "status", Type: subscription, Idempotent: true, Doc: "How Subscriptions are: their status, how many events there were, and why notifications do not arrive.", Handle: s.statusOf,
			Parameters: []fhir.Parameter{ids, {Name: "status", Kinds: []string{"valueCode", "valueString"}, Repeated: true, Doc: "Statuses of Subscriptions."}}},
		{Name: "status", Type: subscription, Instance: true, Idempotent: true, Doc: "How a Subscription is: its status, how many events there were, and why notifications do not arrive.", Handle: s.statusOf,
			Parameters: []fhir.Parameter{ids, {Name: "status", Kinds: []string{"valueCode", "valueString"}, Repeated: true, Doc: "It is left out of account."}}},
		{Name: "events", Type: subscription, Instance: true, Idempotent: true, Doc: "Events that there were, by their numbers, with what the caller may read of them.", Handle: s.eventsOf,
			Parameters: []fhir.Parameter{since, until, {Name: "content", Kinds: []string{"valueCode", "valueString"}, Doc: "empty, id-only or full-resource.", Only: []string{empty, idOnly, fullResource}}}},
		{Name: "resend", Type: subscription, Instance: true, Doc: "Sends events once more to the receiver of a Subscription, under the same numbers.", Handle: s.resend, Parameters: []fhir.Parameter{since, until}},
		{Name: "webhook-secret", Type: subscription, Instance: true, Doc: "The secret with which notifications of a Subscription are signed (Standard Webhooks), for its owner alone. When it is rotated, the old one signs too for a day.", Handle: s.secretOf,
			Parameters: []fhir.Parameter{{Name: "rotate", Kinds: []string{"valueBoolean"}, Doc: "Make a new secret."}}},
	}
	if s.config.Sockets != "" {
		doc := "A token by which a websocket is told of Subscriptions of the caller: it sends bind-with-token and the token."
		list = append(list,
			fhir.Operation{Name: "get-ws-binding-token", Type: subscription, Idempotent: true, Doc: doc, Handle: s.bindingToken, Parameters: []fhir.Parameter{ids}},
			fhir.Operation{Name: "get-ws-binding-token", Type: subscription, Instance: true, Idempotent: true, Doc: doc, Handle: s.bindingToken, Parameters: []fhir.Parameter{ids}})
	}
	return list
}

// given are the values of a parameter, of the body or of the query.
func given(call *fhir.Call, name string) (values []string) {
	values = append(values, call.Params[name]...)
	if call.Body == nil {
		return values
	}
	for p := range call.Body.Get("parameter").Items() {
		if p.Get("name").Text() != name {
			continue
		}
		for m := range p.Members() {
			if m.Name() != "name" {
				values = append(values, m.Text())
			}
		}
	}
	return values
}

// one is a Subscription that the caller sees, with its line; without a line it is not
// served, and nothing is known of it but itself.
func (s *Service) one(v *fhir.Version) (*line, glance, error) {
	r, err := v.Resource()
	if err != nil || r == nil {
		return nil, glance{}, err
	}
	p, _ := s.rules().read(r)
	l := s.find(v.ID)
	if l == nil {
		l = newLine(s, v.ID)
	}
	is := l.look()
	is.plan = p
	if text := r.Get("error").Text(); is.sent.Retry.Reason == "" && p.status == failed {
		is.sent.Retry.Reason = text
	}
	return l, is, nil
}

// read is the Subscription of a call, which the caller sees.
func (s *Service) read(ctx context.Context, id string) (*line, glance, error) {
	v, err := s.config.Repository.Read(ctx, subscription, id)
	if err == nil && v.Deleted() {
		err = fhir.E("subscription", fhir.NotFound, fhir.Issue{Message: "The Subscription was deleted.", Found: id})
	}
	if err != nil {
		return nil, glance{}, err
	}
	select {
	case <-s.known:
	case <-ctx.Done():
	case <-time.After(knownWithin):
	}
	return s.one(v)
}

// knownWithin is how long a call waits, after the start of the server, until it is known who
// owns the subscriptions. Where others tell of events it never is.
const knownWithin = 5 * time.Second

// mostListed is how many Subscriptions $status tells of.
const mostListed = 1000

func (s *Service) statusOf(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	var versions []*fhir.Version
	if call.ID != "" {
		v, err := s.config.Repository.Read(ctx, subscription, call.ID)
		if err == nil && v.Deleted() {
			err = fhir.E("subscription", fhir.NotFound, fhir.Issue{Message: "The Subscription was deleted.", Found: call.ID})
		}
		if err != nil {
			return nil, err
		}
		versions = []*fhir.Version{v}
	} else {
		found, err := s.config.Repository.Search(ctx, &search.Query{Type: subscription, Count: mostListed})
		if err != nil {
			return nil, err
		}
		ids, statuses := given(call, "id"), given(call, "status")
		for _, v := range found.Matches {
			r, err := v.Resource()
			if err != nil {
				return nil, err
			}
			if (len(ids) == 0 || slices.Contains(ids, v.ID)) && (len(statuses) == 0 || slices.Contains(statuses, r.Get("status").Text())) {
				versions = append(versions, v)
			}
		}
	}
	entries := make([]any, 0, len(versions))
	for _, v := range versions {
		l, is, err := s.one(v)
		if err != nil {
			return nil, err
		}
		entries = append(entries, fhir.Obj("fullUrl", "urn:uuid:"+uuid.NewString(), "resource", l.parameters(is, "query-status", nil), "search", fhir.Obj("mode", "match")))
	}
	return &fhir.Reply{Impersonal: true, Resource: fhir.Obj("resourceType", "Bundle", "id", uuid.NewString(), "type", "searchset", "timestamp", s.now().Format(fhir.InstantLayout), "total", len(entries), "entry", fhir.List(entries...)).Resource()}, nil
}

// mostAsked is how many events $events answers with.
const mostAsked = 1000

// spanOf reads which events a call is about: all that are known, where it does not say.
func spanOf(call *fhir.Call, is glance) (span, error) {
	out := span{1, is.count.Events}
	for name, into := range map[string]*uint64{"eventsSinceNumber": &out.from, "eventsUntilNumber": &out.to} {
		for _, text := range given(call, name) {
			n, err := strconv.ParseUint(text, 10, 63)
			if err != nil {
				return out, fhir.E("subscription", fhir.Invalid, fhir.Issue{Message: "It is not the number of an event.", Expression: name, Expected: "decimal digits", Found: text})
			}
			*into = n
		}
	}
	out.to = min(out.to, is.count.Events)
	return out, nil
}

func (s *Service) eventsOf(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	l, is, err := s.read(ctx, call.ID)
	if err != nil {
		return nil, err
	}
	what, err := spanOf(call, is)
	if err != nil {
		return nil, err
	}
	if who := auth.IdentityIn(ctx); who != nil {
		if err := mayRead(who, is.plan); err != nil {
			return nil, err
		}
	}
	p := *is.plan
	for _, content := range given(call, "content") {
		p.content = content
	}
	is.plan = &p
	var events []happened
	if what.from <= what.to {
		list, err := l.events(what.from, mostAsked)
		if err != nil {
			return nil, err
		}
		list = slices.DeleteFunc(list, func(n numbered) bool { return n.number > what.to })
		if events, err = s.happenings(ctx, &call.Requester, list); err != nil {
			return nil, err
		}
	}
	return &fhir.Reply{Resource: l.notice(is, "query-event", events)}, nil
}

// mostAgain is how many requests to send events once more a subscription may have.
const mostAgain = 100

func (s *Service) resend(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	l, is, err := s.read(ctx, call.ID)
	if err != nil {
		return nil, err
	}
	what, err := spanOf(call, is)
	switch {
	case err != nil:
		return nil, err
	case is.plan.status != active || is.plan.channel == socket:
		return nil, fhir.E("subscription", fhir.BusinessRule, fhir.Issue{Message: "Events are sent once more while a Subscription is active, and has a receiver that is called.", Expected: active, Found: is.plan.status,
			Fix: "Write the status requested first: what was not delivered is delivered then. Or ask with $events."})
	case what.from > what.to || what.from == 0:
		return nil, fhir.E("subscription", fhir.Invalid, fhir.Issue{Message: "There are no such events.", Expected: "numbers from 1 to " + strconv.FormatUint(is.count.Events, 10), Expression: "eventsSinceNumber"})
	}
	what.to = min(what.to, is.sent.Delivered) // the others are under way
	l.mu.Lock()
	full := len(l.again) >= mostAgain
	if !full && what.from <= what.to {
		l.again = append(slices.Clone(l.again), what)
	}
	l.mu.Unlock()
	if full {
		return nil, fhir.E("subscription", fhir.Throttled, fhir.Issue{Message: "So much is to be sent once more that no more is taken."})
	}
	l.poke()
	return &fhir.Reply{Impersonal: true, Resource: fhir.Outcome([]fhir.Issue{{Severity: fhir.Information, Code: fhir.Informational,
		Message: "Events " + strconv.FormatUint(what.from, 10) + " to " + strconv.FormatUint(max(what.to, what.from-1), 10) + " are sent once more. What has not been delivered yet is sent anyway."}}).Resource()}, nil
}

// ofOwner refuses who does not own a subscription.
func (l *line) ofOwner(call *fhir.Call) error {
	if !l.ownedBy(ownerKey(&call.Requester)) {
		return fhir.E("subscription", fhir.Forbidden, fhir.Issue{Rule: "subscription", Message: "This is for the client alone that wrote the Subscription last.", Fix: "Ask with its token, or write the Subscription with yours."})
	}
	return nil
}

func (s *Service) secretOf(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	l, _, err := s.read(ctx, call.ID)
	if err == nil {
		err = l.ofOwner(call)
	}
	if err != nil {
		return nil, err
	}
	now := s.now()
	if slices.Equal(given(call, "rotate"), []string{"true"}) {
		if err := l.rotate(now); err != nil {
			return nil, err
		}
	}
	secrets, list := l.secrets(now), []any{}
	for i, secret := range secrets {
		name := "secret"
		if i > 0 {
			name = "previous"
		}
		list = append(list, fhir.Obj("name", name, "valueString", secret.String()))
	}
	if len(secrets) > 1 {
		list = append(list, fhir.Obj("name", "previousUntil", "valueInstant", l.look().owner.Rotated.Add(rotation).UTC().Format(fhir.InstantLayout)))
	}
	return &fhir.Reply{Impersonal: true, Resource: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(list...)).Resource()}, nil
}

// rotate puts a new secret before the one that there is.
func (l *line) rotate(now time.Time) error {
	l.ownerMu.Lock()
	defer l.ownerMu.Unlock()
	l.mu.Lock()
	o := l.owner
	l.mu.Unlock()
	o.Secrets, o.Rotated = append([]webhook.Secret{webhook.NewSecret()}, o.Secrets[:min(1, len(o.Secrets))]...), now
	if err := l.service.config.Shelf.Write(map[string][]byte{ownerName(l.id): encoded(o)}); err != nil {
		return err
	}
	l.mu.Lock()
	l.owner = o
	l.mu.Unlock()
	return nil
}

func (s *Service) bindingToken(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	ids := given(call, "id")
	if call.ID != "" {
		ids = []string{call.ID}
	}
	if len(ids) == 0 {
		s.mu.Lock()
		for id, l := range s.byID {
			if l.ownedBy(ownerKey(&call.Requester)) && l.look().plan != nil && l.look().plan.channel == socket && !l.idle() {
				ids = append(ids, id)
			}
		}
		s.mu.Unlock()
		slices.Sort(ids)
	}
	if len(ids) == 0 || len(ids) > mostBound {
		return nil, fhir.E("subscription", fhir.Invalid, fhir.Issue{Message: "A token is for Subscriptions of the caller that have the channel websocket.", Expression: "id", Expected: "1 to " + strconv.Itoa(mostBound) + " of them", Found: strconv.Itoa(len(ids))})
	}
	list := []any{}
	for _, id := range ids {
		l, is, err := s.read(ctx, id)
		if err == nil {
			err = l.ofOwner(call)
		}
		if err != nil {
			return nil, err
		}
		if is.plan.channel != socket || is.plan.topic == nil || is.plan.status == off || is.plan.status == failed {
			return nil, fhir.E("subscription", fhir.BusinessRule, fhir.Issue{Message: "The Subscription is not served by a websocket with a token.", Found: id, Expected: "a Subscription to a topic with the channel websocket, requested or active", Expression: "id"})
		}
		list = append(list, fhir.Obj("name", "subscription", "valueString", id))
	}
	token, expires, err := s.sockets.token(ids, s.now())
	if err != nil {
		return nil, err
	}
	list = append([]any{fhir.Obj("name", "token", "valueString", token), fhir.Obj("name", "expiration", "valueDateTime", expires.UTC().Format(time.RFC3339))}, list...)
	list = append(list, fhir.Obj("name", "websocket-url", "valueUrl", s.config.Sockets))
	return &fhir.Reply{Impersonal: true, Resource: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(list...)).Resource()}, nil
}
