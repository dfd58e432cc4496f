package subscription

import (
	"errors"
	"mime"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// The statuses of a Subscription.
const (
	requested = "requested"
	active    = "active"
	failed    = "error"
	off       = "off"
)

// The channels, and what a notification holds.
const (
	hook   = "rest-hook"
	socket = "websocket"
	email  = "email"

	empty        = "empty"
	idOnly       = "id-only"
	fullResource = "full-resource"
)

// guide is what the canonical URLs of the Subscriptions R5 Backport begin with.
const guide = "http://hl7.org/fhir/uv/subscriptions-backport/"

const (
	extFilter    = guide + "StructureDefinition/backport-filter-criteria"
	extContent   = guide + "StructureDefinition/backport-payload-content"
	extHeartbeat = guide + "StructureDefinition/backport-heartbeat-period"
	extTimeout   = guide + "StructureDefinition/backport-timeout"
	extMost      = guide + "StructureDefinition/backport-max-count"
)

// plan is a Subscription as it is served.
type plan struct {
	status   string
	topic    *topic // nil for a criterion of plain R4
	triggers []trigger
	filters  []*search.Query // of a topic: all of them

	channel   string
	endpoint  string
	media     string // of the payload; "" for none, which plain R4 allows
	xml       bool   // media is that of XML
	content   string // of a topic
	headers   http.Header
	heartbeat time.Duration // 0 for none
	timeout   time.Duration
	most      int // events of a notification
	end       time.Time
}

// xmlMedia is the media type of XML.
const xmlMedia = "application/fhir+xml"

// Bounds of what a Subscription may ask for.
const (
	longestTimeout = 30 * time.Second
	shortestBeat   = 5 * time.Second
	mostEvents     = 100 // of a notification
	mostUnasked    = 20  // where backport-max-count is absent
	mostHeaders    = 20
	mostHeaderText = 4 << 10
)

// rules are what the server can serve.
type rules struct {
	options  search.Options
	address  func(address string) error // what is wrong with an endpoint
	listed   func(address string) bool  // whether it may be told what resources hold
	channels []string
}

// reader reads a Subscription, and collects what is wrong with it.
type reader struct {
	rules
	plan
	topical bool // the criteria are the URL of a topic, known or not
	issues  []fhir.Issue
}

func (r *reader) wrong(n fhir.Node, code fhir.Code, message, expected, fix string) {
	r.issues = append(r.issues, fhir.Issue{Severity: fhir.Err, Code: code, Rule: "subscription", Expression: n.Expression(), Position: n.Position(),
		Message: message, Expected: expected, Found: n.Text(), Fix: fix})
}

// read makes the plan of a Subscription; the issues are all that keep it from being
// served.
func (rs rules) read(sub *fhir.Resource) (*plan, []fhir.Issue) {
	r := &reader{rules: rs}
	r.status = sub.Get("status").Text()
	r.criteria(sub.Get("criteria"), sub.Get("_criteria"))
	if end := sub.Get("end"); end.Exists() {
		var err error
		if r.end, err = time.Parse(time.RFC3339, end.Text()); err != nil {
			r.wrong(end, fhir.ValueCode, "The end cannot be read.", "an instant such as 2027-01-31T00:00:00Z", "")
		}
	}
	channel := sub.Get("channel")
	r.channelOf(channel)
	r.payload(channel)
	r.header(channel)
	r.periods(channel)
	return &r.plan, r.issues
}

// unserved are types whose versions are not notified.
var unserved = map[string]string{
	"AuditEvent":   "AuditEvents are searched, and not notified.",
	"Subscription": "Subscriptions are asked about with $status, and not notified.",
	"Binary":       "A Binary is for whoever may read what it belongs to, which is decided when it is read.",
}

func (r *reader) criteria(n, extended fhir.Node) {
	text := n.Text()
	if strings.Contains(text, "://") && !strings.Contains(strings.SplitN(text, "://", 2)[0], "?") {
		r.topical = true
		if r.topic = topicOf(text); r.topic == nil {
			r.wrong(n, fhir.NotSupported, "There is no such topic.", strings.Join(Topics(), ", "), "The CapabilityStatement lists the topics; or write a query, such as Task?status=ready.")
			return
		}
		r.triggers = r.topic.triggers
		r.filterAll(extended)
		return
	}
	typ, query, _ := strings.Cut(text, "?")
	if why := unserved[typ]; why != "" {
		r.wrong(n, fhir.NotSupported, why, "a query on another type", "")
		return
	}
	if !r4.IsResource(typ) {
		r.wrong(n, fhir.NotSupported, "The criteria name no resource type.", "a query such as MedicationDispense?status=completed, or the canonical URL of a topic", "")
		return
	}
	if ext := extension(extended, extFilter); ext.Exists() {
		r.wrong(ext, fhir.NotSupported, "A filter narrows a topic, and the criteria are a query.", "criteria with the canonical URL of a topic", "Write it into the query.")
	}
	q := &search.Query{Type: typ}
	if query != "" {
		var err error
		if q, err = search.ParseCondition(typ, query, r.options); err != nil {
			r.refused(n, err)
			return
		}
	}
	r.triggers = []trigger{{typ: typ, when: written, query: q}}
}

// refused takes over what is wrong with a query.
func (r *reader) refused(n fhir.Node, err error) {
	var e *fhir.Error
	if !errors.As(err, &e) {
		r.wrong(n, fhir.Processing, err.Error(), "a query", "")
		return
	}
	for _, issue := range e.Issues {
		issue.Severity, issue.Rule, issue.Expression, issue.Position = fhir.Err, "subscription", n.Expression(), n.Position()
		r.issues = append(r.issues, issue)
	}
}

// filterAll reads the filters of a topic: "patient=Patient/1", "Task.patient=Patient/1"
// or "Task?patient=Patient/1".
func (r *reader) filterAll(n fhir.Node) {
	typ := r.triggers[0].typ
	for ext := range n.Get("extension").Items() {
		if ext.Get("url").Text() != extFilter {
			continue
		}
		value := ext.Get("valueString")
		text := value.Text()
		for _, joint := range []string{"?", "."} {
			if rest, ok := strings.CutPrefix(text, typ+joint); ok {
				text = rest
			}
		}
		values, err := search.ReadQuery(text)
		for name := range values {
			if base, _, _ := strings.Cut(name, ":"); !slices.Contains(r.triggers[0].filters, base) {
				r.wrong(value, fhir.NotSupported, "The topic is not filtered by this parameter.", strings.Join(r.triggers[0].filters, ", ")+" of "+typ, "")
				err = nil
				values = nil
			}
		}
		if err != nil {
			r.wrong(value, fhir.ValueCode, "The filter is malformed.", "a parameter and its value, such as "+r.triggers[0].filters[0]+"=…", "")
			continue
		}
		if values == nil {
			continue
		}
		q, err := search.ParseCondition(typ, text, r.options)
		if err != nil {
			r.refused(value, err)
			continue
		}
		r.filters = append(r.filters, q)
	}
}

func (r *reader) channelOf(n fhir.Node) {
	typ, endpoint := n.Get("type"), n.Get("endpoint")
	r.channel, r.endpoint = typ.Text(), endpoint.Text()
	if !slices.Contains(r.channels, r.channel) {
		r.wrong(typ, fhir.NotSupported, "The server does not notify by this channel.", strings.Join(r.channels, ", "), "")
		return
	}
	if extension(n.Get("_type"), guide+"StructureDefinition/backport-channel-type").Exists() {
		r.wrong(typ, fhir.NotSupported, "The server has no channels of other kinds.", "channel.type without the extension backport-channel-type", "")
	}
	switch r.channel {
	case hook:
		if err := r.address(r.endpoint); err != nil {
			r.wrong(endpoint, fhir.ValueCode, "Notifications cannot be sent to this endpoint: "+err.Error()+".", "an https URL at a public address", "")
		}
	case email:
		if to, ok := strings.CutPrefix(r.endpoint, "mailto:"); !ok || !strings.Contains(to, "@") || strings.ContainsAny(to, " ?,;<>\r\n%") {
			r.wrong(endpoint, fhir.ValueCode, "Notifications cannot be sent to this endpoint.", "mailto: and one address", "")
		}
	case socket:
		if r.endpoint != "" {
			r.wrong(endpoint, fhir.NotSupported, "Of a websocket, the client connects to the server.", "no endpoint", "Take it out; $get-ws-binding-token says where to connect.")
		}
	}
}

func (r *reader) payload(channel fhir.Node) {
	n := channel.Get("payload")
	content := extension(channel.Get("_payload"), extContent)
	r.media, r.content = n.Text(), content.Get("valueCode").Text()
	if !r.topical {
		if content.Exists() {
			r.wrong(content, fhir.NotSupported, "The content is chosen of notifications about a topic.", "no extension backport-payload-content", "")
		}
		r.content = empty
		if r.media != "" {
			r.content = fullResource
		}
	}
	if r.topical && !n.Exists() {
		r.wrong(channel, fhir.Required, "It is not said what notifications are to hold.", "channel.payload, application/fhir+json, with the extension backport-payload-content", "")
		return
	}
	switch {
	case r.content != empty && r.content != idOnly && r.content != fullResource:
		r.wrong(n, fhir.Required, "It is not said what notifications are to hold.", "the extension backport-payload-content of channel.payload with empty, id-only or full-resource", "")
	case r.channel == socket && !r.topical && r.media != "":
		r.wrong(n, fhir.NotSupported, "A websocket of plain R4 is told that something has happened, and no more.", "no payload", "Subscribe to a topic.")
	case r.content == fullResource && r.channel != socket && !r.listed(r.endpoint):
		r.wrong(n, fhir.BusinessRule, "The endpoint may not be told what resources hold.", "empty or id-only, or an endpoint whose host the operator allows", "Read the resources here when you are told of them, or ask the operator of the server to list the host (serve --subscription-host).")
	}
	if r.media == "" && !r.topical {
		return
	}
	media, params, err := mime.ParseMediaType(r.media)
	if version := params["fhirversion"]; version != "" && version != "4.0" && version != "4.0.1" {
		r.wrong(n, fhir.NotSupported, "The server writes notifications of R4.", "fhirVersion=4.0", "")
	}
	if r.channel == email {
		if !r.topical || r.media != plainMail || r.content == fullResource {
			r.wrong(n, fhir.NotSupported, "An email says what has happened and where it is read, and holds no resources.", plainMail+" with the content empty or id-only; of plain R4, no payload", "")
		}
		return
	}
	r.xml = media == xmlMedia
	if err != nil || media != "application/fhir+json" && media != "application/json" && !r.xml {
		r.wrong(n, fhir.NotSupported, "The server does not write notifications in this format.", "application/fhir+json or "+xmlMedia, "")
	}
}

// reserved are headers that the server sets itself, or that say how a call is made.
var reserved = []string{"Content-Type", "Content-Length", "Host", "Connection", "Transfer-Encoding", "Upgrade", "Te", "Trailer", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection", "Expect", "Content-Encoding",
	"Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"}

func (r *reader) header(channel fhir.Node) {
	r.headers = http.Header{}
	size, count := 0, 0
	for n := range channel.Get("header").Items() {
		name, value, ok := strings.Cut(n.Text(), ":")
		name, value = textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)), strings.TrimSpace(value)
		size, count = size+len(n.Text()), count+1
		issue := ""
		switch {
		case r.channel != hook:
			issue = "Headers are sent with a rest-hook alone."
		case !ok || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value):
			issue = "The header is malformed."
		case slices.Contains(reserved, name):
			issue = "The server sets this header itself."
		case size > mostHeaderText || count > mostHeaders:
			issue = "There are more headers than are sent."
		default:
			r.headers.Add(name, value)
		}
		if issue != "" { // a header may be a secret, so it is not repeated
			r.issues = append(r.issues, fhir.Issue{Severity: fhir.Err, Code: fhir.ValueCode, Rule: "subscription", Expression: n.Expression(), Position: n.Position(), Message: issue, Expected: "Name: value, such as Authorization: Bearer …"})
		}
	}
}

