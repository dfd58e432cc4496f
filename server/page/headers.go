package page

import "net/http"

// policy lets a page load our style sheet and icon and nothing else: what is
// shown was stored by others.
const policy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Headers sets the headers of an HTML page, besides Vary. Pages tell about
// patients, so that no cache keeps them.
func Headers(h http.Header) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
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

// PasskeyHeaders are [FormHeaders] of a page on which our script asks for a passkey.
func PasskeyHeaders(h http.Header) {
	FormHeaders(h, "")
	h.Set("Content-Security-Policy", h.Get("Content-Security-Policy")+"; script-src 'self'")
	h.Set("Permissions-Policy", "publickey-credentials-get=(self), publickey-credentials-create=(self)")
}
