package console

import (
	"strconv"

	"github.com/pestle-fhir/pestle/server/page/markup"
)

// Fact is a name with its value, as a summary lists them.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Section is a part of a page that says what there is: words, figures and rows. The
// commands of the server answer with them.
type Section struct {
	Title string     `json:"title"`
	Words string     `json:"words,omitempty"`
	Facts []Fact     `json:"facts,omitempty"`
	Head  []string   `json:"head,omitempty"` // of the columns; none where there is no table
	Rows  [][]string `json:"rows,omitempty"` // the first of each names it
	Empty string     `json:"empty,omitempty"`
	Text  string     `json:"text,omitempty"` // as a terminal has it
}

// listed is a section with what leads elsewhere from it.
type listed struct {
	Section
	Links []string // of the first of each row, "" for none
	Acts  [][]tab  // of each row
	Doors []tab
}

// report is a screen of sections.
type report struct {
	Heading, Lead, Done string
	Tabs                []tab
	Parts               []listed
	Doc                 string // the page of the documentation, "" for none
}

func (r *report) title() string { return r.Heading }

func (r *report) write(w *markup.Writer) {
	w.HTML("<h1>").Text(r.Heading).HTML("</h1>\n")
	tabs(w, "Parts", r.Tabs)
	if r.Done != "" {
		w.HTML(`<p class="note" role="status">`).Text(r.Done).HTML("</p>\n")
	}
	if r.Lead != "" {
		w.HTML(`<p class="lead">`).Text(r.Lead).HTML("</p>\n")
	}
	for i := range r.Parts {
		r.Parts[i].write(w, "part-"+strconv.Itoa(i))
	}
	if r.Doc != "" {
		w.HTML("<p><a").Attr("href", "/docs/"+r.Doc).HTML(">How this works</a></p>\n")
	}
}

// tabs are links between pages that belong together.
func tabs(w *markup.Writer, name string, list []tab) {
	if len(list) == 0 {
		return
	}
	w.HTML("<nav").Attr("aria-label", name).HTML(">\n<ul class=\"tabs\">\n")
	for i := range list {
		w.HTML("<li>")
		list[i].write(w)
		w.HTML("</li>\n")
	}
	w.HTML("</ul>\n</nav>\n")
}

func (l *listed) write(w *markup.Writer, id string) {
	w.HTML("<section").Attr("aria-labelledby", id).HTML(">\n<h2").Attr("id", id).HTML(">").Text(l.Title).HTML("</h2>\n")
	if l.Words != "" {
		w.HTML("<p>").Text(l.Words).HTML("</p>\n")
	}
	if len(l.Facts) > 0 {
		facts(w, l.Facts)
	}
	doorsOf(w, "What can be done: "+l.Title, l.Doors)
	if l.Text != "" {
		w.HTML("<pre role=\"region\" tabindex=\"0\"").Attr("aria-label", l.Title+", as text").HTML(">").Text(l.Text).HTML("</pre>\n")
	}
	if len(l.Rows) > 0 {
		l.table(w)
	} else if len(l.Head) > 0 && l.Empty != "" {
		w.HTML("<p>").Text(l.Empty).HTML("</p>\n")
	}
	w.HTML("</section>\n")
}

// shortCell is how long the text of a cell is at most that stays on one line.
const shortCell = 12

func (l *listed) table(w *markup.Writer) {
	w.HTML("<div class=\"scroll\" role=\"region\" tabindex=\"0\"").Attr("aria-label", "Table: "+l.Title).HTML(">\n<table class=\"list\">\n<caption>").Text(l.Title).HTML("</caption>\n<thead><tr>")
	for _, h := range l.Head {
		w.HTML("<th scope=\"col\">").Text(h).HTML("</th>")
	}
	if len(l.Acts) > 0 {
		w.HTML("<th scope=\"col\">What can be done</th>")
	}
	w.HTML("</tr></thead>\n<tbody>\n")
	for i, row := range l.Rows {
		w.HTML("<tr>")
		for n, cell := range row {
			switch {
			case n == 0 && i < len(l.Links) && l.Links[i] != "":
				w.HTML("<th scope=\"row\"><a").Attr("href", l.Links[i]).HTML(">").Text(cell).HTML("</a></th>")
			case n == 0:
				w.HTML("<th scope=\"row\">").Text(cell).HTML("</th>")
			case len(cell) <= shortCell: // such as a day, which is not broken
				w.HTML(`<td class="time">`).Text(cell).HTML("</td>")
			default:
				w.HTML("<td>").Text(cell).HTML("</td>")
			}
		}
		if i < len(l.Acts) {
			w.HTML("<td class=\"does\">")
			for k := range l.Acts[i] {
				w.HTML(" ")
				l.Acts[i][k].write(w)
			}
			w.HTML("</td>")
		}
		w.HTML("</tr>\n")
	}
	w.HTML("</tbody>\n</table>\n</div>\n")
}
