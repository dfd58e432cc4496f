package page

import "github.com/pestle-fhir/pestle/server/page/markup"

// Invitation is the page on which who is invited registers a passkey. Without a
// Person it asks for the code of the invitation.
type Invitation struct {
	Site                 Site
	Problem              string
	Code                 string
	Person, Organisation string
	Replace              bool // the passkeys of before end
	Passkey              Passkey
}

// HTML writes the page.
func (i *Invitation) HTML() []byte {
	return i.Site.page("Register a passkey", func(w *markup.Writer) {
		w.HTML("<h1>Register a passkey</h1>\n")
		problem(w, i.Problem)
		if i.Person != "" {
			i.register(w)
		} else {
			i.ask(w)
		}
		passkeyScript(w)
	})
}

// ask asks for the code.
func (i *Invitation) ask(w *markup.Writer) {
	w.HTML(`<p class="lead">Who runs this server gave you a code. It is taken once.</p>
<form class="consent" method="post" action="/invitation">
<p><label for="code">Code of the invitation</label></p>
<p><input id="code" name="code"`).Attr("value", i.Code).HTML(` autocomplete="one-time-code" autocapitalize="characters" spellcheck="false" required></p>
<p class="answers"><button class="primary">Continue</button></p>
</form>
`)
}

// register says who is invited, and asks for their passkey.
func (i *Invitation) register(w *markup.Writer) {
	w.HTML(`<p class="lead">You are <strong>`).Text(i.Person).HTML("</strong>, ").Text(i.Organisation).HTML(". If you are somebody else, close this page and tell who runs this server.</p>\n")
	if i.Replace {
		w.HTML("<p>The passkey that you register takes the place of those that you had, and ends what you are signed in to.</p>\n")
	}
	i.Passkey.open(w, "/invitation")
	hidden(w, "code", i.Code)
	i.Passkey.answer(w)
	w.HTML(`<p class="answers"><button class="primary">`).Text(i.Passkey.Button).HTML("</button></p>\n</form>\n")
}
