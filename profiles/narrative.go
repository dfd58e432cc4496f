package profiles

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/xml"
)

const xhtmlNamespace = "http://www.w3.org/1999/xhtml"

func words(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(text) {
		set[w] = true
	}
	return set
}

// narrativeRules are txt-1 and txt-2, and that links lead somewhere.
func narrativeRules(w *walk, n fhir.Node, _ *r4.Type) {
	if n.Kind() != fhir.String {
		return
	}
	d := narrative{w: w, n: n, m: markup{text: strings.TrimSpace(w.narrativeText(n))}}
	if _, place := fhir.NoChar(d.m.text); place > 0 {
		return // said of it as of any string
	}
	d.read()
	if beside := n.Parent().Get("_" + n.Name()); n.Name() != "" && beside.Exists() {
		d.say("xhtml", "A narrative has no id or extensions beside it: XML has no place for them.", n.Name()+" alone", "_"+n.Name(), "Leave _"+n.Name()+" out.")
	}
}

// narrativeText is the text of the narrative that was read last: its form and
// its content are checked one after the other, and it is long and full of escapes.
type narrativeText struct {
	at   int
	text string
}

func (w *walk) narrativeText(n fhir.Node) string {
	if w.read.text == "" || w.read.at != n.Index() {
		w.read = narrativeText{n.Index(), n.Text()}
	}
	return w.read.text
}

// narrative is the reading of one div.
type narrative struct {
	w       *walk
	n       fhir.Node
	m       markup
	content bool // text or an image was met
	depth   int
	said    map[string]bool
	anchors map[string]bool // ids and names in the div
	links   []string        // of the kind #id
}

func (d *narrative) read() {
	first := true
	for {
		t, text, ok := d.m.next()
		if !ok {
			break
		}
		if t.name == "" {
			d.content = d.content || strings.TrimSpace(text) != ""
			if d.outside() && strings.TrimSpace(text) != "" {
				d.say("txt-1", "There is text outside the div.", `one <div xmlns="`+xhtmlNamespace+`">`, short(text), "")
			}
			if strings.TrimSpace(text) != "" {
				d.textIn(text)
			}
			continue
		}
		if first {
			d.root(t)
			first = false
		} else if d.outside() && len(d.m.open) <= 1 && d.depth > 0 {
			d.say("txt-1", "A narrative is one div.", "nothing behind </div>", "<"+t.name+">", "")
		}
		d.depth++
		d.element(t)
	}
	if d.m.bad != "" {
		d.say("xhtml", "The narrative is not well-formed XHTML.", "XHTML", d.m.bad, "Escape < and & that mean themselves as &lt; and &amp;, and close every element.")
		return
	}
	if !d.content {
		d.w.broken(d.n, d.n, "txt-2")
	}
	d.resolve()
	if len(d.said) == 0 && d.m.rare {
		d.writable()
	}
}

// writable asks that XML can hold the narrative: a resource has both forms.
func (d *narrative) writable() {
	var e *fhir.Error
	if !errors.As(xml.CheckNarrative(d.m.text), &e) {
		return
	}
	for _, issue := range e.Issues {
		d.say("xhtml", "The narrative is not well-formed XHTML: "+issue.Message, issue.Expected,
			fmt.Sprintf("%s (line %d, column %d of the div)", issue.Found, issue.Position.Line, issue.Position.Column), issue.Fix)
	}
}

// outside reports whether no element is open.
func (d *narrative) outside() bool { return len(d.m.open) == 0 }

func (d *narrative) root(t tag) {
	if t.name != "div" {
		d.say("txt-1", "A narrative is one div.", "<div>", "<"+short(t.name)+">", "")
		return
	}
	i := slices.IndexFunc(t.attrs, func(a attr) bool { return a.name == "xmlns" })
	if i < 0 || t.attrs[i].value != xhtmlNamespace {
		d.say("xhtml", "The div is not in the namespace of XHTML.", `<div xmlns="`+xhtmlNamespace+`">`, "another namespace, or none", "")
	}
}

func (d *narrative) element(t tag) {
	d.content = d.content || t.name == "img"
	if !narrativeElements[t.name] {
		d.say("txt-1", "A narrative may not use <"+short(t.name)+">.", "basic HTML formatting", "<"+short(t.name)+">", "")
	}
	d.nested(t)
	for _, a := range t.attrs {
		switch {
		case a.name == "xmlns" && a.value != xhtmlNamespace && d.depth > 1: // of the div, root speaks
			d.say("xhtml", "An element of the narrative is in another namespace than XHTML.", `no xmlns, or xmlns="`+xhtmlNamespace+`"`, short(`<`+t.name+` xmlns="`+a.value+`">`), "")
		case !mayHave(t.name, a.name):
			d.attribute(t, a)
		case a.name == "id", a.name == "name":
			if d.anchors == nil {
				d.anchors = map[string]bool{}
			}
			d.anchors[a.value] = true
		case a.name == "href" && (t.name == "a" || t.name == "area"), a.name == "src" && t.name == "img":
			d.link(t, a.value)
		}
	}
}

// link allows what a reader may safely follow: the web, mail, phone, relative
// links; for images also data.
func (d *narrative) link(t tag, to string) {
	if id, ok := strings.CutPrefix(to, "#"); ok {
		d.links = append(d.links, id)
		return
	}
	scheme, _, _ := strings.Cut(to, ":")
	if !isAbsolute(to) {
		return
	}
	switch strings.ToLower(scheme) {
	case "http", "https", "tel", "mailto", "sms", "ftp", "cid":
		return
	case "data":
		if t.name == "img" {
			return
		}
	}
	if fhir.Links(d.w.ctx, to) {
		return
	}
	d.say("link", "The link of the narrative leads to what no browser opens.", "a link to the web, mail or phone, or # and an id", short(to), "Link to an address of the web, or leave the link out.")
}

// resolve asks that links within the resource find their id.
func (d *narrative) resolve() {
	for _, id := range d.links {
		if id == "" || d.anchors[id] || d.w.hasID(id) {
			continue
		}
		d.say("link", "The link of the narrative finds nothing.", "the id of an element of the narrative or the resource", "#"+short(id), "")
	}
}

// say reports each thing about a narrative once.
func (d *narrative) say(rule, message, expected, found, fix string) {
	if d.said[message+found] {
		return
	}
	if d.said == nil {
		d.said = map[string]bool{}
	}
	d.said[message+found] = true
	code := fhir.Invalid
	if rule == "txt-1" {
		code = fhir.Invariant
	}
	d.w.add(d.n, fhir.Issue{Code: code, Rule: rule, Message: message, Expected: expected, Found: found, Fix: fix})
}

// hasID reports whether any element of the resource around has that id.
func (w *walk) hasID(id string) bool {
	if w.scope.every == nil {
		w.scope.every = map[string]bool{}
		n := w.scope.root
		for i, end := n.Index(), lastIndex(n); i <= end; i++ {
			if m := w.r.Node(i); m.Kind() == fhir.String && m.Name() == "id" {
				w.scope.every[m.Text()] = true
			}
		}
	}
	return w.scope.every[id]
}
