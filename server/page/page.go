// Package page writes the HTML that a browser gets: the front page, any FHIR
// answer as linked JSON, the documentation, and those on which people sign in. Every
// page is complete without JavaScript, but for passkeys, which browsers offer to
// scripts alone; it loads nothing from elsewhere, and escapes all that it shows.
package page

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
)

//go:embed *.html style.css favicon.svg passkey.js
var files embed.FS

var templates = template.Must(template.New("").ParseFS(files, "*.html"))

// policy lets a page load our style sheet and icon and nothing else: what is
// shown was stored by others.
const policy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Site is what all pages say about the server.
type Site struct {
	Name, Version string
	Sandbox       bool
	Docs          bool // there are pages under /docs
	People        bool // people sign in here: there is /account
}

// Headers sets the headers of an HTML page, besides Vary. Pages tell about
// patients, so that no cache keeps them.
func Headers(h http.Header) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
}

// execute writes the page of a template: layout.html around its "main".
func execute(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	err := templates.ExecuteTemplate(&b, name, data)
	return b.Bytes(), err
}
