package alerts

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// sendTime bounds one attempt to tell a receiver.
const sendTime = 20 * time.Second

// pauses are how long after an attempt that failed the next one is.
var pauses = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}

// mostOver is how often it is tried to tell a receiver that a cause is gone.
const mostOver = 24

// Tell tells receivers of what is raised: each once, within the hours that it keeps. What
// somebody has acknowledged is not told any more. Who was told is told once more when the
// cause is gone.
func (d *Desk) Tell(ctx context.Context) error {
	list, err := d.Open(ctx, false)
	if err != nil {
		return err
	}
	ids, err := d.db.State(ctx).Find("Task", nhs.Query("identifier", idOver, "pending"))
	if err != nil {
		return err
	}
	var all error
	for _, id := range ids {
		v, err := d.db.State(ctx).Current("Task", id)
		if err != nil {
			return err
		}
		if a, err := read(v); err == nil && a != nil && a.State == Resolved {
			all = errors.Join(all, d.tellOf(ctx, a))
		}
	}
	for _, a := range list {
		if a.State == Raised {
			all = errors.Join(all, d.tellOf(ctx, a))
		}
	}
	return all
}

// tellOf tells the receivers of one alert who are to be told now, and records it.
func (d *Desk) tellOf(ctx context.Context, a *Alert) error {
	rule := d.rule(a)
	changed := false
	for i := range d.receivers {
		to := &d.receivers[i]
		now := d.clock()
		t, tried := a.told[to.Name]
		over := a.State == Resolved
		is := t.at
		if over {
			is = t.over
		}
		if !to.wants(rule) || tried && (!is.IsZero() || t.next.After(now)) || over && t.at.IsZero() || a.Severity != Critical && !to.awake(now) {
			continue
		}
		changed = true
		if err := d.send(ctx, to, a); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			t.failed++
			t.next, t.why = now.Add(pauses[min(t.failed, len(pauses))-1]), reason(err)
			if over && t.failed >= mostOver {
				t.over = now
			}
			d.log.WarnContext(ctx, "a receiver of alerts was not told", "receiver", to.Name, "error", t.why)
		} else if over {
			t = told{at: t.at, over: now}
		} else {
			t = told{at: now}
		}
		a.told[to.Name] = t
	}
	if a.State == Resolved && d.forget(a, rule) {
		changed = true
	}
	if !changed {
		return nil
	}
	err := d.commit(ctx, a.tell(d.clock()))
	if fhir.KindOf(err) != fhir.Conflict {
		return err
	}
	// Somebody acknowledged it meanwhile: what was told stays recorded.
	v, err := d.db.State(ctx).Current("Task", a.ID)
	if err != nil {
		return err
	}
	now, err := read(v)
	if err != nil || now == nil || !now.Raised.Equal(a.Raised) {
		return err // it was raised anew: who was told of the last time is told of this one
	}
	now.told = a.told
	return d.commit(ctx, now.tell(d.clock()))
}

// forget notes of an alert that is over that receivers which are gone, or which are told of
// its rule no more, are not to be told of that; it reports whether there were any.
func (d *Desk) forget(a *Alert, rule *Rule) (any bool) {
	for name, t := range a.told {
		if t.at.IsZero() || !t.over.IsZero() || slices.ContainsFunc(d.receivers, func(to Receiver) bool { return to.Name == name && to.wants(rule) }) {
			continue
		}
		t.over, any = d.clock(), true
		a.told[name] = t
	}
	return any
}

// rule is that of an alert; one that the table has no more is as the alert says.
func (d *Desk) rule(a *Alert) *Rule {
	for i := range d.rules {
		if d.rules[i].ID == a.Rule {
			return &d.rules[i]
		}
	}
	return &Rule{ID: a.Rule, Severity: a.Severity}
}

func (d *Desk) send(ctx context.Context, to *Receiver, a *Alert) error {
	sender := d.senders[to.Kind]
	if sender == nil {
		return errors.New("the server has no way to send by " + to.Kind)
	}
	within, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	link := a.Link
	if link != "" {
		link = d.base + link
	}
	title := a.Title
	at := a.Raised
	if a.State == Resolved {
		title, at = "Resolved: "+title, a.Changed
	}
	return sender.Send(within, to, Message{Key: a.key(), Alert: a, Title: title, Text: a.Text(d.base), Severity: a.Severity, At: at, Link: link})
}

// reason is why a receiver was not told: in one line, and bounded.
func reason(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	text := strings.Join(strings.Fields(err.Error()), " ")
	return strings.ToValidUTF8(text[:min(len(text), 300)], "")
}

// emergency tells receivers of what is critical and could not be stored, once for each cause: a
// database that takes no writes is what they must hear of. It reports whether it was for
// that.
func (d *Desk) emergency(ctx context.Context, c fhir.Change, cause error) bool {
	if kind := fhir.KindOf(cause); kind != fhir.NoStore && kind != fhir.Exception && kind != fhir.Timeout {
		return false
	}
	a, err := read(&fhir.Version{Type: "Task", ID: c.ID, JSON: c.Resource.JSON()})
	if err != nil || a == nil || a.Severity != Critical || a.State != Raised {
		return err == nil && a != nil
	}
	d.mu.Lock()
	known := d.unrecorded[c.ID]
	d.unrecorded[c.ID] = true
	d.mu.Unlock()
	if known {
		return true
	}
	for i := range d.receivers {
		if to := &d.receivers[i]; to.wants(d.rule(a)) {
			if err := d.send(ctx, to, a); err != nil {
				d.log.WarnContext(ctx, "a receiver of alerts was not told", "receiver", to.Name, "error", reason(err))
			}
		}
	}
	return true
}

// Test sends a message to each receiver that tells that alerts reach it, and returns what
// failed by the name of the receiver.
func (d *Desk) Test(ctx context.Context) map[string]string {
	out := map[string]string{}
	now := d.clock()
	for i := range d.receivers {
		to := &d.receivers[i]
		a := &Alert{ID: "test", Severity: Warning, State: Raised, Title: "This is a test: alerts of the pharmacy's server reach you", Do: "Nothing.", Raised: now}
		out[to.Name] = ""
		if err := d.send(ctx, to, a); err != nil {
			out[to.Name] = reason(err)
		}
	}
	return out
}