func (r *reader) periods(channel fhir.Node) {
	whole := func(url string, least, most int) int {
		ext := extension(channel, url)
		if !ext.Exists() {
			return 0
		}
		value := ext.Get("valueUnsignedInt")
		if url == extMost {
			value = ext.Get("valuePositiveInt")
		}
		n, err := strconv.Atoi(value.Text())
		if err != nil || n < least || n > most {
			r.wrong(ext, fhir.ValueCode, "The server does not keep to this value.", strconv.Itoa(least)+" to "+strconv.Itoa(most), "")
		}
		if !r.topical {
			r.wrong(ext, fhir.NotSupported, "Notifications of plain R4 are sent as they happen, one by one.", "criteria with the canonical URL of a topic", "")
		}
		return n
	}
	r.heartbeat = time.Duration(whole(extHeartbeat, int(shortestBeat.Seconds()), 24*3600)) * time.Second
	r.timeout = longestTimeout
	if n := whole(extTimeout, 1, int(longestTimeout.Seconds())); n > 0 {
		r.timeout = time.Duration(n) * time.Second
	}
	r.most = 1
	if r.topical {
		r.most = mostUnasked
		if n := whole(extMost, 1, mostEvents); n > 0 {
			r.most = n
		}
	}
}

// queries are all that are asked to find out whether a version is an event.
func (p *plan) queries() (list []*search.Query) {
	for _, t := range p.triggers {
		list = append(list, t.query)
	}
	return append(list, p.filters...)
}

func (p *plan) types() (list []string) {
	for _, t := range p.triggers {
		if !slices.Contains(list, t.typ) {
			list = append(list, t.typ)
		}
	}
	return list
}

// samePlace reports whether notifications of two plans go to one place in one way, so
// that the one need not be tried because the other was.
func (p *plan) samePlace(o *plan) bool {
	return p.channel == o.channel && p.endpoint == o.endpoint && p.media == o.media && p.content == o.content && p.topic == o.topic
}

// extension is the first extension of a node, or of the primitive that it is, by its URL.
func extension(n fhir.Node, canonical string) fhir.Node {
	for ext := range n.Get("extension").Items() {
		if ext.Get("url").Text() == canonical {
			return ext
		}
	}
	return fhir.Node{}
}

// hostOf is the host of an endpoint, for logs: the rest may hold a secret.
func hostOf(endpoint string) string {
	if to, ok := strings.CutPrefix(endpoint, "mailto:"); ok {
		_, domain, _ := strings.Cut(to, "@")
		return domain
	}
	u, err := url.Parse(endpoint)
	if err != nil {
		return ""
	}
	return u.Host
}
