package page

import "github.com/pestle-fhir/pestle/server/page/markup"

// Refusal is the page that says why there is no other one.
type Refusal struct {
	Site             Site
	Heading, Message string
}

// HTML writes the page.
func (r *Refusal) HTML() []byte {
	return r.Site.page(r.Heading, func(w *markup.Writer) {
		w.HTML("<h1>").Text(r.Heading).HTML("</h1>\n<p class=\"lead\">").Text(r.Message).HTML("</p>\n")
	})
}
