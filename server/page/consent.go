package page

import "net/http"

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
func (c *Consent) HTML() ([]byte, error) {
	return execute("consent.html", struct {
		Consent
		Title string
	}{*c, "May this app act for you?"})
}

// Refusal is the page that says why there is no other one.
type Refusal struct {
	Site             Site
	Heading, Message string
}

// HTML writes the page.
func (r *Refusal) HTML() ([]byte, error) {
	return execute("refusal.html", struct {
		Refusal
		Title string
	}{*r, r.Heading})
}

// FormHeaders sets the headers of a page with a form: it is sent to this server
// alone, whose answer may lead to one other origin, "" for none. No other page may
// show it in a frame.
func FormHeaders(h http.Header, origin string) {
	Headers(h)
	target := "'self'"
	if origin != "" {
		target += " " + origin
	}
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action "+target)
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Referrer-Policy", "same-origin") // with none at all, browsers hide where the form comes from
}
