package console

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/server/page/markup"
)

// mostVersions is how many versions of a resource are shown and compared: the newest.
const mostVersions = 50

// historyScreen is every version of a resource: who wrote it and when, what is different
// between two of them, and which version each element is from.
type historyScreen struct {
	Ref      string
	Versions []versionRow
	More     bool // there are older ones
	From, To string
	Changes  []change
	Same     int // elements that are the same in both
	Blame    []blamed
	Proof    *proved
}

// versionRow is a version.
type versionRow struct {
	Version, By, Method string
	When                moment
	Text, Compare       string // addresses
	Proof               string
}

// change is an element that is different.
type change struct{ Path, What, Was, Now string }

// blamed is an element with the version that it is from.
type blamed struct{ Path, Value, Version, By string }

func (h *historyScreen) title() string { return "History of " + h.Ref }

func (h *historyScreen) write(w *markup.Writer) {
	w.HTML("<h1>History of ").Text(h.Ref).HTML("</h1>\n<section aria-labelledby=\"versions\">\n<h2 id=\"versions\">Versions</h2>\n<div class=\"scroll\" role=\"region\" aria-label=\"Table of the versions\" tabindex=\"0\">\n<table>\n<caption>The newest first</caption>\n<thead><tr><th scope=\"col\">Version</th><th scope=\"col\">When</th><th scope=\"col\">Who</th><th scope=\"col\">What</th><th scope=\"col\">More</th></tr></thead>\n<tbody>\n")
	for _, v := range h.Versions {
		w.HTML("<tr><th scope=\"row\">").Text(v.Version).HTML("</th><td class=\"time\">")
		v.When.write(w)
		w.HTML("</td><td>").Text(v.By).HTML("</td><td>").Text(v.Method).HTML("</td><td>")
		if v.Text != "" {
			w.HTML("<a").Attr("href", v.Text).HTML(">Read version ").Text(v.Version).HTML("</a>")
		}
		if v.Compare != "" {
			w.HTML(" <a").Attr("href", v.Compare).HTML(">What changed in ").Text(v.Version).HTML("</a>")
		}
		if v.Proof != "" {
			w.HTML(" <a").Attr("href", v.Proof).HTML(">Proof of ").Text(v.Version).HTML("</a>")
		}
		w.HTML("</td></tr>\n")
	}
	w.HTML("</tbody>\n</table>\n</div>\n")
	if h.More {
		w.HTML("<p>These are the newest; there are older ones.</p>\n")
	}
	w.HTML("</section>\n")
	if h.Proof != nil {
		h.Proof.write(w)
	}
	if h.To != "" {
		h.changes(w)
	}
	if len(h.Blame) > 0 {
		w.HTML("<details><summary>Which version each element is from</summary>\n<div class=\"scroll\" role=\"region\" aria-label=\"Table of the elements\" tabindex=\"0\">\n<table>\n<caption>The elements of the newest version</caption>\n<thead><tr><th scope=\"col\">Element</th><th scope=\"col\">Value</th><th scope=\"col\">Version</th><th scope=\"col\">Who</th></tr></thead>\n<tbody>\n")
		for _, b := range h.Blame {
			w.HTML("<tr><th scope=\"row\"><code>").Text(b.Path).HTML("</code></th><td class=\"value\">").Text(b.Value).HTML("</td><td>").Text(b.Version).HTML("</td><td>").Text(b.By).HTML("</td></tr>\n")
		}
		w.HTML("</tbody>\n</table>\n</div>\n</details>\n")
	}
}

