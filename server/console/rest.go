package console

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/server/page"
)

// answer is what the FHIR interface says to a request.
type answer struct {
	status   int
	header   http.Header
	resource *fhir.Resource // nil where there is none
}

// ok reports whether there is a resource, and no refusal.
func (a *answer) ok() bool { return a.status < 300 && a.resource != nil }

// resources are those of a Bundle of a search, without outcomes.
func (a *answer) resources() (list []*fhir.Resource) {
	if !a.ok() {
		return nil
	}
	for e := range a.resource.Get("entry").Items() {
		if r := e.Get("resource"); r.Exists() && r.Get("resourceType").Text() != "OperationOutcome" {
			list = append(list, a.resource.Sub(r))
		}
	}
	return list
}

// ofType are the resources of a type in a list.
func ofType(list []*fhir.Resource, typ string) (out []*fhir.Resource) {
	for _, r := range list {
		if r.Type() == typ {
			out = append(out, r)
		}
	}
	return out
}

// total is how many a search finds, -1 where it does not say.
func (a *answer) total() int {
	if !a.ok() {
		return -1
	}
	n, err := strconv.Atoi(a.resource.Get("total").Text())
	if err != nil {
		return -1
	}
	return n
}

// recorder keeps an answer of the FHIR interface.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

// base is the path of the FHIR interface that is asked.
const base = "/fhir"

// raw asks the FHIR interface as the person.
func (v *visit) raw(method, path string, body []byte, header ...string) (*recorder, error) {
	r, err := http.NewRequestWithContext(v.identified(), method, base+"/"+path, bytes.NewReader(body))
	if err != nil {
		return nil, &problem{status: http.StatusBadRequest, heading: "There is no such page", message: "The address is not one of the console."}
	}
	r.Host, r.TLS, r.RemoteAddr, r.RequestURI = v.r.Host, v.r.TLS, v.r.RemoteAddr, r.URL.RequestURI()
	r.Header.Set("Accept", "application/fhir+json")
	if len(body) > 0 {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := &recorder{header: http.Header{}}
	v.config.REST.ServeHTTP(w, r)
	if notice := w.header.Get("Pestle-Emergency-Access"); notice != "" {
		v.notice = notice
	}
	v.w.Header().Set("X-Request-Id", w.header.Get("X-Request-Id"))
	return w, nil
}

// ask is raw for a resource.
func (v *visit) ask(method, path string, body []byte, header ...string) (*answer, error) {
	w, err := v.raw(method, path, body, header...)
	if err != nil {
		return nil, err
	}
	a := &answer{status: w.status, header: w.header}
	if w.body.Len() > 0 {
		if a.resource, err = fhir.Parse(w.body.Bytes()); err != nil {
			return nil, err
		}
		v.look(a.resource.Root())
	}
	return a, nil
}

// look notes whether something of a resource is hidden from the person.
func (v *visit) look(n fhir.Node) {
	for e := range n.Get("entry").Items() {
		if r := e.Get("resource"); r.Exists() {
			v.look(r)
		}
	}
	for label := range n.Path("meta", "security").Items() {
		if code := label.Get("code").Text(); code == "REDACTED" || code == "MASKED" {
			v.hidden = true
		}
	}
}

// read asks for several things in one request: what a screen shows is read together,
// and recorded under one id. An empty path is not asked, and is answered 403.
func (v *visit) read(paths ...string) ([]*answer, error) {
	answers := make([]*answer, len(paths))
	var entries []any
	for i, path := range paths {
		answers[i] = &answer{status: http.StatusForbidden}
		if path != "" {
			entries = append(entries, fhir.Obj("request", fhir.Obj("method", "GET", "url", path)))
		}
	}
	if len(entries) == 0 {
		return answers, nil
	}
	all, err := v.ask(http.MethodPost, "", fhir.Obj("resourceType", "Bundle", "type", "batch", "entry", fhir.List(entries...)).JSON())
	if err != nil {
		return nil, err
	}
	if !all.ok() {
		return nil, refusedBy(all)
	}
	i := 0
	for e := range all.resource.Get("entry").Items() {
		for i < len(paths) && paths[i] == "" {
			i++
		}
		if i == len(paths) {
			break
		}
		status, _ := strconv.Atoi(strings.SplitN(e.Path("response", "status").Text(), " ", 2)[0])
		answers[i].status = status
		if r := e.Get("resource"); r.Exists() {
			answers[i].resource = all.resource.Sub(r)
			v.look(r)
		} else if o := e.Path("response", "outcome"); o.Exists() {
			answers[i].resource = all.resource.Sub(o)
		}
		i++
	}
	return answers, nil
}

// refusedBy is the problem that an answer tells of.
func refusedBy(a *answer) *problem {
	p := &problem{status: a.status, outcome: a.resource}
	switch a.status {
	case http.StatusUnauthorized:
		p.heading, p.message = "You have to prove who you are once more", "Sign in again, and repeat what you did."
	case http.StatusForbidden:
		p.heading, p.message = "This is not for your role", "Somebody with another role does it: docs/access.md lists who may do what."
	case http.StatusNotFound, http.StatusGone:
		p.heading, p.message = "Nothing was found", "It is not here, was deleted, or belongs to another organisation."
	case http.StatusPreconditionFailed:
		p.heading, p.message = "Somebody was quicker", "It has changed since you opened the page, and nothing was done. Look at what it is now, and decide again."
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusInsufficientStorage:
		p.heading, p.message = "The server cannot do this now", "Nothing was done. Try again in a moment."
	default:
		p.heading, p.message = "That was refused", "Nothing was done."
	}
	if p.status < 400 {
		p.status = http.StatusBadGateway
	}
	return p
}

// searched is the address of a search: names and values in turn. Where the past is
// looked at, it is of then.
func (v *visit) searched(typ string, pairs ...string) string {
	if !v.reads(typ) {
		return ""
	}
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Add(pairs[i], pairs[i+1])
	}
	if at := v.at(); at != "" {
		q.Set("_at", at)
	}
	return typ + "?" + q.Encode()
}

