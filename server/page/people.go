package page

import "github.com/pestle-fhir/pestle/server/page/markup"

// People is the page on which one of the people of a sandbox is chosen.
type People struct {
	Site         Site
	Action, Back string // where the choice goes, and where it leads
	Choices      []Choice
	Problem      string // why the choice was not taken, "" where none was made
}

// HTML writes the page.
func (p *People) HTML() []byte {
	return p.Site.page("Who are you?", func(w *markup.Writer) {
		w.HTML("<h1>Who are you?</h1>\n")
		if p.Problem != "" {
			w.HTML(`<p class="problem" role="alert">`).Text(p.Problem).HTML("</p>\n")
		}
		w.HTML(`<p class="lead">A sandbox asks for no password: choose somebody. Apps that you let act for you may do what they may.</p>
<form class="consent" method="post"`).Attr("action", p.Action).HTML(">\n")
		hidden(w, "back", p.Back)
		for _, c := range p.Choices {
			w.HTML(`<p><button name="person"`).Attr("value", c.Value).HTML(">").Text(c.Words).HTML("</button> <small>").Text(c.Note).HTML("</small></p>\n")
		}
		w.HTML("</form>\n")
	})
}
