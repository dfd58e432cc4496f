package console

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/server/page"
	"github.com/pestle-fhir/pestle/server/page/markup"
)

// judgement is what is wrong with a text, at its lines.
type judgement struct {
	Issues []judged
	Lines  []line
}

// judged is what is wrong, at a line.
type judged struct {
	Line, Severity, Text, Place, Rule string
}

// line is one of the text, with whether something is wrong in it.
type line struct {
	Number, Text string
	Wrong        bool
}

// mostLines is how many lines of a text are shown.
const mostLines = 2000

// mark keeps the lines of a text, with those marked in which something is wrong.
func (j *judgement) mark(text string) {
	wrong := map[string]bool{}
	for _, i := range j.Issues {
		if i.Severity != "information" {
			wrong[i.Line] = true
		}
	}
	for i, l := range strings.Split(text, "\n") {
		if i == mostLines {
			break
		}
		n := strconv.Itoa(i + 1)
		j.Lines = append(j.Lines, line{n, l, wrong[n]})
	}
}

// write writes the issues and then the lines, of which a caption says what they are.
func (j *judgement) write(w *markup.Writer, caption string) {
	if len(j.Issues) > 0 {
		w.HTML("<ol class=\"issues\">\n")
		for _, i := range j.Issues {
			w.HTML("<li").Attr("class", i.Severity).HTML(">")
			if i.Line != "" {
				w.HTML("<a").Attr("href", "#line-"+i.Line).HTML(">Line ").Text(i.Line).HTML("</a>: ")
			}
			w.Text(i.Text)
			if i.Place != "" {
				w.HTML(" <code>").Text(i.Place).HTML("</code>")
			}
			if i.Rule != "" {
				w.HTML(" <a class=\"tag\"").Attr("href", page.RulePath+url.PathEscape(i.Rule)).HTML(">").Text(i.Rule).HTML("</a>")
			}
			w.HTML("</li>\n")
		}
		w.HTML("</ol>\n")
	}
	if len(j.Issues) == 0 || len(j.Lines) == 0 {
		return
	}
	w.HTML("<div class=\"scroll\" role=\"region\" aria-label=\"The text with its lines\" tabindex=\"0\"><table class=\"lines\">\n<caption>").Text(caption).HTML("; lines with something wrong are marked</caption>\n<thead><tr><th scope=\"col\">Line</th><th scope=\"col\">Text</th></tr></thead>\n<tbody>\n")
	for i, l := range j.Lines {
		w.HTML("<tr")
		if l.Wrong {
			w.HTML(` class="wrong"`)
		}
		w.Attr("id", "line-"+strconv.Itoa(i+1)).HTML("><th scope=\"row\">").Text(l.Number)
		if l.Wrong {
			w.HTML(" ▶")
		}
		w.HTML("</th><td><code>").Text(l.Text).HTML("</code></td></tr>\n")
	}
	w.HTML("</tbody>\n</table></div>\n")
}
