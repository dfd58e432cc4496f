package notices

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Bounds of the delivery.
const (
	sendTime = 30 * time.Second // for one attempt
	inFlight = 4                // messages that are sent at a time
	reads    = 256              // commits of the log that are read at once
	rest     = time.Minute      // after which it looks at the clock again, and a pause after a failure
)

// pauses are how long after an attempt that failed the next one is, by how many failed; the
// last goes on until the time of the template is over.
var pauses = []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour}

func pauseAfter(failed int) time.Duration { return pauses[min(max(failed-1, 0), len(pauses)-1)] }

// Deliver sends what is to be sent until ctx ends: first what was left by the process before, then
// what is asked for. What waits is in the database alone, so that nothing is forgotten by
// a crash.
func (s *Service) Deliver(ctx context.Context) {
	if !s.On() {
		return
	}
	for ctx.Err() == nil {
		if err := s.deliver(ctx); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "notices wait", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}
}

func (s *Service) deliver(ctx context.Context) error {
	seq := s.db.Head()
	ids, err := s.db.State(ctx).Find("CommunicationRequest", nhs.Query("category", csNotice, "")+"&status=active")
	if err != nil {
		return err
	}
	waiting := map[string]time.Time{} // when each is due
	for _, id := range ids {
		waiting[id] = time.Time{}
	}
	for ctx.Err() == nil {
		if err := s.sendDue(ctx, waiting); err != nil {
			return err
		}
		next := rest
		for _, at := range waiting {
			next = min(next, max(at.Sub(s.clock()), time.Millisecond))
		}
		within, cancel := context.WithTimeout(ctx, next)
		err := s.db.Wait(within, seq)
		cancel()
		if err != nil {
			continue // it is time for the next, or to end
		}
		entries, err := s.db.Log(ctx, seq, reads)
		if err != nil {
			return err
		}
		for _, e := range entries {
			seq = e.Seq
			for _, v := range e.Versions {
				if v.Type != "CommunicationRequest" {
					continue
				}
				if q, err := readRequest(v); err == nil && q != nil && q.status == active {
					waiting[v.ID] = q.next
				}
			}
		}
	}
	return nil
}

// sendDue sends what is due, several at a time, and notes when what failed is due again.
func (s *Service) sendDue(ctx context.Context, waiting map[string]time.Time) error {
	now := s.clock()
	var due []string
	for id, at := range waiting {
		if !at.After(now) {
			due = append(due, id)
		}
	}
	slices.Sort(due)
	again := make([]time.Time, len(due))
	var group errgroup.Group
	group.SetLimit(inFlight)
	for i, id := range due {
		group.Go(func() (err error) {
			again[i], err = s.Attempt(ctx, id)
			return err
		})
	}
	err := group.Wait()
	for i, id := range due {
		if delete(waiting, id); !again[i].IsZero() {
			waiting[id] = again[i]
		}
	}
	return err
}

// tries bounds how often the outcome of an attempt is written anew because another writer
// was quicker.
const tries = 8

// Attempt tries to send the message that a CommunicationRequest asks for, where it is
// active and due, and records what came of it. It returns when it is to be tried again,
// zero for never.
func (s *Service) Attempt(ctx context.Context, id string) (again time.Time, err error) {
	state := s.db.State(ctx)
	v, err := state.Current("CommunicationRequest", id)
	if err != nil {
		return s.clock().Add(rest), err
	}
	q, err := readRequest(v)
	if err != nil || q == nil || q.status != active {
		return time.Time{}, err
	}
	if q.next.After(s.clock()) {
		return q.next, nil
	}
	o, err := s.send(s.traces.Into(ctx, v.RequestID), state, q)
	if err != nil {
		return s.clock().Add(rest), err
	}
	s.told.count(o)
	return s.record(ctx, q, o)
}

// deliveries count attempts to tell patients, by what came of them.
type deliveries struct{ sent, failed, unsent atomic.Uint64 }

func (t *deliveries) count(o outcome) {
	switch {
	case o.failed != "":
		t.failed.Add(1)
	case o.reason != "":
		t.unsent.Add(1)
	default:
		t.sent.Add(1)
	}
}

// Deliveries counts the attempts to tell patients since the start: messages that were taken
// for delivery, attempts that failed and may be made again, and what is not sent for good.
func (s *Service) Deliveries() map[string]float64 {
	return map[string]float64{"delivered": float64(s.told.sent.Load()), "failed": float64(s.told.failed.Load()), "not-sent": float64(s.told.unsent.Load())}
}

// outcome is what came of an attempt.
type outcome struct {
	message Message
	sender  string
	ref     string // of the sender
	reason  string // why nothing was sent and nothing will be; "" where it was, or may be
	failed  string // why it is tried again
	words   string // of a refusal
	at      time.Time
}

// send judges whether the message is sent, and sends it.
func (s *Service) send(ctx context.Context, state fhir.State, q *request) (o outcome, err error) {
	o.at = s.clock()
	m, reason, until, err := s.compose(state, q, o.at)
	if err != nil || reason != "" {
		o.reason = reason
		return o, err
	}
	m.Key = messageID(q.version.ID, q.sent+1)
	o.message = m
	sender := s.senders[m.Channel]
	o.sender = sender.Name()
	within, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	o.ref, err = sender.Send(within, m)
	o.at = s.clock()
	switch {
	case err == nil:
	case IsRefused(err):
		o.reason, o.words = refused, words(err)
	case ctx.Err() != nil:
		return o, ctx.Err() // the process ends: the next one tries again
	case o.at.Add(pauseAfter(q.attempts + 1)).After(until):
		o.reason, o.words = tooLate, words(err)
	default:
		o.failed = words(err)
	}
	return o, nil
}

