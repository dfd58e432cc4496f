package messages

import (
	"context"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// Judge says what the rules of today find wrong with a body that was sent for an
// interaction.
type Judge func(ctx context.Context, m *Message, body []byte) []fhir.Issue

// How many messages an answer has.
const (
	usual   = 20
	mostAll = 100
)

var inputs = []fhir.Parameter{
	{Name: "id", Kinds: []string{"valueString", "valueId"}, Doc: "One message, with its body as it was received where that is kept."},
	{Name: "validate", Kinds: []string{"valueBoolean"}, Doc: "With id: true for what the rules of today find wrong with the body."},
	{Name: "compare", Kinds: []string{"valueBoolean"}, Doc: "With id: true for the elements that it has more or less than the last message before that was sent in the same way and accepted."},
	{Name: "grouped", Kinds: []string{"valueBoolean"}, Doc: "true for the mistakes by rule and place, the most frequent first, in the place of messages."},
	{Name: "outcome", Kinds: []string{"valueCode", "valueString"}, Doc: "accepted or refused; both by default."},
	{Name: "rule", Kinds: []string{"valueString", "valueCode"}, Doc: "Messages with an issue of this rule."},
	{Name: "since", Kinds: []string{"valueDateTime", "valueDate", "valueInstant", "valueString"}, Doc: "Messages from this day or time on; grouped, the last 30 days by default."},
	{Name: "before", Kinds: []string{"valueString", "valueId"}, Doc: "The id before which they are: that of the next page, as the answer names it."},
	{Name: "count", Kinds: []string{"valuePositiveInt", "valueInteger"}, Doc: "How many at most, 1 to 100; 20 by default."},
}

// Operation is $messages: what the caller's organisation sent.
func (l *Log) Operation(judge Judge) fhir.Operation {
	return fhir.Operation{Name: "messages", Idempotent: true, ByName: true, Parameters: inputs,
		Doc: "What the caller's organisation sent, as it was received, with what came of it: the newest first; or its mistakes, by rule and place. Nobody is told of what others sent.",
		Handle: func(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
			organisation := strings.ToUpper(call.Requester.OnBehalf)
			if organisation == "" {
				return nil, fhir.E("messages", fhir.Forbidden, fhir.Issue{Rule: "messages", Message: "It is not known for which organisation the caller acts.", Expected: "a token with the ODS code of an organisation", Found: "none"})
			}
			return l.answer(ctx, organisation, call, judge)
		}}
}

// value is a parameter, of the query string or the body.
func value(call *fhir.Call, name string) string {
	if v := call.Params.Get(name); v != "" || call.Body == nil {
		return strings.TrimSpace(v)
	}
	for p := range call.Body.Get("parameter").Items() {
		if p.Get("name").Text() != name {
			continue
		}
		for m := range p.Members() {
			if m.Name() != "name" {
				return strings.TrimSpace(m.Text())
			}
		}
	}
	return ""
}

func (l *Log) answer(ctx context.Context, organisation string, call *fhir.Call, judge Judge) (*fhir.Reply, error) {
	q, err := read(organisation, call)
	if err != nil {
		return nil, err
	}
	l.flush() // what was sent before this question is in the answer
	if id := value(call, "id"); id != "" {
		return l.one(ctx, organisation, id, value(call, "validate") == "true", value(call, "compare") == "true", judge)
	}
	if value(call, "grouped") == "true" {
		if q.Since.IsZero() {
			q.Since = call.Time.AddDate(0, 0, -30)
		}
		return l.grouped(q)
	}
	list, more, err := l.List(q)
	if err != nil {
		return nil, err
	}
	var out []any
	for _, m := range list {
		out = append(out, fhir.Obj("name", "message", "part", fhir.List(m.parts()...)))
	}
	if more != "" {
		out = append(out, part("before", "valueString", more))
	}
	return reply(out), nil
}

// read reads the question, and says everything that is wrong with it.
func read(organisation string, call *fhir.Call) (q Query, err error) {
	q = Query{Organisation: organisation, Outcome: value(call, "outcome"), Rule: value(call, "rule"), Before: value(call, "before"), Count: usual}
	var issues []fhir.Issue
	wrong := func(name, message, expected, found string) {
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.ValueCode, Rule: "messages", Expression: "Parameters.parameter.where(name = '" + name + "')", Message: message, Expected: expected, Found: found})
	}
	if q.Outcome != "" && q.Outcome != "accepted" && q.Outcome != "refused" {
		wrong("outcome", "It is not an outcome.", "accepted or refused", q.Outcome)
	}
	if said := value(call, "since"); said != "" {
		for _, form := range []string{time.RFC3339, time.DateOnly} {
			if at, err := time.Parse(form, said); err == nil {
				q.Since = at
			}
		}
		if q.Since.IsZero() {
			wrong("since", "It is not a day or a time.", "2026-11-30 or 2026-11-30T09:00:00Z", said)
		}
	}
	if said := value(call, "count"); said != "" {
		n, err := strconv.Atoi(said)
		if err != nil || n < 1 || n > mostAll {
			wrong("count", "It is not a number of messages.", "1 to 100", said)
		}
		q.Count = n
	}
	if len(issues) > 0 {
		return q, &fhir.Error{Op: "messages", Kind: fhir.Invalid, Issues: issues}
	}
	return q, nil
}