// one is the address of a resource, of then where the past is looked at.
func (v *visit) one(typ, id string) string {
	if !fhir.IsID(id) {
		id = "-" // which nothing has
	}
	if at := v.at(); at != "" {
		return typ + "/" + id + "?_at=" + url.QueryEscape(at)
	}
	return typ + "/" + id
}

// literal is text as a search parameter takes it: https://hl7.org/fhir/R4/search.html#escaping
func literal(text string) string {
	return strings.NewReplacer(`\`, `\\`, `,`, `\,`, `|`, `\|`, `$`, `\$`).Replace(text)
}

// idIn is the id of a reference to a type, "" where it is of another.
func idIn(reference, typ string) string {
	if rest, ok := strings.CutPrefix(reference, typ+"/"); ok {
		id, _, _ := strings.Cut(rest, "/")
		return id
	}
	return ""
}

// coded is the code of a concept in a system, "" for none.
func coded(n fhir.Node, system string) string {
	for c := range n.Get("coding").Items() {
		if c.Get("system").Text() == system {
			return c.Get("code").Text()
		}
	}
	return ""
}

// codedIn is the first code of a concept whose system ends as named.
func codedIn(n fhir.Node, end string) string {
	for c := range n.Get("coding").Items() {
		if strings.HasSuffix(c.Get("system").Text(), "/"+end) {
			return c.Get("code").Text()
		}
	}
	return ""
}

// parameter is the first parameter of a name.
func parameter(parts fhir.Node, name string) fhir.Node {
	for p := range parts.Items() {
		if p.Get("name").Text() == name {
			return p
		}
	}
	return fhir.Node{}
}

// sorted sorts what happened, the newest first.
func sorted(list []event) []event {
	sorting.Stably(list, func(a, b event) int { return strings.Compare(b.When.Instant, a.When.Instant) })
	return slices.CompactFunc(list, func(a, b event) bool {
		return a.When == b.When && a.Kind == b.Kind && a.Words == b.Words && len(a.More) == 0 && len(b.More) == 0
	})
}

// address is one of the console.
func address(parts ...string) string {
	out := page.ConsolePath
	for _, p := range parts {
		out += "/" + url.PathEscape(p)
	}
	return out
}
