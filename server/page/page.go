// Package page writes the HTML that a browser gets: the front page, any FHIR
// answer as linked JSON, the documentation, and those on which people sign in. Every
// page is complete without JavaScript, but for passkeys, which browsers offer to
// scripts alone; it loads nothing from elsewhere, and escapes all that it shows
// (package markup).
package page

import (
	"embed"
	"strings"
)

//go:embed style.css favicon.svg passkey.js
var files embed.FS

// Site is what all pages say about the server.
type Site struct {
	Name, Version string
	Sandbox       bool
	Docs          bool // there are pages under /docs
	People        bool // people sign in here: there is /account
	Console       bool // there is [ConsolePath]
}

// ConsolePath is where the console is.
const ConsolePath = "/console"

// MayReturn reports whether an address is one of the console, to which a browser may be
// sent after somebody has signed in.
func MayReturn(address string) bool {
	path, _, _ := strings.Cut(address, "?")
	return (path == ConsolePath || strings.HasPrefix(path, ConsolePath+"/")) && !strings.Contains(path, "//") && !strings.ContainsAny(address, "\r\n\\#")
}
