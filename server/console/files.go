package console

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"

	"github.com/pestle-fhir/pestle/server/page"
)

//go:embed console.css console.js
var embedded embed.FS

// files are our style sheet and our script, with their types.
var files = map[string]string{"console.css": "text/css; charset=utf-8", "console.js": "text/javascript; charset=utf-8"}

// file answers with one of them. Its address changes whenever it does.
func file(w http.ResponseWriter, r *http.Request, name string) {
	h := w.Header()
	h.Set("Content-Type", files[name])
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'")
	h.Set("Cache-Control", "public, max-age=86400")
	if r.Method != http.MethodHead {
		_, _ = w.Write(content(name)) // the browser went away
	}
}

func content(name string) []byte {
	text, err := embedded.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	return text
}

func addressOf(name string) string {
	sum := sha256.Sum256(content(name))
	return page.ConsolePath + "/" + name + "?v=" + hex.EncodeToString(sum[:4])
}

var styleAddress, scriptAddress = addressOf("console.css"), addressOf("console.js")

// policy lets a screen load our own files alone, and a script write no text as markup.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// headers sets those of a screen. It tells about patients: no cache keeps it.
func headers(h http.Header) {
	page.FormHeaders(h, "")
	h.Set("Content-Security-Policy", policy)
	h.Set("Vary", "Cookie")
}
