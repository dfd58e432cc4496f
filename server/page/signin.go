package page

import "github.com/pestle-fhir/pestle/server/page/markup"

// SignIn is the page on which a person signs in.
type SignIn struct {
	Site    Site
	Problem string // why they are not signed in; "" for nothing
	Back    string // where they go then
	Passkey Passkey

	Other, OtherWay string // who signs people in besides, and where that begins; "" for nobody
}

// HTML writes the page.
func (s *SignIn) HTML() []byte {
	return s.Site.page("Sign in", func(w *markup.Writer) {
		w.HTML(`<h1>Sign in</h1>
<p class="lead">You sign in with a passkey: the browser asks you to unlock this device, your phone or your security key.</p>
`)
		problem(w, s.Problem)
		s.Passkey.open(w, "/sign-in")
		hidden(w, "back", s.Back)
		s.Passkey.answer(w)
		w.HTML(`<p class="answers"><button class="primary">`).Text(s.Passkey.Button).HTML("</button></p>\n</form>\n")
		if s.Other != "" {
			w.HTML("<p>Or <a").Attr("href", s.OtherWay).HTML(">sign in with ").Text(s.Other).HTML("</a>.</p>\n")
		}
		w.HTML(`<p>You have no passkey here yet? <a href="/invitation">Register one with the code of your invitation.</a> Your device is lost? Ask who runs this server for an invitation that replaces your passkeys.</p>
`)
		passkeyScript(w)
	})
}
