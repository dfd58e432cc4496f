package subscription

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/outbound/webhook"
	"github.com/pestle-fhir/pestle/server/auth"
)

// line is one subscription: what it asks for, which events there were, and how far they
// were delivered.
type line struct {
	id      string
	service *Service
	wake    chan struct{} // something has changed; of capacity 1

	ownerMu sync.Mutex // held while the owner is written

	mu      sync.Mutex
	version *fhir.Version // the newest that is known
	plan    *plan         // nil for one that was deleted
	written int           // the newest version by somebody else than the server; 0 where that is not known
	owner   owner
	count   count
	dirty   bool // count is not as the shelf has it
	last    *run // the newest events; nil until they are read
	sent    sent
	told    time.Time // when the receiver was last told something
	running bool
	again   []span // events to send once more
}

func newLine(s *Service, id string) *line {
	return &line{id: id, service: s, wake: make(chan struct{}, 1)}
}

// poke has the line look again.
func (l *line) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// recall takes what the shelf has.
func (l *line) recall(was *recalled) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.owner, l.count, l.sent = was.owner, was.count, was.sent
	l.state()
}

// renew takes a version of the Subscription, unless a newer one is known.
func (l *line) renew(v *fhir.Version, p *plan) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.version != nil && l.version.Seq >= v.Seq {
		return
	}
	l.version, l.plan = v, p
	if v.Requester.Agent != agent {
		l.written = number(v.VersionID)
	}
	l.state()
	l.poke()
}

// state has the counting of events follow the status: it begins when the Subscription
// becomes active, and ends when it is turned off. One in error goes on counting.
func (l *line) state() {
	switch {
	case l.plan == nil || l.plan.status == off:
		l.dirty = l.dirty || l.count.Counting || l.plan == nil
		l.count.Counting = false
	case l.plan.status == active && !l.count.Counting:
		l.count.Counting, l.count.From, l.dirty = true, l.version.Seq, true
	}
}

// changed reports whether the shelf is to be told of the count.
func (l *line) changed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dirty
}

// idle reports whether it asks for nothing.
func (l *line) idle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.plan == nil || l.plan.status == off
}

func (l *line) ownedBy(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.owner.Key == key
}

func (l *line) types() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.plan == nil {
		return nil
	}
	return l.plan.types()
}

// counts returns what is asked of the versions of a commit, and whether they count.
func (l *line) counts(seq fhir.Seq) (*plan, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.plan, l.plan != nil && l.count.Counting && seq > l.count.From
}

// identity is the owner as they are now: who wrote the newest version, and nobody before
// that is stored.
func (l *line) identity() (auth.Identity, error) {
	l.mu.Lock()
	o, known := l.owner, l.owner.Standing.By != "" && l.owner.Version >= l.written
	l.mu.Unlock()
	if !known || l.service.config.Again == nil {
		return auth.Identity{}, auth.ErrNobody
	}
	return l.service.config.Again(o.Standing, o.Since)
}

// note prepares to add events: what is to be written, and what to do when it is.
func (l *line) note(events []event) (values map[string][]byte, commit func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.plan == nil {
		return l.nothing(), func() { l.service.forget(l) }, nil
	}
	values, now := map[string][]byte{}, l.count
	last := l.last
	if last == nil {
		if last, err = l.runAt(firstOf(now.Events + 1)); err != nil {
			return nil, nil, err
		}
	}
	last = &run{last.first, slices.Clone(last.events)}
	for i, e := range events {
		if now.Events++; now.First == 0 {
			now.First = 1
		}
		if last.events = append(last.events, e); len(last.events) == runLength || i == len(events)-1 {
			values[runName(l.id, last.first)] = last.encode()
		}
		if len(last.events) == runLength {
			last = &run{first: now.Events + 1}
		}
	}
	for now.Events >= now.First+mostKept {
		values[runName(l.id, firstOf(now.First))] = nil
		now.First = firstOf(now.First) + runLength
	}
	values[countName(l.id)] = encoded(now)
	return values, func() {
		l.mu.Lock()
		is := l.count
		l.count, l.last = now, last
		l.count.Counting, l.count.From = is.Counting, is.From
		l.dirty = is.Counting != now.Counting || is.From != now.From
		l.mu.Unlock()
		l.poke()
	}, nil
}

// nothing deletes what the shelf has of the line.
func (l *line) nothing() map[string][]byte {
	values := map[string][]byte{ownerName(l.id): nil, countName(l.id): nil, sentName(l.id): nil}
	for first := firstOf(max(l.count.First, 1)); first <= l.count.Events; first += runLength {
		values[runName(l.id, first)] = nil
	}
	return values
}

