package subscription

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/server/auth"
)

// happened is an event with the version that made it, as its reader may see it.
type happened struct {
	number  uint64
	at      time.Time
	version *fhir.Version // nil where the reader may not see it any more
}

// happenings reads the versions of events for a reader.
func (s *Service) happenings(ctx context.Context, who *fhir.Principal, events []numbered) ([]happened, error) {
	theirs := fhir.WithPrincipal(ctx, who)
	out := make([]happened, 0, len(events))
	for len(events) > 0 {
		same, places := 0, []int(nil) // those of one commit
		for same < len(events) && events[same].seq == events[0].seq {
			places = append(places, events[same].place)
			same++
		}
		versions, at, err := s.config.Repository.Pick(ctx, events[0].seq, places)
		if err != nil {
			return nil, err
		}
		for i, v := range versions {
			h := happened{number: events[i].number, at: at}
			shown, err := s.config.Repository.VRead(theirs, v.Type, v.ID, v.VersionID)
			switch kind := fhir.KindOf(err); {
			case err == nil && !shown.Deleted():
				h.version = shown
			case err != nil && kind != fhir.NotFound && kind != fhir.Forbidden && kind != fhir.Deleted:
				return nil, err
			}
			out = append(out, h)
		}
		events = events[same:]
	}
	return out, nil
}

// notice is a notification, a Bundle of type history:
// http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-notification-r4
func (l *line) notice(is glance, kind string, events []happened) *fhir.Resource {
	base := l.service.config.Base
	entries := []any{fhir.Obj(
		"fullUrl", "urn:uuid:"+uuid.NewString(),
		"resource", l.parameters(is, kind, events),
		"request", fhir.Obj("method", "GET", "url", base+"/Subscription/"+l.id+"/$status"),
		"response", fhir.Obj("status", "200"),
	)}
	if is.plan.content == fullResource {
		for _, e := range events {
			if e.version != nil {
				entries = append(entries, entryOf(base, e.version))
			}
		}
	}
	return fhir.Obj(
		"resourceType", "Bundle",
		"id", uuid.NewString(),
		"meta", fhir.Obj("profile", []string{guide + "StructureDefinition/backport-subscription-notification-r4"}),
		"type", "history",
		"timestamp", l.service.now().Format(fhir.InstantLayout),
		"entry", fhir.List(entries...),
	).Resource()
}

// entryOf is a version in a notification, with the interaction by which it was made.
func entryOf(base string, v *fhir.Version) fhir.Value {
	request, status := fhir.Obj("method", "PUT", "url", v.Ref()), "200"
	if v.Done() == fhir.Create {
		request, status = fhir.Obj("method", "POST", "url", v.Type), "201"
	}
	return fhir.Obj(
		"fullUrl", base+"/"+v.Ref(), "resource", fhir.Raw(v.JSON), "request", request,
		"response", fhir.Obj("status", status, "etag", `W/"`+v.VersionID+`"`, "lastModified", v.LastUpdated.UTC().Format(fhir.InstantLayout)),
	)
}

// parameters are the status of a subscription:
// http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-status-r4
func (l *line) parameters(is glance, kind string, events []happened) fhir.Value {
	base := l.service.config.Base
	list := []any{fhir.Obj("name", "subscription", "valueReference", fhir.Obj("reference", base+"/Subscription/"+l.id))}
	if is.plan.topic != nil && is.plan.content != empty {
		list = append(list, fhir.Obj("name", "topic", "valueCanonical", is.plan.topic.url))
	}
	total := is.count.Events
	if kind == "event-notification" && len(events) > 0 {
		total = events[len(events)-1].number
	}
	list = append(list,
		fhir.Obj("name", "status", "valueCode", is.plan.status),
		fhir.Obj("name", "type", "valueCode", kind),
		fhir.Obj("name", "events-since-subscription-start", "valueString", strconv.FormatUint(total, 10)))
	for _, e := range events {
		parts := []any{
			fhir.Obj("name", "event-number", "valueString", strconv.FormatUint(e.number, 10)),
			fhir.Obj("name", "timestamp", "valueInstant", e.at.UTC().Format(fhir.InstantLayout)),
		}
		if is.plan.content != empty && e.version != nil {
			parts = append(parts, fhir.Obj("name", "focus", "valueReference", fhir.Obj("reference", base+"/"+e.version.Ref(), "type", e.version.Type)))
		}
		list = append(list, fhir.Obj("name", "notification-event", "part", fhir.List(parts...)))
	}
	if why := is.sent.Retry.Reason; why != "" && kind != "handshake" {
		list = append(list, fhir.Obj("name", "error", "valueCodeableConcept", fhir.Obj("text", why)))
	}
	return fhir.Obj("resourceType", "Parameters", "id", uuid.NewString(), "meta", fhir.Obj("profile", []string{guide + "StructureDefinition/backport-subscription-status-r4"}), "parameter", fhir.List(list...))
}

// disclose records that the owner of a subscription is told of versions, before they
// are.
func (l *line) disclose(ctx context.Context, is glance, who *auth.Identity, events []happened) error {
	if l.service.config.Audit == nil {
		return nil
	}
	var shown []fhir.Shown
	for _, e := range events {
		if v := e.version; v != nil && is.plan.content != empty {
			r, err := v.Resource()
			if err != nil {
				return err
			}
			shown = append(shown, fhir.Shown{Type: v.Type, ID: v.ID, VersionID: v.VersionID, Patients: slices.Compact(search.Patients(r.Root(), l.service.config.Repository.Own))})
		}
	}
	if shown == nil {
		return nil
	}
	return l.service.config.Audit.Record(ctx, &fhir.Access{Time: l.service.now(), Interaction: "$notification", Status: http.StatusOK, By: who.Requester, Address: hostOf(is.plan.endpoint),
		RequestID: uuid.NewString(), Method: http.MethodPost, Target: "/fhir/Subscription/" + l.id, Shown: shown})
}

// redacted is a resource as its reader is shown it.
func redacted(who *auth.Identity, text []byte) ([]byte, error) {
	if who.Hidden == nil {
		return text, nil
	}
	return who.Hidden.Answer(text)
}
