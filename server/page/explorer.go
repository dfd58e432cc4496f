package page

import (
	"strings"

	"github.com/pestle-fhir/pestle/server/page/markup"
)

// ExplorerPath is where the pages about the interface are, and below it that of each type.
const ExplorerPath = "/openapi"

// Explorer is the page about a type of the interface, or about the system as a whole.
type Explorer struct {
	Site       Site
	Name       string // of the type; "" for the system
	Base       string // the path of the FHIR base
	Actions    []Done
	Parameters []Sought
	Example    []byte   // a body that the server takes, nil for none
	Main       []string // types with an example or an operation, of the system alone
	Others     []string // all others
}

// Done is something that can be done at an address.
type Done struct{ Method, Address, Words string }

// Sought is a search parameter.
type Sought struct{ Name, Type, About, Lead string }

// HTML writes the page.
func (e *Explorer) HTML() []byte {
	title := "The interface: " + e.Name
	if e.Name == "" {
		title = "The interface"
	}
	return e.Site.page(title, func(w *markup.Writer) {
		w.HTML("<h1>").Text(title).HTML("</h1>\n<p class=\"lead\">What the server answers, from the tables that it answers by. For tools: ")
		if e.Name == "" {
			link(w, Link{"OpenAPI", ExplorerPath + ".json"})
			w.HTML(". Of what an address takes and answers, each type has a page.</p>\n")
			types(w, "What clinics and pharmacies work with", e.Main)
		} else {
			link(w, Link{"OpenAPI of " + e.Name, ExplorerPath + "/" + e.Name + ".json"})
			w.HTML(". ")
			link(w, Link{"What FHIR says", "https://hl7.org/fhir/R4/" + strings.ToLower(e.Name) + ".html"})
			w.HTML(". ")
			link(w, Link{"All types", ExplorerPath})
			w.HTML(".</p>\n")
		}
		e.actions(w)
		e.parameters(w)
		if e.Example != nil {
			w.HTML("<section aria-labelledby=\"example\">\n<h2 id=\"example\">An example</h2>\n<p>The server takes it as it is: <code>POST ").Text(e.Base + "/" + e.Name).HTML("</code>.</p>\n<pre class=\"json\" tabindex=\"0\" aria-label=\"An example\"><code>")
			list(w, e.Example, links{base: e.Base})
			w.HTML("</code></pre>\n</section>\n")
		}
		if e.Name == "" {
			types(w, "All other types", e.Others)
		}
	})
}

func types(w *markup.Writer, title string, names []string) {
	if len(names) == 0 {
		return
	}
	w.HTML("<h2>").Text(title).HTML("</h2>\n<ul class=\"ways\">\n")
	for _, name := range names {
		w.HTML("<li>")
		link(w, Link{name, ExplorerPath + "/" + name})
		w.HTML("</li>\n")
	}
	w.HTML("</ul>\n")
}

func (e *Explorer) actions(w *markup.Writer) {
	table(w, "What can be done", []string{"Request", "What it does"})
	for _, a := range e.Actions {
		w.HTML("<tr><th scope=\"row\"><code>").Text(a.Method + " " + a.Address).HTML("</code></th><td>").Text(a.Words).HTML("</td></tr>\n")
	}
	w.HTML("</tbody>\n</table>\n</div>\n")
}

// parameters lists the search parameters, each with a search that finds what has a value.
func (e *Explorer) parameters(w *markup.Writer) {
	if len(e.Parameters) == 0 {
		return
	}
	table(w, "Search parameters", []string{"Parameter", "Type", "What it is about", "Try"})
	for _, p := range e.Parameters {
		w.HTML("<tr><th scope=\"row\"><code>").Text(p.Name).HTML("</code></th><td>").Text(p.Type)
		if p.Lead != "" {
			w.HTML(" to ")
			link(w, Link{p.Lead, ExplorerPath + "/" + p.Lead})
		}
		w.HTML("</td><td><code>").Text(p.About).HTML("</code></td><td>")
		if p.Type != "special" && p.Type != "composite" && p.About != "" && p.Name != "_id" {
			w.HTML("<a").Attr("href", e.Base+"/"+e.Name+"?"+p.Name+":missing=false&_count=10").Attr("aria-label", "Those with "+p.Name).HTML(">Those with it</a>")
		}
		w.HTML("</td></tr>\n")
	}
	w.HTML("</tbody>\n</table>\n</div>\n<p>A name may have a modifier (<code>name:exact</code>, <code>code:in</code>), a value a prefix (<code>ge2026-01-01</code>) and several values with commas between them, of which one has to match.</p>\n")
}

// table begins a table that scrolls by itself where it is too wide.
func table(w *markup.Writer, title string, heads []string) {
	w.HTML("<h2>").Text(title).HTML("</h2>\n<div class=\"scroll\" role=\"region\" tabindex=\"0\"").Attr("aria-label", title).HTML(">\n<table>\n<thead><tr>")
	for _, head := range heads {
		w.HTML("<th scope=\"col\">").Text(head).HTML("</th>")
	}
	w.HTML("</tr></thead>\n<tbody>\n")
}