// changes are what is different between the two versions.
func (h *historyScreen) changes(w *markup.Writer) {
	w.HTML("<section aria-labelledby=\"changes\">\n<h2 id=\"changes\">From version ").Text(h.From).HTML(" to ").Text(h.To).HTML("</h2>\n")
	if len(h.Changes) == 0 {
		w.HTML("<p>No element differs; ").Text(strconv.Itoa(h.Same)).HTML(" are the same. When it was stored, and its version, are left out.</p>\n</section>\n")
		return
	}
	w.HTML("<div class=\"scroll\" role=\"region\" aria-label=\"Table of the changes\" tabindex=\"0\">\n<table>\n<caption>").Text(plural(len(h.Changes), "element")).HTML(" differ; ").Text(strconv.Itoa(h.Same)).HTML(" are the same. When it was stored, and its version, are left out.</caption>\n<thead><tr><th scope=\"col\">Element</th><th scope=\"col\">What</th><th scope=\"col\">Was</th><th scope=\"col\">Now</th></tr></thead>\n<tbody>\n")
	for _, c := range h.Changes {
		w.HTML("<tr><th scope=\"row\"><code>").Text(c.Path).HTML("</code></th><td>").Text(c.What).HTML("</td><td class=\"value\">").Text(c.Was).HTML("</td><td class=\"value\">").Text(c.Now).HTML("</td></tr>\n")
	}
	w.HTML("</tbody>\n</table>\n</div>\n</section>\n")
}

// element is a value in a resource, by where it is.
type element struct{ path, value string }

// elements are the values of a resource in their order. An item of a list is named by what
// tells it from the others, its url, id or identifier, and else by its place, so that one
// that is put in before does not make all behind it different.
func elements(n fhir.Node) (list []element) {
	seen := map[string]int{}
	var walk func(n fhir.Node, path string)
	walk = func(n fhir.Node, path string) {
		switch n.Kind() {
		case fhir.Object:
			for m := range n.Members() {
				if name := strings.TrimPrefix(path+"."+m.Name(), "."); name != "meta.versionId" && name != "meta.lastUpdated" {
					walk(m, name)
				}
			}
		case fhir.Array:
			place := 0
			for item := range n.Items() {
				key := keyOf(item)
				if key == "" {
					key = strconv.Itoa(place)
				}
				walk(item, path+"["+key+"]")
				place++
			}
		default:
			if seen[path]++; seen[path] > 1 {
				path += "#" + strconv.Itoa(seen[path])
			}
			list = append(list, element{path, n.Text()})
		}
	}
	walk(n, "")
	return list
}

// keyOf tells an item of a list from the others, "" where nothing does.
func keyOf(item fhir.Node) string {
	for _, path := range [][]string{{"id"}, {"url"}, {"identifier", "value"}, {"valueReference", "reference"}, {"sequence"}, {"system"}} {
		if text := item.Path(path...).Text(); text != "" {
			return text[strings.LastIndexByte(text, '/')+1:]
		}
	}
	return ""
}

// compared is what is different between two versions, and how many elements are the same.
func compared(was, now []element) (list []change, same int) {
	before := map[string]string{}
	for _, e := range was {
		before[e.path] = e.value
	}
	after := map[string]bool{}
	for _, e := range now {
		after[e.path] = true
		old, had := before[e.path]
		switch {
		case !had:
			list = append(list, change{Path: e.path, What: "added", Now: e.value})
		case old != e.value:
			list = append(list, change{Path: e.path, What: "changed", Was: old, Now: e.value})
		default:
			same++
		}
	}
	for _, e := range was {
		if !after[e.path] {
			list = append(list, change{Path: e.path, What: "removed", Was: e.value})
		}
	}
	return list, same
}

// blame is the version that each element of the newest one is from: the last that added or
// changed it. The versions are the newest first, nil for a deletion.
func blame(versions [][]element) (from map[string]int) {
	from = map[string]int{}
	for i := len(versions) - 1; i >= 0; i-- {
		var before []element
		if i+1 < len(versions) {
			before = versions[i+1]
		}
		list, _ := compared(before, versions[i])
		for _, c := range list {
			if c.What != "removed" {
				from[c.Path] = i
			}
		}
	}
	return from
}

