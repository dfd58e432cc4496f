package console

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/page/markup"
)

// tryScreen is where the developer of a clinic has a resource or a message judged by the
// rules by which it is taken. Nothing is stored.
type tryScreen struct {
	Text    string // as it was typed
	Verdict string // "" before anything was
	Took    string
	Issues  []judged
	Lines   []line
	Curl    string // the same for a terminal, without what proves who somebody is
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

func (t *tryScreen) title() string { return "Try" }

func (t *tryScreen) write(w *markup.Writer) {
	w.HTML(`<h1>Try a message</h1>
<p class="lead">What you paste is judged by the rules by which it is taken, the profiles included, and is not stored.</p>
<form class="act" method="post" action="/console/try">
<p><label for="text">A resource or a message, as JSON</label><br><textarea id="text" name="text" rows="14" spellcheck="false">
`).Text(t.Text).HTML(`</textarea></p>
<p class="answers"><button class="primary">Validate <kbd>Ctrl Enter</kbd></button></p>
</form>
`)
	if t.Verdict == "" {
		return
	}
	w.HTML("<section aria-labelledby=\"verdict\">\n<h2 id=\"verdict\">").Text(t.Verdict).HTML("</h2>\n<p role=\"status\">").Text(t.Took).HTML("</p>\n")
	if len(t.Issues) > 0 {
		w.HTML("<ol class=\"issues\">\n")
		for _, i := range t.Issues {
			w.HTML("<li").Attr("class", i.Severity).HTML(">")
			if i.Line != "" {
				w.HTML("<a").Attr("href", "#line-"+i.Line).HTML(">Line ").Text(i.Line).HTML("</a>: ")
			}
			w.Text(i.Text)
			if i.Place != "" {
				w.HTML(" <code>").Text(i.Place).HTML("</code>")
			}
			if i.Rule != "" {
				w.HTML(" <span class=\"tag\">").Text(i.Rule).HTML("</span>")
			}
			w.HTML("</li>\n")
		}
		w.HTML("</ol>\n<div class=\"scroll\" role=\"region\" aria-label=\"The text with its lines\" tabindex=\"0\"><table class=\"lines\">\n<caption>What you sent; lines with something wrong are marked</caption>\n<thead><tr><th scope=\"col\">Line</th><th scope=\"col\">Text</th></tr></thead>\n<tbody>\n")
		for i, l := range t.Lines {
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
	w.HTML("<details><summary>The same with curl</summary>\n<pre tabindex=\"0\"><code>").Text(t.Curl).HTML("</code></pre>\n</details>\n</section>\n")
}

// tries reports whether the role sends messages, or may ask whether one is valid.
func (v *visit) tries() bool { return v.acts("$validate") && v.may("MedicationRequest", auth.Create) }

func (v *visit) tryForm() (view, error) {
	if !v.acts("$validate") {
		return nil, &problem{status: http.StatusForbidden, heading: "This is not for your role", message: "Messages are tried by those who send them."}
	}
	return &tryScreen{}, nil
}

// mostLines is how many lines of a text are shown.
const mostLines = 2000

func (v *visit) try() (view, error) {
	if _, err := v.tryForm(); err != nil {
		return nil, err
	}
	text := strings.ReplaceAll(v.form.Get("text"), "\r\n", "\n")
	out := &tryScreen{Text: text}
	path := "$validate"
	if r, err := fhir.Parse([]byte(text)); err == nil && r4.IsResource(r.Type()) {
		path = r.Type() + "/$validate"
	}
	began := time.Now()
	a, err := v.ask(http.MethodPost, path, []byte(text))
	if err != nil {
		return nil, err
	}
	out.Took = "Answered " + strconv.Itoa(a.status) + " in " + strconv.FormatInt(time.Since(began).Milliseconds(), 10) + " ms by POST " + base + "/" + path
	out.Curl = "curl -H 'Content-Type: application/fhir+json' -H 'Authorization: Bearer …' --data-binary @message.json '" + v.origin(v.r) + base + "/" + path + "'"
	wrong := map[string]bool{}
	errors := 0
	if a.resource != nil {
		for i := range a.resource.Get("issue").Items() {
			x := issueOf(i)
			j := judged{Line: extension(i, "operationoutcome-issue-line").Get("valueInteger").Text(), Severity: x.Severity, Text: x.Text, Place: x.Place, Rule: extension(i, "operationoutcome-message-id").Get("valueString").Text()}
			if x.Severity == "error" || x.Severity == "fatal" {
				errors++
			}
			if x.Severity != "information" {
				wrong[j.Line] = true
			}
			out.Issues = append(out.Issues, j)
		}
	}
	switch {
	case errors > 0:
		out.Verdict = plural(errors, "thing") + " to put right"
	case a.status >= 400:
		out.Verdict = "It was not judged"
	default:
		out.Verdict = "It is valid"
	}
	for i, l := range strings.Split(text, "\n") {
		if i == mostLines {
			break
		}
		n := strconv.Itoa(i + 1)
		out.Lines = append(out.Lines, line{n, l, wrong[n]})
	}
	return out, nil
}
