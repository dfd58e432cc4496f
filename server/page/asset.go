package page

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
)

// asset is a file that pages refer to.
type asset struct {
	file, mime string
}

// assets are at the root of the host, beside the FHIR bases. Browsers ask for
// /favicon.ico by themselves.
var assets = map[string]asset{
	"/style.css":   {"style.css", "text/css; charset=utf-8"},
	"/passkey.js":  {"passkey.js", "text/javascript; charset=utf-8"},
	"/favicon.svg": {"favicon.svg", "image/svg+xml"},
	"/favicon.ico": {"favicon.svg", "image/svg+xml"},
}

// Asset answers a request for a file of the pages. It reports whether the path
// is one.
func Asset(w http.ResponseWriter, r *http.Request) bool {
	a, ok := assets[r.URL.Path]
	if !ok {
		return false
	}
	text, err := files.ReadFile(a.file)
	if err != nil {
		panic(err) // they are embedded
	}
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return true
	}
	h.Set("Content-Type", a.mime)
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'") // an SVG opened by itself is a document
	h.Set("Cache-Control", "public, max-age=86400")
	if r.Method == http.MethodGet {
		_, _ = w.Write(text) // the client went away: nobody is left to tell
	}
	return true
}

// addressOf is the address of a file, another one whenever the file changes.
func addressOf(name string) string {
	text, err := files.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	sum := sha256.Sum256(text)
	return "/" + name + "?v=" + hex.EncodeToString(sum[:4])
}

var style, script = addressOf("style.css"), addressOf("passkey.js")

// StyleAddress is the address of the style sheet of all pages.
var StyleAddress = style