func (v *visit) history() (view, error) {
	typ, id := v.r.PathValue("type"), v.r.PathValue("id")
	if !r4.IsResource(typ) || !fhir.IsID(id) {
		return v.nowhere()
	}
	a, err := v.ask(http.MethodGet, typ+"/"+id+"/_history?_count="+strconv.Itoa(mostVersions), nil)
	if err != nil {
		return nil, err
	}
	if !a.ok() {
		return nil, refusedBy(a)
	}
	v.json = fhirPath + "/" + typ + "/" + id + "/_history"
	out := &historyScreen{Ref: typ + "/" + id}
	var all [][]element
	var who []string
	for e := range a.resource.Get("entry").Items() {
		location := e.Path("response", "location").Text()
		version := location[strings.LastIndexByte(location, '/')+1:]
		if version == "" {
			version = strings.Trim(strings.TrimPrefix(e.Path("response", "etag").Text(), "W/"), `"`)
		}
		issue := e.Path("response", "outcome", "issue").Item(0)
		row := versionRow{Version: version, By: writtenBy(issue.Get("details")), Method: map[string]string{"PUT": "changed", "POST": "created", "DELETE": "deleted", "PATCH": "changed"}[e.Path("request", "method").Text()]}
		at, _ := timeOf(e.Path("response", "lastModified").Text(), v.config.Zone)
		row.When = moment{e.Path("response", "lastModified").Text(), at.Format("2 Jan 2006 15:04:05.000 MST")}
		if r := e.Get("resource"); r.Exists() {
			all = append(all, elements(r))
			row.Text = fhirPath + "/" + typ + "/" + id + "/_history/" + version
			if v.acts("$proof") {
				row.Proof = address("history", typ, id) + "?" + values("proof", version)
			}
		} else {
			all = append(all, nil)
		}
		who = append(who, row.By)
		out.Versions = append(out.Versions, row)
	}
	for i := range out.Versions {
		if i+1 < len(out.Versions) {
			out.Versions[i].Compare = address("history", typ, id) + "?" + values("from", out.Versions[i+1].Version, "to", out.Versions[i].Version)
		}
	}
	for link := range a.resource.Get("link").Items() {
		out.More = out.More || link.Get("relation").Text() == "next"
	}
	v.compare(out, all)
	if version := v.r.URL.Query().Get("proof"); slices.ContainsFunc(out.Versions, func(r versionRow) bool { return r.Version == version && r.Proof != "" }) {
		if out.Proof, err = v.proofOf(typ, id, version); err != nil {
			return nil, err
		}
	}
	if len(all) > 0 && all[0] != nil {
		from := blame(all)
		for _, e := range all[0] {
			i := from[e.path]
			out.Blame = append(out.Blame, blamed{Path: e.path, Value: e.value, Version: out.Versions[i].Version, By: who[i]})
		}
	}
	return out, nil
}

// compare fills in what is different between the two versions that the address names.
func (v *visit) compare(out *historyScreen, all [][]element) {
	find := func(version string) int {
		return slices.IndexFunc(out.Versions, func(r versionRow) bool { return r.Version == version })
	}
	from, to := find(v.r.URL.Query().Get("from")), find(v.r.URL.Query().Get("to"))
	if from < 0 || to < 0 {
		return
	}
	out.From, out.To = out.Versions[from].Version, out.Versions[to].Version
	out.Changes, out.Same = compared(all[from], all[to])
}

// writtenBy is who wrote a version, as a history says.
func writtenBy(details fhir.Node) string {
	name, org := "", ""
	for c := range details.Get("coding").Items() {
		switch system := c.Get("system").Text(); {
		case strings.HasSuffix(system, "/history/agent"):
			if name = c.Get("display").Text(); name == "" {
				name = c.Get("code").Text()
			}
		case strings.HasSuffix(system, "/history/organisation"):
			org = c.Get("code").Text()
		}
	}
	if name == "" {
		return details.Get("text").Text()
	}
	if org != "" {
		name += ", " + org
	}
	return name
}