// firstOf is the number of the first event of the run with an event.
func firstOf(number uint64) uint64 { return (number-1)/runLength*runLength + 1 }

// runAt reads a run; one without events where there is none.
func (l *line) runAt(first uint64) (*run, error) {
	b, err := l.service.config.Shelf.Get(runName(l.id, first))
	if err != nil {
		return nil, err
	}
	return decodeRun(first, b)
}

// numbered is an event with its number.
type numbered struct {
	number uint64
	event
}

// events reads up to most events from a number on, without those whose place is not
// known any more.
func (l *line) events(from uint64, most int) (list []numbered, err error) {
	l.mu.Lock()
	now, last := l.count, l.last
	l.mu.Unlock()
	from = max(from, now.First, 1)
	for from <= now.Events && len(list) < most {
		r := last
		if r == nil || r.first != firstOf(from) {
			if r, err = l.runAt(firstOf(from)); err != nil {
				return nil, err
			}
		}
		begin := int(from - r.first) //nolint:gosec // at most runLength
		if begin >= len(r.events) {
			break
		}
		for _, e := range r.events[begin:min(len(r.events), begin+most-len(list))] {
			if from > now.Events {
				break
			}
			list = append(list, numbered{from, e})
			from++
		}
	}
	return list, nil
}

// trouble is the status of the subscription, and why its notifications do not arrive;
// "" where they do.
func (l *line) trouble() (status, why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.plan == nil {
		return off, ""
	}
	if status = l.plan.status; status == off {
		return status, ""
	}
	if why = l.sent.Retry.Reason; why == "" && status == failed {
		why = "it was not served"
	}
	return status, why
}

// start has the line deliver, once.
func (l *line) start(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running || l.plan == nil || l.plan.status == off {
		return
	}
	l.running = true
	l.service.lines.Go(func() { l.run(ctx) })
}

// run delivers until ctx ends, or the subscription is turned off.
func (l *line) run(ctx context.Context) {
	var written sent
	for ctx.Err() == nil {
		l.mu.Lock()
		written = l.sent
		l.mu.Unlock()
		wait := l.step(ctx)
		l.mu.Lock()
		now, over := l.sent, l.plan == nil || l.plan.status == off
		l.running = !over
		l.mu.Unlock()
		if now != written || over {
			l.store(ctx, now, over)
		}
		if over {
			return
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-l.wake:
		}
		timer.Stop()
	}
}

// store writes down how far events were delivered; of a subscription that is off, that
// nothing is kept of its events.
func (l *line) store(ctx context.Context, now sent, over bool) {
	values := map[string][]byte{sentName(l.id): encoded(now)}
	if over {
		values[sentName(l.id)] = nil
	}
	if err := l.service.config.Shelf.Write(values); err != nil && ctx.Err() == nil {
		l.service.config.Logger.ErrorContext(ctx, "it is not stored how far a subscription was delivered", "subscription", l.id, "error", err)
	}
}

// glance is a copy of what the line knows.
type glance struct {
	plan  *plan
	sent  sent
	count count
	owner owner
	told  time.Time
	again []span

	unowned bool      // who wrote the newest version is not known
	written time.Time // when that was
}

// span is events from one number to another.
type span struct{ from, to uint64 }

func (l *line) look() glance {
	l.mu.Lock()
	defer l.mu.Unlock()
	is := glance{plan: l.plan, sent: l.sent, count: l.count, owner: l.owner, told: l.told, again: l.again}
	is.unowned = l.owner.Standing.By == "" || l.owner.Version < l.written
	if l.version != nil {
		is.written = l.version.LastUpdated
	}
	return is
}

// idleTime is how long a line waits that has nothing to do, until it looks whether its
// owner still may be told. It is woken before by whatever it has to do something about.
const idleTime = time.Minute

