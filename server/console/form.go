package console

import (
	"strconv"

	"github.com/pestle-fhir/pestle/server/page/markup"
)

// form is the page of an act: what its operation takes, to be filled in.
type form struct {
	Heading, Doc string
	Action       string
	Version      string // of the resource that was looked at
	Back         string
	Fields       []field
	Problem      string // why nothing was done
	Issues       []issue
	Changed      string // where what has changed meanwhile is shown
}

// field is a control, or a group of them.
type field struct {
	Name, Label, Hint string
	Kind              string // text, long, date, number, box, choice, boxes, group
	Value             string
	Required          bool
	Choices           []choice
	Parts             []field
}

// choice is one of several.
type choice struct {
	Value, Words string
	Chosen       bool
}

func (f *form) title() string {
	if f.Problem != "" {
		return "Error: " + f.Heading
	}
	return f.Heading
}

func (f *form) write(w *markup.Writer) {
	w.HTML("<h1>").Text(f.Heading).HTML("</h1>\n")
	if f.Problem != "" {
		w.HTML(`<div class="problem" role="alert" tabindex="-1" id="problem"><h2>There is a problem</h2><p>`).Text(f.Problem).HTML("</p>\n")
		issues(w, f.Issues)
		if f.Changed != "" {
			w.HTML("<p><a").Attr("href", f.Changed).HTML(">Look at what is there now</a></p>\n")
		}
		w.HTML("</div>\n")
	}
	w.HTML("<p>").Text(f.Doc).HTML("</p>\n<form class=\"act\" method=\"post\"").Attr("action", f.Action).HTML(">\n")
	hidden(w, "version", f.Version)
	hidden(w, "back", f.Back)
	for i := range f.Fields {
		f.Fields[i].write(w, "f"+strconv.Itoa(i))
	}
	w.HTML(`<p class="answers"><button class="primary">`).Text(f.Heading).HTML(` <kbd>Ctrl Enter</kbd></button> <a data-back="1"`).Attr("href", f.Back).HTML(">Back <kbd>Esc</kbd></a></p>\n</form>\n")
}

// write writes a control under an id.
func (f *field) write(w *markup.Writer, id string) {
	hint := id + "-hint"
	described := func() {
		w.Attr("id", id).Attr("name", f.Name)
		if f.Hint != "" {
			w.Attr("aria-describedby", hint)
		}
		if f.Required {
			w.HTML(" required")
		}
	}
	label := func() {
		w.HTML("<p><label").Attr("for", id).HTML(">").Text(f.Label)
		if !f.Required {
			w.HTML(` <span class="soft">(optional)</span>`)
		}
		w.HTML("</label>")
		if f.Hint != "" {
			w.HTML("<br><span class=\"soft\"").Attr("id", hint).HTML(">").Text(f.Hint).HTML("</span>")
		}
		w.HTML("<br>")
	}
	switch f.Kind {
	case "group":
		w.HTML("<fieldset><legend>").Text(f.Label).HTML("</legend>\n")
		for i := range f.Parts {
			f.Parts[i].write(w, id+"-"+strconv.Itoa(i))
		}
		w.HTML("</fieldset>\n")
	case "boxes":
		w.HTML("<fieldset><legend>").Text(f.Label).HTML("</legend>\n")
		if f.Hint != "" {
			w.HTML("<p class=\"soft\">").Text(f.Hint).HTML("</p>\n")
		}
		for i, c := range f.Choices {
			id := id + "-" + strconv.Itoa(i)
			w.HTML("<p><input type=\"checkbox\"").Attr("id", id).Attr("name", f.Name).Attr("value", c.Value)
			if c.Chosen {
				w.HTML(" checked")
			}
			w.HTML("> <label").Attr("for", id).HTML(">").Text(c.Words).HTML("</label></p>\n")
		}
		w.HTML("</fieldset>\n")
	case "box":
		w.HTML("<p><input type=\"checkbox\" value=\"true\"").Attr("id", id).Attr("name", f.Name)
		if f.Value == "true" {
			w.HTML(" checked")
		}
		w.HTML("> <label").Attr("for", id).HTML(">").Text(f.Label).HTML("</label>")
		if f.Hint != "" {
			w.HTML("<br><span class=\"soft\">").Text(f.Hint).HTML("</span>")
		}
		w.HTML("</p>\n")
	case "choice":
		label()
		w.HTML("<select")
		described()
		w.HTML(">\n<option value=\"\">Choose</option>\n")
		for _, c := range f.Choices {
			w.HTML("<option").Attr("value", c.Value)
			if c.Chosen || c.Value == f.Value && f.Value != "" {
				w.HTML(" selected")
			}
			w.HTML(">").Text(c.Words).HTML("</option>\n")
		}
		w.HTML("</select></p>\n")
	case "long":
		label()
		w.HTML("<textarea rows=\"4\"")
		described()
		w.HTML(">\n").Text(f.Value).HTML("</textarea></p>\n")
	case "date":
		label()
		w.HTML("<input type=\"date\"")
		described()
		w.Attr("value", f.Value).HTML("></p>\n")
	default:
		label()
		w.HTML("<input autocomplete=\"off\"")
		if f.Kind == "number" {
			w.HTML(` inputmode="decimal"`)
		}
		described()
		w.Attr("value", f.Value).HTML("></p>\n")
	}
}
