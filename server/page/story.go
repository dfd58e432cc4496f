package page

import "github.com/pestle-fhir/pestle/server/page/markup"

// Story is what became of a prescription, step by step.
type Story struct {
	Title, Text string
	Steps       []Step
}

// Step is one thing that happens to it.
type Step struct {
	Title, Text string
	Done        bool
	Next        bool // it can be done now
	Links       []Link
	SumsTitle   string
	Sums        []Sum
	Doors       []Door
	Command     string // what to type to do it
}

// Door is a button by which somebody of a sandbox does a step.
type Door struct {
	Words  string
	Action string // where it is sent
	Person string // who they become, "" where that does not matter
	Back   string // where that leads
}

func (d *Door) write(w *markup.Writer) {
	w.HTML(`<form class="consent" method="post"`).Attr("action", d.Action).HTML(">\n")
	if d.Back != "" {
		hidden(w, "back", d.Back)
	}
	w.HTML(`<button class="primary"`)
	if d.Person != "" {
		w.HTML(` name="person"`).Attr("value", d.Person)
	}
	w.HTML(">").Text(d.Words).HTML("</button>\n</form>\n")
}

// Sum is an amount with its words.
type Sum struct{ Words, Amount string }

func (s *Story) write(w *markup.Writer) {
	w.HTML("<section aria-labelledby=\"story\">\n<h2 id=\"story\">").Text(s.Title).HTML("</h2>\n<p>").Text(s.Text).HTML("</p>\n<ol class=\"steps\">\n")
	for i := range s.Steps {
		s.Steps[i].write(w)
	}
	w.HTML("</ol>\n</section>\n")
}

func (s *Step) write(w *markup.Writer) {
	w.HTML("<li")
	if s.Done {
		w.HTML(` class="done"`)
	}
	if s.Next {
		w.HTML(` id="next"`)
	}
	w.HTML(">\n<h3>").Text(s.Title).HTML(` <span class="tag">`).Text(s.when()).HTML("</span></h3>\n")
	if s.Text != "" {
		w.HTML("<p>").Text(s.Text).HTML("</p>")
	}
	w.HTML("\n")
	if len(s.Links) > 0 {
		w.HTML("<ul>\n")
		for _, l := range s.Links {
			w.HTML("<li>")
			link(w, l)
			w.HTML("</li>\n")
		}
		w.HTML("</ul>")
	}
	w.HTML("\n")
	s.sums(w)
	w.HTML("\n")
	for i := range s.Doors {
		s.Doors[i].write(w)
	}
	if s.Command != "" {
		w.HTML("<p>In a terminal:</p>\n")
		w.HTML(`<pre class="command" tabindex="0"`).Attr("aria-label", "Command: "+s.Title).HTML("><code>").Text(s.Command).HTML("</code></pre>")
	}
	w.HTML("\n</li>\n")
}

func (s *Step) when() string {
	switch {
	case s.Done:
		return "done"
	case s.Next:
		return "next"
	}
	return "later"
}

func (s *Step) sums(w *markup.Writer) {
	if len(s.Sums) == 0 {
		return
	}
	w.HTML("<table>\n<caption>").Text(s.SumsTitle).HTML("</caption>\n<tbody>\n")
	for _, sum := range s.Sums {
		w.HTML(`<tr><th scope="row">`).Text(sum.Words).HTML(`</th><td class="money">`).Text(sum.Amount).HTML("</td></tr>\n")
	}
	w.HTML("</tbody>\n</table>")
}
