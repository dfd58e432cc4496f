package page

import (
	"encoding/json"
	"net/http"
)

// Passkey is a form that the browser completes with a passkey.
type Passkey struct {
	Kind      string         // "get" to sign in with one, "create" to make one: methods of navigator.credentials
	Options   map[string]any // for the method, bytes in base64url
	Challenge string         // the one in Options, as the form sends it back
	Button    string         // what is written on the button
}

// JSON is Options for the script.
func (p Passkey) JSON() (string, error) {
	text, err := json.Marshal(p.Options)
	return string(text), err
}

// SignIn is the page on which a person signs in.
type SignIn struct {
	Site    Site
	Problem string // why they are not signed in; "" for nothing
	Back    string // where they go then
	Passkey Passkey

	Other, OtherWay string // who signs people in besides, and where that begins; "" for nobody
}

// HTML writes the page.
func (s *SignIn) HTML() ([]byte, error) {
	return execute("signin.html", struct {
		SignIn
		Title string
	}{*s, "Sign in"})
}

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
func (i *Invitation) HTML() ([]byte, error) {
	return execute("invitation.html", struct {
		Invitation
		Title string
	}{*i, "Register a passkey"})
}

// Account is the page on which a person sees their own passkeys and sessions.
type Account struct {
	Site                     Site
	Problem, Done            string
	Person, Organisation, ID string
	Roles                    string
	Passkeys                 []Own
	Sessions                 []Own
	Apps                     []Own
	Others                   bool // there are sessions besides this one
	ByPasskey                bool // they signed in with one
	Fresh                    bool // passkeys may be added and removed now
	Passkey                  Passkey
}

// Own is a passkey, a session or an app of a person.
type Own struct {
	Value string // what the form names it by
	Words string
	This  bool // it is in use now
	Only  bool // it cannot be removed
}

// HTML writes the page.
func (a *Account) HTML() ([]byte, error) {
	return execute("account.html", struct {
		Account
		Title string
	}{*a, "Your account"})
}

// PasskeyHeaders are [FormHeaders] of a page on which our script asks for a passkey.
func PasskeyHeaders(h http.Header) {
	FormHeaders(h, "")
	h.Set("Content-Security-Policy", h.Get("Content-Security-Policy")+"; script-src 'self'")
	h.Set("Permissions-Policy", "publickey-credentials-get=(self), publickey-credentials-create=(self)")
}