// step does the next thing that is to be done, and returns how long to wait after it.
func (l *line) step(ctx context.Context) time.Duration {
	is, now := l.look(), l.service.now()
	if is.plan == nil || is.plan.status == off {
		return idleTime
	}
	if !is.plan.end.IsZero() && !now.Before(is.plan.end) {
		l.become(ctx, off, "", is.plan.status)
		return idleTime
	}
	wait := idleTime
	if !is.plan.end.IsZero() {
		wait = min(wait, is.plan.end.Sub(now))
	}
	if is.plan.status == failed {
		return wait
	}
	who, err := l.identity()
	if err == nil {
		err = mayRead(&who, is.plan)
	}
	switch {
	case err != nil && is.unowned && now.Sub(is.written) < unowned:
		return time.Second // its writer is about to be known
	case err != nil:
		l.become(ctx, failed, "its owner may not be told any more: "+reason(err), is.plan.status)
		return idleTime
	case is.plan.triggers == nil:
		l.become(ctx, failed, "it asks for what the server does not serve", is.plan.status)
		return idleTime
	}
	if is.plan.status == requested {
		return min(wait, l.begin(ctx, is))
	}
	if is.plan.channel == socket {
		return min(wait, l.cast(ctx, is, &who))
	}
	if !is.sent.Retry.Due(now) {
		return min(wait, is.sent.Retry.Next.Sub(now))
	}
	if len(is.again) > 0 {
		return min(wait, l.repeat(ctx, is, &who))
	}
	if is.sent.Delivered < is.count.Events {
		upTo, pause := l.deliver(ctx, is, &who, span{is.sent.Delivered + 1, is.count.Events})
		l.mu.Lock()
		l.sent.Delivered = max(l.sent.Delivered, upTo)
		l.mu.Unlock()
		return min(wait, pause)
	}
	return min(wait, l.beat(ctx, is))
}

// unowned is how long a subscription may be without an owner: the time between its
// commit and when that is stored.
const unowned = 10 * time.Second

// begin tries whether a receiver that is new answers, and makes the subscription active.
func (l *line) begin(ctx context.Context, is glance) time.Duration {
	if is.plan.topic != nil && is.plan.channel == hook {
		result := l.call(ctx, is, l.notice(is, "handshake", nil), strconv.FormatUint(is.count.Events, 10)+"-handshake")
		if ctx.Err() != nil {
			return 0
		}
		if !result.Delivered {
			l.become(ctx, failed, "the handshake failed: "+result.Reason, requested)
			return idleTime
		}
	}
	l.mu.Lock()
	l.sent.Retry = webhook.Retry{}
	l.mu.Unlock()
	l.become(ctx, active, "", requested)
	return 0
}

// beat tells a receiver that has not been told anything for the time it wishes that the
// subscription is served.
func (l *line) beat(ctx context.Context, is glance) time.Duration {
	if is.plan.heartbeat == 0 {
		return idleTime
	}
	now := l.service.now()
	if due := is.told.Add(is.plan.heartbeat); !is.told.IsZero() && now.Before(due) {
		return due.Sub(now)
	}
	if !is.told.IsZero() {
		result := l.call(ctx, is, l.notice(is, "heartbeat", nil), strconv.FormatUint(is.count.Events, 10)+"-heartbeat-"+strconv.FormatInt(now.UnixNano(), 36))
		l.judge(ctx, result)
	}
	l.mu.Lock()
	l.told = now
	l.mu.Unlock()
	return is.plan.heartbeat
}

// repeat sends events once more.
func (l *line) repeat(ctx context.Context, is glance, who *auth.Identity) time.Duration {
	upTo, pause := l.deliver(ctx, is, who, is.again[0])
	l.mu.Lock()
	defer l.mu.Unlock()
	if upTo >= is.again[0].to {
		l.again = l.again[1:]
	} else if upTo > 0 {
		l.again[0].from = upTo + 1
	}
	return pause
}

// judge takes what became of a call.
func (l *line) judge(ctx context.Context, result webhook.Result) {
	if ctx.Err() != nil && !result.Delivered {
		return
	}
	if result.Delivered {
		l.service.delivered.Add(1)
	} else {
		l.service.refused.Add(1)
	}
	now := l.service.now()
	l.mu.Lock()
	was := l.sent.Retry
	l.sent.Retry = was.After(result, now, l.service.jitter())
	if result.Delivered {
		l.sent.Latest, l.told = now, now
	}
	is := l.sent.Retry
	l.mu.Unlock()
	switch {
	case is.Over:
		l.become(ctx, failed, is.Reason, active)
	case is.Failures == noted: // a first failure may pass by itself
		l.become(ctx, active, is.Reason, active)
	case is.Failures == 0 && was.Failures >= noted:
		l.become(ctx, active, "", active)
	}
	if is.Failures > 0 {
		l.service.config.Logger.WarnContext(ctx, "notifications do not arrive", "subscription", l.id, "failures", is.Failures, "reason", is.Reason)
	}
}

// noted is after how many failures in a row the Subscription says so.
const noted = 2

func (s *Service) jitter() float64 {
	if s.config.Jitter != nil {
		return s.config.Jitter()
	}
	return rand.Float64() //nolint:gosec // it spreads attempts
}
