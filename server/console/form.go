package console

import (
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/server/page/markup"
)

// form is the page of an act: what its operation takes, to be filled in.
type form struct {
	Heading, Doc string
	Action       string
	Version      string // of the resource that was looked at
	Back         string
	Set          string // names of the fields that are as they were come with
	Once         string // by which an act that is sent twice is done once
	Fields       []field
	Problem      string // why nothing was done
	Issues       []issue
	Changed      string // where what has changed meanwhile is shown
	Remedy       tab    // where what is missing is put right
}

// field is a control, or a group of them.
type field struct {
	Name, Label, Hint string
	Kind              string // text, long, date, number, money, whole, box, choice, boxes, group; set for one that is shown and not asked, pass for one that is neither
	Error             string // why it was refused
	Value, Words      string // what is sent, and of a set field what is shown
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
		f.problems(w)
		if f.Remedy.Href != "" {
			w.HTML("<p>")
			f.Remedy.write(w)
			w.HTML("</p>\n")
		}
		if f.Changed != "" {
			w.HTML("<p><a").Attr("href", f.Changed).HTML(">Look at what is there now</a></p>\n")
		}
		w.HTML("</div>\n")
	}
	w.HTML("<p>").Text(f.Doc).HTML("</p>\n<form class=\"act\" method=\"post\"").Attr("action", f.Action).HTML(">\n")
	hidden(w, "version", f.Version)
	hidden(w, "back", f.Back)
	hidden(w, "set", f.Set)
	hidden(w, "once", f.Once)
	for i := range f.Fields {
		f.Fields[i].write(w, "f"+strconv.Itoa(i))
	}
	w.HTML(`<p class="answers"><button class="primary">`).Text(f.Heading).HTML(` <kbd>Ctrl Enter</kbd></button> <a data-back="1"`).Attr("href", f.Back).HTML(">Back <kbd>Esc</kbd></a></p>\n</form>\n")
}

// problems lists why nothing was done: what is wrong with a field leads there.
func (f *form) problems(w *markup.Writer) {
	var others []issue
	var places []fact // an id, and what is wrong there
	for _, i := range f.Issues {
		if id := idOf(f.Fields, i.Field, "f"); i.Field != "" && id != "" {
			places = append(places, fact{id, i.Text})
		} else {
			others = append(others, i)
		}
	}
	if len(places) > 0 {
		w.HTML("<ul class=\"issues\">\n")
		for _, p := range places {
			w.HTML("<li class=\"error\"><a").Attr("href", "#"+p.Name).HTML(">").Text(p.Value).HTML("</a></li>\n")
		}
		w.HTML("</ul>\n")
	}
	issues(w, others)
}

// idOf is the id under which a field is written, "" where there is none of the name.
func idOf(fields []field, name, within string) string {
	for i := range fields {
		id := within + strconv.Itoa(i)
		if fields[i].Name == name {
			return id
		}
		if deeper := idOf(fields[i].Parts, name, id+"-"); deeper != "" {
			return deeper
		}
	}
	return ""
}

// blame says at the fields what is wrong with them.
func (f *form) blame() {
	var at func(fields []field)
	at = func(fields []field) {
		for i := range fields {
			for _, x := range f.Issues {
				if x.Field != "" && x.Field == fields[i].Name {
					fields[i].Error = strings.TrimSpace(fields[i].Error + " " + x.Text)
				}
			}
			at(fields[i].Parts)
		}
	}
	at(f.Fields)
}

// write writes a control under an id.
func (f *field) write(w *markup.Writer, id string) {
	hint, wrong := id+"-hint", id+"-error"
	described := func() {
		w.Attr("id", id).Attr("name", f.Name)
		var by []string
		if f.Hint != "" {
			by = append(by, hint)
		}
		if f.Error != "" {
			by = append(by, wrong)
			w.HTML(` aria-invalid="true"`)
		}
		if len(by) > 0 {
			w.Attr("aria-describedby", strings.Join(by, " "))
		}
		if f.Required {
			w.HTML(" required")
		}
	}
	fault := func() {
		if f.Error != "" {
			w.HTML("<span class=\"wrong\"").Attr("id", wrong).HTML("><strong>Error:</strong> ").Text(f.Error).HTML("</span><br>")
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
		fault()
	}
	switch f.Kind {
	case "set":
		w.HTML("<p").Attr("id", id).HTML(" tabindex=\"-1\"><strong>").Text(f.Label).HTML("</strong><br>").Text(f.Words).HTML("<br>")
		fault()
		w.HTML("</p>\n")
		hidden(w, f.Name, f.Value)
	case "pass":
		hidden(w, f.Name, f.Value)
	case "group":
		w.HTML("<fieldset").Attr("id", id).HTML(" tabindex=\"-1\"><legend>").Text(f.Label).HTML("</legend>\n")
		fault()
		for i := range f.Parts {
			f.Parts[i].write(w, id+"-"+strconv.Itoa(i))
		}
		w.HTML("</fieldset>\n")
	case "boxes":
		w.HTML("<fieldset").Attr("id", id).HTML(" tabindex=\"-1\"><legend>").Text(f.Label).HTML("</legend>\n")
		fault()
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
		w.HTML("<p><input type=\"checkbox\" value=\"true\"")
		described()
		if f.Value == "true" {
			w.HTML(" checked")
		}
		w.HTML("> <label").Attr("for", id).HTML(">").Text(f.Label).HTML("</label>")
		if f.Hint != "" {
			w.HTML("<br><span class=\"soft\"").Attr("id", hint).HTML(">").Text(f.Hint).HTML("</span>")
		}
		if f.Error != "" {
			w.HTML("<br>")
			fault()
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
		switch f.Kind {
		case "number", "money":
			w.HTML(` inputmode="decimal"`)
		case "whole":
			w.HTML(` inputmode="numeric"`)
		}
		described()
		w.Attr("value", f.Value).HTML("></p>\n")
	}
}

// wordsIn are the words of a value that is a code: "system|code|display" is its display.
func wordsIn(value string) string {
	if parts := strings.Split(value, "|"); len(parts) == 3 && parts[2] != "" {
		return parts[2]
	} else if len(parts) > 1 {
		return parts[1]
	}
	return value
}
