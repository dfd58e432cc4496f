package subscription

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/xml"
	"github.com/pestle-fhir/pestle/internal/outbound"
	"github.com/pestle-fhir/pestle/internal/outbound/webhook"
	"github.com/pestle-fhir/pestle/server/auth"
)

// prepared is how many events are read and judged at once, and judgedFor how long they
// may be sent after that.
const (
	prepared  = 128
	judgedFor = time.Second
)

// deliver sends events in order, as many as are prepared at once or until one does not
// arrive. It returns the number of the last that was sent, 0 for none, and how long to wait
// after that.
func (l *line) deliver(ctx context.Context, is glance, who *auth.Identity, what span) (upTo uint64, wait time.Duration) {
	list, err := l.events(what.from, int(min(prepared, what.to-what.from+1))) //nolint:gosec // as bounded
	if err == nil && len(list) == 0 {                                         // their places are not known any more
		return what.to, 0
	}
	var events []happened
	if err == nil {
		events, err = l.service.happenings(ctx, &who.Requester, list)
	}
	if err == nil {
		err = l.disclose(ctx, is, who, events)
	}
	if err != nil {
		if ctx.Err() == nil {
			l.service.config.Logger.ErrorContext(ctx, "events cannot be read", "subscription", l.id, "error", err)
		}
		return 0, time.Second
	}
	begun := time.Now()
	for len(events) > 0 && ctx.Err() == nil && time.Since(begun) < judgedFor {
		next := events[:min(len(events), is.plan.most)]
		result := l.send(ctx, is, who, next)
		l.judge(ctx, result)
		if !result.Delivered {
			return upTo, 0
		}
		upTo, events = next[len(next)-1].number, events[len(next):]
		if now := l.look(); now.plan != is.plan {
			return upTo, 0
		}
	}
	return upTo, 0
}

// send makes one call for events.
func (l *line) send(ctx context.Context, is glance, who *auth.Identity, events []happened) webhook.Result {
	id := identity(events)
	if v := events[0].version; v != nil {
		ctx = l.service.config.Traces.Into(ctx, v.RequestID)
	}
	if is.plan.topic != nil {
		text, err := redacted(who, l.notice(is, "event-notification", events).JSON())
		if err != nil {
			return webhook.Result{Reason: "what is hidden from its owner cannot be left out"}
		}
		return l.transmit(ctx, is, http.MethodPost, is.plan.endpoint, text, id)
	}
	v := events[0].version
	switch {
	case v == nil: // its owner may not see it any more
		return webhook.Result{Delivered: true}
	case is.plan.media == "":
		return l.transmit(ctx, is, http.MethodPost, is.plan.endpoint, nil, id)
	}
	text, err := redacted(who, v.JSON)
	if err != nil {
		return webhook.Result{Reason: "what is hidden from its owner cannot be left out"}
	}
	return l.transmit(ctx, is, http.MethodPut, strings.TrimSuffix(is.plan.endpoint, "/")+"/"+v.Ref(), text, id)
}

// identity names a call by the numbers of its events and by a digest of when they were
// committed. It is the same for each attempt. After a restore numbers are given again: an event
// that was committed since then has another identity than the one that had its number.
func identity(events []happened) string {
	h := sha256.New()
	for _, e := range events {
		_, _ = fmt.Fprintln(h, e.number, e.at.UnixNano())
	}
	return fmt.Sprintf("%d-%d-%x", events[0].number, events[len(events)-1].number, h.Sum(nil)[:6])
}

// call sends a notification that is about no event.
func (l *line) call(ctx context.Context, is glance, r *fhir.Resource, id string) webhook.Result {
	return l.transmit(ctx, is, http.MethodPost, is.plan.endpoint, r.JSON(), id)
}

// transmit makes one call. It is signed as a webhook: its id is of the subscription and
// the events, so that the receiver knows what it has had already.
func (l *line) transmit(ctx context.Context, is glance, method, address string, text []byte, id string) webhook.Result {
	if is.plan.xml && len(text) > 0 {
		r, err := fhir.Parse(text)
		if err == nil {
			text, err = xml.Encode(r)
		}
		if err != nil {
			return webhook.Result{Reason: "it cannot be written as XML"}
		}
	}
	switch is.plan.channel {
	case email:
		return l.mail(ctx, is, text, id)
	case socket:
		if is.plan.topic == nil {
			text = []byte("ping " + l.id)
		}
		l.tellAll(text)
		return webhook.Result{Delivered: true}
	}
	ctx, cancel := context.WithTimeout(ctx, is.plan.timeout)
	defer cancel()
	now := l.service.now()
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(text))
	if err != nil {
		return webhook.Result{Reason: "the endpoint is not a URL"}
	}
	for name, values := range is.plan.headers {
		r.Header[name] = values
	}
	if len(text) > 0 {
		r.Header.Set("Content-Type", is.plan.media)
	}
	r.Header.Set("User-Agent", "Pestle")
	if err := webhook.Sign(r.Header, l.id+"-"+id, now, text, l.secrets(now)...); err != nil {
		return webhook.Result{Reason: "it cannot be signed"}
	}
	answer, err := l.service.client.Do(r)
	if err == nil {
		outbound.Drain(answer, 0)
	}
	return webhook.Judge(answer, err, now)
}

// rotation is how long both secrets sign after one has replaced the other.
const rotation = 24 * time.Hour

func (l *line) secrets(now time.Time) []webhook.Secret {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.owner.Secrets) > 1 && now.Sub(l.owner.Rotated) > rotation {
		return l.owner.Secrets[:1]
	}
	return l.owner.Secrets
}
