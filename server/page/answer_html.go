package page

import (
	"strconv"

	"github.com/pestle-fhir/pestle/server/page/markup"
)

// write writes what is between the layout: what a person wants to know, then the JSON.
func (s *shown) write(w *markup.Writer) {
	w.HTML("<h1>")
	if s.Failed {
		w.HTML("Error ")
	}
	w.Text(s.Heading).HTML("</h1>\n")
	if s.Login {
		s.login(w)
	}
	s.issues(w)
	s.subject(w)
	s.facts(w)
	ways(w, s.Ways, "This answer")
	if s.IsBundle {
		s.entries(w)
	}
	s.json(w)
}

// login tells who has no token how to get one.
func (*shown) login(w *markup.Writer) {
	w.HTML(`<section class="note" aria-labelledby="login">
<h2 id="login">How to get in</h2>
<p>This server answers only those who show an access token. It does not ask a browser for a password: programs send the token in a header.</p>
<ol>
<li>Get an access token from the issuer that the operator of this server trusts. Ask the operator for an account if you have none.</li>
<li>Send it with each request: <code>curl -H 'Authorization: Bearer TOKEN' URL</code></li>
<li>To try the software without an account, run a sandbox on your own computer: <code>pestle serve --sandbox</code></li>
</ol>
<p>What the server can do is public: <a href="/fhir/metadata">metadata</a>.</p>
</section>
`)
}

func (s *shown) issues(w *markup.Writer) {
	if len(s.Issues) == 0 {
		return
	}
	heading := "What the server says"
	if s.Failed {
		heading = "There is a problem"
	}
	w.HTML("<section aria-labelledby=\"issues\">\n<h2 id=\"issues\">").Text(heading).HTML("</h2>\n<ul class=\"issues\">\n")
	for _, i := range s.Issues {
		w.HTML("<li").Attr("class", i.Severity).HTML("><strong>").Text(i.Severity).HTML(`</strong> <span class="code">`).Text(i.Code).HTML("</span>")
		if i.Text != "" {
			w.HTML("<br>").Text(i.Text)
		}
		if i.Where != "" {
			w.HTML("<br>at <code>").Text(i.Where).HTML("</code>")
		}
		if i.Rule != "" {
			w.HTML("<br>rule ")
			link(w, Link{i.Rule, RulePath + i.Rule})
		}
		w.HTML("</li>\n")
	}
	w.HTML("</ul>\n</section>\n")
}

// subject says in words what a single resource is.
func (s *shown) subject(w *markup.Writer) {
	if s.Subject == nil {
		return
	}
	w.HTML("<dl class=\"facts\">\n")
	for _, fact := range []struct{ name, value string }{{"What", s.Subject.What}, {"Whom it is about", s.Subject.Who}, {"Status", s.Subject.Status}} {
		if fact.value != "" {
			w.HTML("<div><dt>").Text(fact.name).HTML("</dt><dd>").Text(fact.value).HTML("</dd></div>\n")
		}
	}
	w.HTML("</dl>\n")
}

// facts are of the exchange itself.
func (s *shown) facts(w *markup.Writer) {
	w.HTML("<dl class=\"facts\">\n<div><dt>Request</dt><dd><code>").Text(s.Request).HTML("</code></dd></div>\n<div><dt>HTTP status</dt><dd>").Text(s.Status).HTML("</dd></div>\n")
	if s.ETag != "" {
		w.HTML("<div><dt>ETag</dt><dd><code>").Text(s.ETag).HTML("</code></dd></div>")
	}
	w.HTML("\n")
	if s.Modified != "" {
		w.HTML("<div><dt>Last changed</dt><dd>").Text(s.Modified).HTML("</dd></div>")
	}
	w.HTML("\n</dl>\n")
}

// ways are links in a row.
func ways(w *markup.Writer, links []Link, label string) {
	if len(links) == 0 {
		return
	}
	w.HTML("<nav").Attr("aria-label", label).HTML("><ul class=\"ways\">\n")
	for _, l := range links {
		w.HTML("<li>")
		link(w, l)
		w.HTML("</li>\n")
	}
	w.HTML("</ul></nav>\n")
}

// entries are those of a Bundle, as a table.
func (s *shown) entries(w *markup.Writer) {
	w.HTML("<section aria-labelledby=\"entries\">\n<h2 id=\"entries\">Entries</h2>\n<p>").Text(s.Counted).HTML("</p>\n")
	if len(s.Entries) == 0 {
		w.HTML("<p>Nothing was found.</p>\n")
	} else {
		w.HTML(`<table class="entries" role="table">
<thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Resource</th><th scope="col" role="columnheader">What</th><th scope="col" role="columnheader">Whom it is about</th><th scope="col" role="columnheader">Status</th><th scope="col" role="columnheader">Changed</th></tr></thead>
<tbody role="rowgroup">
`)
		for i := range s.Entries {
			s.Entries[i].write(w)
		}
		w.HTML("</tbody>\n</table>\n")
	}
	ways(w, s.Pages, "Pages")
	w.HTML("</section>\n")
}

func (e *row) write(w *markup.Writer) {
	w.HTML(`<tr role="row"><th scope="row" role="rowheader">`)
	if e.Href != "" {
		link(w, Link{e.Name, e.Href})
	} else {
		w.Text(e.Name)
	}
	if e.Mode != "" && e.Mode != "match" {
		w.HTML(` <span class="tag">`).Text(e.Mode).HTML("</span>")
	}
	w.HTML(`</th><td role="cell" data-label="What">`).Text(e.What).
		HTML(`</td><td role="cell" data-label="About">`).Text(e.Who).
		HTML(`</td><td role="cell" data-label="Status">`).Text(e.Status).
		HTML(`</td><td role="cell" data-label="Changed" class="time">`).Text(e.At).HTML("</td></tr>\n")
}

// json is the answer itself.
func (s *shown) json(w *markup.Writer) {
	w.HTML("<section aria-labelledby=\"json\">\n<h2 id=\"json\">JSON</h2>\n<pre class=\"json\" role=\"region\" aria-labelledby=\"json\" tabindex=\"0\">")
	whole := list(w, s.JSON, s.Links)
	w.HTML("</pre>\n")
	if !whole {
		w.HTML(`<p class="note">This page shows the beginning only: the answer has `).Text(strconv.Itoa(len(s.JSON))).HTML(" bytes.")
		if s.Raw != "" {
			w.HTML(" <a").Attr("href", s.Raw).HTML(">Get all of it as JSON</a>.")
		}
		w.HTML("</p>")
	}
	w.HTML("\n</section>\n")
}
