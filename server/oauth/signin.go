package oauth

import (
	"net/http"
	"time"
)

// SignIn tells which person uses a browser. Who signs people in implements it: with
// passkeys, by the sign-in of another server, or in a sandbox by choice.
type SignIn interface {
	// Signed returns the person whose session a request of a browser belongs to, and
	// how they last proved who they are; false where it belongs to nobody's.
	Signed(r *http.Request) (p Person, proof Proof, ok bool)
	// SignInURL returns the address, on this server or another, at which a browser
	// signs a person in and then goes back to a path of this server with its query.
	SignInURL(back string) string
}

// Proof is when and how strongly a person proved who they are.
type Proof struct {
	At       time.Time
	Strength int // see [fhir.Principal]
}