func reply(parameters []any) *fhir.Reply {
	return &fhir.Reply{Resource: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(parameters...)).Resource()}
}

func part(name, kind, value string) fhir.Value {
	if value == "" {
		return fhir.Value{}
	}
	return fhir.Obj("name", name, kind, value)
}

func stamp(t time.Time) string { return t.UTC().Format(fhir.InstantLayout) }

// parts are a message in an answer, without its body.
func (m *Message) parts() []any {
	outcome := "refused"
	if m.Accepted {
		outcome = "accepted"
	}
	list := []any{part("id", "valueId", m.ID), part("time", "valueInstant", stamp(m.Time)), part("outcome", "valueCode", outcome), fhir.Obj("name", "status", "valueInteger", m.Status), part("method", "valueCode", m.Method), part("target", "valueString", m.Target),
		part("interaction", "valueString", m.Interaction), part("client", "valueString", m.Client), part("sender", "valueString", m.Agent), part("request", "valueString", m.RequestID),
		fhir.Obj("name", "size", "valueInteger", m.Size), part("digest", "valueString", m.Digest)}
	for _, r := range m.Resources {
		list = append(list, fhir.Obj("name", "resource", "valueReference", fhir.Obj("reference", r)))
	}
	for _, i := range m.Issues {
		list = append(list, fhir.Obj("name", "issue", "part", fhir.List(i.parts()...)))
	}
	if m.More > 0 {
		list = append(list, fhir.Obj("name", "more", "valueInteger", m.More))
	}
	return list
}

func (i *Issue) parts() []any {
	return []any{part("severity", "valueCode", i.Severity), part("code", "valueCode", i.Code), part("rule", "valueString", i.Rule), part("expression", "valueString", i.Expression), part("text", "valueString", i.Text)}
}

// one is one message whole.
func (l *Log) one(ctx context.Context, organisation, id string, validate, compare bool, judge Judge) (*fhir.Reply, error) {
	m, err := l.Get(organisation, id)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, fhir.E("messages", fhir.NotFound, fhir.Issue{Rule: "messages", Expression: "Parameters.parameter.where(name = 'id')", Message: "The caller's organisation has sent no such message, or it is kept no more.", Found: id})
	}
	body, err := l.Body(m)
	if err != nil {
		return nil, err
	}
	out := []any{fhir.Obj("name", "message", "part", fhir.List(m.parts()...))}
	if body != nil {
		out = append(out, part("body", "valueBase64Binary", base64.StdEncoding.EncodeToString(body)))
	}
	if (validate || compare) && body == nil {
		return nil, fhir.E("messages", fhir.BusinessRule, fhir.Issue{Rule: "messages", Expression: "Parameters.parameter.where(name = 'id')", Message: "The body of the message is not kept, or is kept no more.", Expected: "a message whose body is kept", Found: id})
	}
	if validate {
		found := judge(ctx, m, body)
		now := &Message{}
		now.Note(found)
		for _, i := range now.Issues {
			out = append(out, fhir.Obj("name", "today", "part", fhir.List(i.parts()...)))
		}
		out = append(out, fhir.Obj("name", "valid", "valueBoolean", !fhir.HasErrors(found)))
	}
	if compare {
		lines, err := l.compare(m, body)
		if err != nil {
			return nil, err
		}
		out = append(out, lines...)
	}
	return reply(out), nil
}