// words are what is recorded of a failure: bounded, and in one line.
func words(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	return plain(err.Error())
}

// messageID is the id of the n-th Communication of a request.
func messageID(request string, n int) string {
	return pharmacy.ID("Communication", "notice", request, strconv.Itoa(n))
}

// compose writes the message of a request as it would be sent at a time, or says why none is;
// until is the time after which it is too late.
func (s *Service) compose(state fhir.State, q *request, now time.Time) (m Message, reason string, until time.Time, err error) {
	if ok, err := holds(state, q.kind, q.from); err != nil || !ok {
		return m, overtaken, until, err
	}
	patient, err := current(state, "Patient", q.patient)
	if err != nil {
		return m, "", until, err
	}
	if patient == nil || !alive(patient) {
		return m, notActive, until, nil
	}
	no, err := unwanted(state, q.patient, now)
	if err != nil || slices.Contains(no, q.kind) {
		return m, stopped, until, err
	}
	all := addresses(patient, func(c Channel) bool { return s.senders[c] != nil }, now)
	if len(all) == 0 {
		return m, noAddress, until, nil
	}
	for _, a := range all {
		t, ok := s.templates.For(q.kind, a.Channel, nhs.DateOf(now))
		if !ok {
			continue
		}
		if until = q.when.Add(t.Within); now.After(until) {
			return m, tooLate, until, nil
		}
		return Message{Address: a, Written: t.Write(s.values(q, patient))}, "", until, nil
	}
	return m, noTemplate, until, nil
}

// record writes what came of an attempt: the Communication, and how far its request is.
func (s *Service) record(ctx context.Context, q *request, o outcome) (again time.Time, err error) {
	for range tries {
		if q.why = o.failed; o.failed != "" {
			q.attempts++
			q.next = o.at.Add(pauseAfter(q.attempts))
			again = q.next
		} else {
			q.status, q.next, again = completed, time.Time{}, time.Time{}
			if o.reason != "" {
				q.status = revoked
			}
		}
		message := q.communication(o)
		if o.failed == "" {
			q.sent++
		}
		_, err = s.db.Commit(context.WithoutCancel(ctx), &fhir.Transaction{Derived: true, Requester: fhir.Principal{Agent: "Device/notices", Display: "notices"},
			Changes: []fhir.Change{q.change(o.reason), {Method: fhir.Update, Type: "Communication", ID: message.ID(), Resource: message}}})
		if err == nil || fhir.KindOf(err) != fhir.Conflict {
			return again, err
		}
		v, err := s.db.State(ctx).Current("CommunicationRequest", q.version.ID)
		if err != nil {
			return again, err
		}
		if q, err = readRequest(v); err != nil || q == nil {
			return time.Time{}, err
		}
	}
	return s.clock().Add(rest), err
}

// communication is the record of the message: its status is in-progress while it is tried
// again, completed when it was taken for delivery, and not-done where nothing is sent.
func (q *request) communication(o outcome) *fhir.Resource {
	status, reason, sent := "completed", fhir.Value{}, nhs.Stamp(o.at)
	text := o.words
	switch {
	case o.failed != "":
		status, sent, text = "in-progress", "", o.failed
		reason = fhir.Obj("text", text)
	case o.reason != "":
		status, sent = "not-done", ""
		reason = fhir.Obj("coding", fhir.List(nhs.CodingValue(reasonCoding(o.reason))), "text", text)
	}
	var ext, medium, payload fhir.Value
	if m := o.message; m.To != "" {
		parts := []any{fhir.Obj("url", "sender", "valueString", o.sender), fhir.Obj("url", "address", "valueString", m.To)}
		if o.ref != "" {
			parts = append(parts, fhir.Obj("url", "reference", "valueString", plain(o.ref)))
		}
		ext = fhir.List(fhir.Obj("url", extSent, "extension", fhir.List(parts...)))
		medium = fhir.List(nhs.Concept(fhir.Coding{System: csMode, Code: modes[m.Channel]}))
		if m.Subject != "" {
			payload = fhir.List(fhir.Obj("contentString", m.Subject), fhir.Obj("contentString", m.Text))
		} else {
			payload = fhir.List(fhir.Obj("contentString", m.Text))
		}
	}
	return fhir.Obj("resourceType", "Communication", "id", messageID(q.version.ID, q.sent+1), "extension", ext, "basedOn", fhir.List(fhir.Obj("reference", "CommunicationRequest/"+q.version.ID)),
		"status", status, "statusReason", reason, "category", fhir.List(nhs.Concept(coding(q.kind))), "medium", medium,
		"subject", fhir.Obj("reference", q.patient), "about", fhir.List(fhir.Obj("reference", q.about)), "sent", sent,
		"recipient", fhir.List(fhir.Obj("reference", q.patient)), "sender", organisation(q.pharmacy), "payload", payload).Resource()
}
