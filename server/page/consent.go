package page

import "github.com/pestle-fhir/pestle/server/page/markup"

// Consent is the page on which a person lets an app act for them.
type Consent struct {
	Site                 Site
	App, Host            string // its name, and where it runs
	Person, Organisation string
	Asking               string // what the answer is to
	Problem              string // what is missing of an answer
	Scopes               []Choice
	Offline              bool
	Given                string // the patient that the app was started for; "" for none
	Patients             bool   // one is to be chosen
	Find                 string
	Found, Visits        []Choice
}

// Choice is something that can be chosen.
type Choice struct {
	Value, Words, Note string
	Chosen             bool
}

// HTML writes the page.
func (c *Consent) HTML() []byte {
	return c.Site.page("May this app act for you?", func(w *markup.Writer) {
		w.HTML("<h1>").Text(c.App).HTML(" asks to act for you</h1>\n<p class=\"lead\">You are <strong>").Text(c.Person).HTML("</strong>")
		if c.Organisation != "" {
			w.HTML(", ").Text(c.Organisation)
		}
		w.HTML(". The app runs at <code>").Text(c.Host).HTML("</code>. It gets no more than you may do yourself.</p>\n")
		problem(w, c.Problem)
		w.HTML("<form class=\"consent\" method=\"post\" action=\"/authorize\">\n")
		hidden(w, "asking", c.Asking)
		w.HTML("<fieldset>\n<legend>It may</legend>\n")
		for _, s := range c.Scopes {
			w.HTML(`<label><input type="checkbox" name="scope"`).Attr("value", s.Value)
			checked(w, s.Chosen)
			w.HTML("> <span>").Text(s.Words).HTML(" <code>").Text(s.Value).HTML("</code></span></label>\n")
		}
		w.HTML("</fieldset>\n")
		if c.Given != "" {
			w.HTML("<p>The patient: <strong>").Text(c.Given).HTML("</strong></p>\n")
		}
		c.patients(w)
		if len(c.Visits) > 0 {
			w.HTML("<fieldset>\n<legend>The visit</legend>\n")
			oneOf(w, "encounter", c.Visits)
			w.HTML("</fieldset>\n")
		}
		w.HTML(`<p class="answers"><button class="primary" name="answer" value="allow">Allow</button> <button name="answer" value="refuse">Refuse</button></p>
</form>
<p>What it does is recorded under your name. Who runs this server can end its access at any time.</p>
`)
	})
}

// patients is where one of them is looked for and chosen.
func (c *Consent) patients(w *markup.Writer) {
	if !c.Patients {
		return
	}
	w.HTML(`<fieldset>
<legend>The patient</legend>
<p><label for="find">The beginning of the name, or the NHS number</label></p>
<p class="find"><input id="find" name="find"`).Attr("value", c.Find).HTML(` autocomplete="off"> <button name="answer" value="find">Find</button></p>
`)
	oneOf(w, "patient", c.Found)
	if len(c.Found) == 0 && c.Find != "" {
		w.HTML("<p>Nobody is found whom you may see.</p>\n")
	}
	w.HTML("</fieldset>\n")
}

// oneOf are choices of which one is taken.
func oneOf(w *markup.Writer, name string, choices []Choice) {
	for _, c := range choices {
		w.HTML(`<label><input type="radio"`).Attr("name", name).Attr("value", c.Value)
		checked(w, c.Chosen)
		w.HTML("> <span>").Text(c.Words).HTML(" <small>").Text(c.Note).HTML("</small></span></label>\n")
	}
}

func checked(w *markup.Writer, is bool) {
	if is {
		w.HTML(" checked")
	}
}