// compare says which elements a message has more or less than the last one that was accepted.
func (l *Log) compare(m *Message, body []byte) (out []any, err error) {
	accepted, err := l.LastAccepted(m)
	if err != nil || accepted == nil {
		return nil, err
	}
	other, err := l.Body(accepted)
	if err != nil {
		return nil, err
	}
	out = []any{part("compared", "valueId", accepted.ID)}
	more, less := Compare(body, other)
	for _, path := range more {
		out = append(out, part("added", "valueString", path))
	}
	for _, path := range less {
		out = append(out, part("missing", "valueString", path))
	}
	return out, nil
}

func (l *Log) grouped(q Query) (*fhir.Reply, error) {
	list, total, accepted, err := l.Groups(q)
	if err != nil {
		return nil, err
	}
	out := []any{part("since", "valueInstant", stamp(q.Since)), fhir.Obj("name", "messages", "valueInteger", total), fhir.Obj("name", "accepted", "valueInteger", accepted)}
	for _, g := range list[:min(len(list), mostAll)] {
		out = append(out, fhir.Obj("name", "mistake", "part", fhir.List(part("rule", "valueString", g.Rule), part("code", "valueCode", g.Code), part("place", "valueString", g.Place), fhir.Obj("name", "messages", "valueInteger", g.Messages),
			part("first", "valueInstant", stamp(g.First)), part("last", "valueInstant", stamp(g.Last)), part("example", "valueId", g.Example), part("text", "valueString", g.Text))))
	}
	return reply(out), nil
}

// mostPaths bounds what a comparison lists.
const mostPaths = 100

// Compare lists the elements that one body has and another has not, both ways, by their
// paths without the numbers of repeats. What is not JSON has none.
func Compare(body, other []byte) (more, less []string) {
	a, b := pathsIn(body), pathsIn(other)
	return missing(a, b), missing(b, a)
}

func missing(from, in map[string]bool) (list []string) {
	for path := range from {
		parent := path[:max(strings.LastIndexByte(path, '.'), 0)]
		if !in[path] && (parent == "" || in[parent] || !from[parent]) { // not what is below one that is missing too
			list = append(list, path)
		}
	}
	slices.Sort(list)
	return list[:min(len(list), mostPaths)]
}

// pathsIn are the paths of all elements of a resource; an entry of a Bundle is named by the type
// of its resource.
func pathsIn(body []byte) map[string]bool {
	paths := map[string]bool{}
	r, err := fhir.Parse(body)
	if r == nil || err != nil && r.Root().Kind() != fhir.Object {
		return paths
	}
	var walk func(n fhir.Node, path string)
	walk = func(n fhir.Node, path string) {
		if typ := n.Get("resourceType").Text(); typ != "" {
			path = strings.TrimSuffix(path+"."+typ, ".")
			path = strings.TrimPrefix(path, ".")
		}
		if path != "" {
			paths[path] = true
		}
		for m := range n.Members() {
			below := strings.TrimPrefix(path+"."+m.Name(), ".")
			switch m.Kind() {
			case fhir.Object:
				walk(m, below)
			case fhir.Array:
				paths[below] = true
				for item := range m.Items() {
					if item.Kind() == fhir.Object {
						walk(item, below)
					}
				}
			default:
				if m.Name() != "resourceType" {
					paths[below] = true
				}
			}
		}
	}
	walk(r.Root(), "")
	return paths
}
