package page

import (
	"strings"

	"github.com/pestle-fhir/pestle/server/page/markup"
)

// Rule is what an issue may be about: what is asked, by whom, and where it is asked.
type Rule struct {
	ID     string
	Kind   string // "law", "validation": who asks
	Asks   string // a sentence
	Where  string // the doors, or the FHIRPath of an invariant; "" for everywhere
	Source string // a regulation, an address of the specification, a document of these
}

// RulePath is below which the rules have their pages.
const RulePath = "/docs/rules/"

// HTML writes the page of a rule.
func (rule *Rule) HTML(site Site) []byte {
	return site.page("Rule "+rule.ID, func(w *markup.Writer) {
		w.HTML("<h1>Rule ").Text(rule.ID).HTML("</h1>\n<p class=\"lead\">").Text(rule.Asks).HTML("</p>\n<dl class=\"facts\">\n")
		for _, fact := range []struct{ name, value string }{{"Who asks", rule.Kind}, {"Where", rule.Where}} {
			if fact.value != "" {
				w.HTML("<div><dt>").Text(fact.name).HTML("</dt><dd>").Text(fact.value).HTML("</dd></div>\n")
			}
		}
		w.HTML("<div><dt>Source</dt><dd>")
		rule.source(w)
		w.HTML("</dd></div>\n</dl>\n<p>An issue of an OperationOutcome names its rule in the extension operationoutcome-message-id. <a href=\"/docs/rules/\">All rules</a></p>\n")
	})
}

// source writes where a rule comes from, as a link where it is an address or a document.
func (rule *Rule) source(w *markup.Writer) {
	name, document := strings.CutPrefix(rule.Source, "docs/")
	switch {
	case strings.HasPrefix(rule.Source, "https://"), strings.HasPrefix(rule.Source, "http://"):
		link(w, Link{rule.Source, rule.Source})
	case document:
		link(w, Link{name, "/docs/" + name})
	default:
		w.Text(rule.Source)
	}
}

// Rules writes the list of the rules, in their order.
func Rules(site Site, rules []Rule) []byte {
	return site.page("Rules", func(w *markup.Writer) {
		w.HTML("<h1>Rules</h1>\n<p class=\"lead\">What the server refuses names the rule that it breaks. Invariants of R4, such as pat-1, have a page too.</p>\n")
		w.HTML("<div class=\"scroll\" role=\"region\" aria-label=\"Rules\" tabindex=\"0\">\n<table>\n<thead><tr><th scope=\"col\">Rule</th><th scope=\"col\">Who asks</th><th scope=\"col\">What it asks</th></tr></thead>\n<tbody>\n")
		for _, rule := range rules {
			w.HTML("<tr><th scope=\"row\">")
			link(w, Link{rule.ID, RulePath + rule.ID})
			w.HTML("</th><td>").Text(rule.Kind).HTML("</td><td>").Text(rule.Asks).HTML("</td></tr>\n")
		}
		w.HTML("</tbody>\n</table>\n</div>\n")
	})
}
