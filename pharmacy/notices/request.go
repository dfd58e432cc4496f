package notices

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// request is the CommunicationRequest of a message: what is to be told, to whom, and how
// far it is.
type request struct {
	version  *fhir.Version
	resource *fhir.Resource
	kind     Kind
	cause
	status   string
	attempts int       // that failed since it was asked for last
	next     time.Time // before which it is not tried again
	why      string    // the last attempt failed
	sent     int       // Communications that it has: the first message and those that were sent again
}

// The statuses of a CommunicationRequest that are used here.
const (
	active    = "active"
	completed = "completed"
	revoked   = "revoked"
)

// element writes the request of a cause as it begins.
func (c *cause) element() *fhir.Resource {
	ext := []any{fhir.Obj("url", extCause, "valueReference", fhir.Obj("reference", c.from))}
	for _, name := range slices.Sorted(maps.Keys(c.fields)) {
		if c.fields[name] != "" {
			ext = append(ext, fhir.Obj("url", extField, "extension", fhir.List(fhir.Obj("url", "name", "valueCode", name), fhir.Obj("url", "value", "valueString", plain(c.fields[name])))))
		}
	}
	var order fhir.Value
	if c.order != "" {
		order = nhs.IdentifierValue(nhs.IDOrder, c.order)
	}
	return fhir.Obj("resourceType", "CommunicationRequest", "id", c.id(), "extension", fhir.List(ext...), "groupIdentifier", order, "status", active,
		"category", fhir.List(nhs.Concept(coding(c.kind))), "subject", fhir.Obj("reference", c.patient), "about", fhir.List(fhir.Obj("reference", c.about)),
		"occurrenceDateTime", nhs.Stamp(c.when), "authoredOn", nhs.Stamp(c.when), "requester", organisation(c.pharmacy), "recipient", fhir.List(fhir.Obj("reference", c.patient)), "sender", organisation(c.pharmacy)).Resource()
}

func coding(k Kind) fhir.Coding {
	return fhir.Coding{System: csNotice, Code: string(k), Display: displays[k]}
}

func organisation(ods string) fhir.Value {
	if ods == "" {
		return fhir.Value{}
	}
	return fhir.Obj("type", "Organization", "identifier", nhs.IdentifierValue(nhs.IDODS, ods))
}

// readRequest reads a version, nil where it is no message of this package.
func readRequest(v *fhir.Version) (*request, error) {
	if v == nil || v.Type != "CommunicationRequest" || v.Deleted() {
		return nil, nil
	}
	r, err := v.Resource()
	if err != nil {
		return nil, err
	}
	kind := Kind(nhs.Coded(r.Get("category").Item(0), csNotice))
	if !known(kind) {
		return nil, nil
	}
	root := r.Root()
	q := &request{version: v, resource: r, kind: kind, status: r.Get("status").Text(), cause: cause{kind: kind, patient: root.Path("subject", "reference").Text(),
		pharmacy: root.Path("sender", "identifier", "value").Text(), order: root.Path("groupIdentifier", "value").Text(), about: r.Get("about").Item(0).Get("reference").Text(),
		from: nhs.Extension(root, extCause).Path("valueReference", "reference").Text(), fields: map[string]string{}}}
	q.when, _ = time.Parse(time.RFC3339, r.Get("authoredOn").Text())
	for e := range r.Get("extension").Items() {
		if e.Get("url").Text() == extField {
			q.fields[nhs.Extension(e, "name").Get("valueCode").Text()] = nhs.Extension(e, "value").Get("valueString").Text()
		}
	}
	tried := nhs.Extension(root, extAttempt)
	q.attempts, _ = strconv.Atoi(nhs.Extension(tried, "failed").Get("valueInteger").Text())
	q.sent, _ = strconv.Atoi(nhs.Extension(tried, "messages").Get("valueInteger").Text())
	q.next, _ = time.Parse(time.RFC3339, nhs.Extension(tried, "next").Get("valueDateTime").Text())
	q.why = nhs.Extension(tried, "reason").Get("valueString").Text()
	return q, nil
}

// change writes the request as it is now; reason says why nothing was sent.
func (q *request) change(reason string) fhir.Change {
	parts := []any{fhir.Obj("url", "failed", "valueInteger", q.attempts), fhir.Obj("url", "messages", "valueInteger", q.sent)}
	if !q.next.IsZero() {
		parts = append(parts, fhir.Obj("url", "next", "valueDateTime", nhs.Stamp(q.next)))
	}
	if q.why != "" {
		parts = append(parts, fhir.Obj("url", "reason", "valueString", q.why))
	}
	ext := append(nhs.WithoutExtension(q.resource.Root(), extAttempt), fhir.Obj("url", extAttempt, "extension", fhir.List(parts...)))
	var why fhir.Value
	if reason != "" {
		why = nhs.Concept(reasonCoding(reason))
	}
	r := fhir.Revise(q.resource, "extension", fhir.List(ext...), "status", q.status, "statusReason", why, "authoredOn", nhs.Stamp(q.when))
	return fhir.Change{Method: fhir.Update, Type: "CommunicationRequest", ID: q.version.ID, Resource: r, IfMatch: q.version.VersionID}
}
