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
	judgement
	Curl string // the same for a terminal, without what proves who somebody is
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
	t.judgement.write(w, "What you sent")
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
	errors := 0
	if a.resource != nil {
		for i := range a.resource.Get("issue").Items() {
			x := issueOf(i)
			j := judged{Line: extension(i, "operationoutcome-issue-line").Get("valueInteger").Text(), Severity: x.Severity, Text: x.Text, Place: x.Place, Rule: extension(i, "operationoutcome-message-id").Get("valueString").Text()}
			if x.Severity == "error" || x.Severity == "fatal" {
				errors++
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
	out.mark(text)
	return out, nil
}
