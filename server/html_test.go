package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/pestle-fhir/pestle/docs"
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
)

// chrome is the Accept header of a browser that opens an address.
const chrome = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"

// browse opens an address as a browser does and checks what holds for every page.
func browse(t *testing.T, h http.Handler, target string) (*httptest.ResponseRecorder, *sheet) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, http.NoBody)
	r.Header.Set("Accept", chrome)
	return page(t, h, r)
}

func page(t *testing.T, h http.Handler, r *http.Request) (*httptest.ResponseRecorder, *sheet) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	where := r.Method + " " + r.URL.String()
	require.Equal(t, "text/html; charset=utf-8", w.Header().Get("Content-Type"), where)
	assert.Equal(t, "no-store", w.Header().Get("Cache-Control"), where)
	assert.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"), where)
	assert.Contains(t, w.Header().Values("Vary"), "Accept", where)
	assert.True(t, strings.HasPrefix(w.Header().Get("Content-Security-Policy"), "default-src 'none'; style-src 'self'; img-src 'self';"), where)
	root, err := html.Parse(strings.NewReader(w.Body.String()))
	require.NoError(t, err)
	s := &sheet{count: map[string]int{}}
	s.read(t, root)
	assert.Equal(t, []int{1, 1, 1, 1, 1}, []int{s.count["h1"], s.count["main"], s.count["title"], s.count["header"], s.count["link rel=stylesheet"]}, where)
	for _, banned := range []string{"script", "style", "iframe", "object", "embed", "base", "form", "img src elsewhere"} {
		assert.Zero(t, s.count[banned], "%s: %s", where, banned)
	}
	return w, s
}

// sheet is what a page holds: its elements, its words and where its links lead.
type sheet struct {
	count map[string]int
	text  strings.Builder
	hrefs []string
}

func (s *sheet) read(t *testing.T, n *html.Node) {
	switch n.Type {
	case html.TextNode:
		s.text.WriteString(n.Data)
	case html.ElementNode:
		s.count[n.Data]++
		for _, a := range n.Attr {
			assert.False(t, strings.HasPrefix(a.Key, "on") || a.Key == "style", "%s %s=%q", n.Data, a.Key, a.Val)
			if a.Key == "rel" {
				s.count["link rel="+a.Val]++
			}
			if a.Key == "src" && a.Val != "/favicon.svg" {
				s.count["img src elsewhere"]++
			}
			if a.Key == "href" && n.Data == "a" {
				s.hrefs = append(s.hrefs, a.Val)
				u, err := url.Parse(a.Val)
				require.NoError(t, err)
				assert.True(t, u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "" && u.Host == "", "a link to %q", a.Val)
			}
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		s.read(t, c)
	}
}

func put(t *testing.T, h http.Handler, path, body string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPut, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/fhir+json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Less(t, w.Code, 300, w.Body.String())
}

// TestBrowser opens every kind of answer.
func TestBrowser(t *testing.T) {
	h := newHandler(t, nil)
	put(t, h, "/fhir/Patient/p1", `{"resourceType":"Patient","id":"p1","name":[{"family":"Marlow","given":["Jo"]}]}`)
	put(t, h, "/fhir/Patient/p1", `{"resourceType":"Patient","id":"p1","active":true,"name":[{"family":"Marlow","given":["Jo"]}]}`)
	put(t, h, "/fhir/Task/t1", `{"resourceType":"Task","id":"t1","meta":{"profile":["https://fhir.nhs.uk/StructureDefinition/X|2.0"]},"status":"ready","intent":"order",
		"for":{"reference":"Patient/p1/_history/1"},"instantiatesUri":"https://example.org/a?b=1&c=2","instantiatesCanonical":"urn:uuid:0b5c4d00-0000-4000-8000-000000000000",
		"basedOn":[{"reference":"http://example.com/fhir/ServiceRequest/1"}],"owner":{"reference":"http://elsewhere.example/Organization/1"}}`)

	w, s := browse(t, h, "/fhir/Task/t1")
	assert.Equal(t, 200, w.Code)
	assert.Equal(t, `W/"1"`, w.Header().Get("Etag"))
	assert.Contains(t, s.text.String(), "Task/t1")
	assert.Contains(t, s.text.String(), `W/"1"`)
	assert.Contains(t, s.text.String(), "200 OK")
	for _, href := range []string{"/fhir/Patient/p1/_history/1", "/fhir/StructureDefinition?url=https%3A%2F%2Ffhir.nhs.uk%2FStructureDefinition%2FX",
		"https://example.org/a?b=1&c=2", "/fhir/ServiceRequest/1", "http://elsewhere.example/Organization/1",
		"/fhir/Task/t1/_history", "/fhir/Task", "/fhir/Task/t1?_format=json&_pretty=true", "/fhir/Task/t1?_format=xml&_pretty=true"} {
		assert.Contains(t, s.hrefs, href)
	}

	_, s = browse(t, h, "/FHIR/R4/Patient?name=marlow")
	assert.Contains(t, s.text.String(), "1 entry on this page, 1 in all.")
	assert.Contains(t, s.text.String(), "Jo Marlow")
	assert.Contains(t, s.hrefs, "/FHIR/R4/Patient/p1")
	assert.Contains(t, s.hrefs, "/FHIR/R4/Patient?_format=json&_pretty=true&name=marlow")

	_, s = browse(t, h, "/fhir/Patient/p1/_history?_count=1")
	assert.Contains(t, s.hrefs, "/fhir/Patient/p1/_history/2")
	next := s.hrefs[len(s.hrefs)-1]
	for _, href := range s.hrefs {
		if strings.Contains(href, "_page=") {
			next = href
		}
	}
	_, s = browse(t, h, next)
	assert.Contains(t, s.hrefs, "/fhir/Patient/p1/_history/1", "the next page")

	r := httptest.NewRequest(http.MethodDelete, "/fhir/Patient/p1", http.NoBody)
	h.ServeHTTP(httptest.NewRecorder(), r)
	for target, want := range map[string]int{
		"/fhir/Patient/p1": 410, "/fhir/Patient/none": 404, "/fhir/Patient/none/": 404, "/fhir/Nonsense": 404, "/elsewhere": 404, "/fhir/$nonsense": 404, "/fhir/Task?nonsense=1": 400,
		"/fhir/Task?status=%zz": 400, "/fhir/Patient/p1/_history": 200, "/fhir/_history": 200, "/fhir/metadata": 200, "/fhir/Patient?_summary=count": 200,
		"/": 200, "/fhir": 200, "/fhir/": 200, "/FHIR/R4": 200, "/fhir/Task/t1?_format=html": 200, "/fhir/Task/t1?_format=text/html": 200, "/docs/none.md": 404,
	} {
		w, s := browse(t, h, target)
		assert.Equal(t, want, w.Code, target)
		if want >= 400 {
			assert.Contains(t, s.text.String(), fmt.Sprintf("Error %d", want), target)
			assert.Contains(t, s.text.String(), "There is a problem", target)
		}
	}
}

// TestBrowserAsked wants pages for those who ask for them and for nobody else.
func TestBrowserAsked(t *testing.T) {
	h := newHandler(t, nil)
	put(t, h, "/fhir/Patient/p1", `{"resourceType":"Patient","id":"p1"}`)
	put(t, h, "/fhir/Binary/b1", `{"resourceType":"Binary","id":"b1","contentType":"text/html","data":"PHA+"}`)
	for _, c := range []struct {
		method, target, accept, want string
	}{
		{"GET", "/fhir/Patient/p1", "", "application/fhir+json"},
		{"GET", "/fhir/Patient/p1", "*/*", "application/fhir+json"},
		{"GET", "/fhir/Patient/p1", "application/fhir+json, text/html;q=0.5", "application/fhir+json"},
		{"GET", "/fhir/Patient/p1", "text/html;q=0", "application/fhir+json"},
		{"GET", "/fhir/Patient/p1?_format=json", chrome, "application/fhir+json"},
		{"GET", "/fhir/Patient/p1?_format=xml", chrome, "application/fhir+xml"},
		{"GET", "/fhir/Patient/p1?_format=html", "application/fhir+json", "text/html"},
		{"HEAD", "/fhir/Patient/p1", chrome, "text/html"},
		{"POST", "/fhir/Patient", chrome, "application/fhir+json"},
		{"POST", "/fhir/Patient", "text/html", "application/fhir+json"},
		{"GET", "/", "*/*", "application/fhir+json"},
		{"GET", "/fhir", "", "application/fhir+json"},
		{"GET", "/fhir", "application/fhir+json", "application/fhir+json"},
	} {
		r := httptest.NewRequest(c.method, c.target, http.NoBody)
		r.Header.Set("Accept", c.accept)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		got, _, _ := strings.Cut(w.Header().Get("Content-Type"), ";")
		assert.Equal(t, c.want, got, "%s %s for %q", c.method, c.target, c.accept)
	}
	// What somebody stored as HTML is no page of ours.
	r := httptest.NewRequest(http.MethodGet, "/fhir/Binary/b1", http.NoBody)
	r.Header.Set("Accept", "text/html")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	assert.Equal(t, "<p>", w.Body.String())
	assert.Contains(t, w.Header().Get("Content-Security-Policy"), "sandbox")
}

// TestBrowserHostile shows what somebody stored to harm who looks at it: it is
// words and nothing else.
func TestBrowserHostile(t *testing.T) {
	h := newHandler(t, nil)
	hostile := []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'" onmouseover="alert(1)`, `</pre></main><h1>`, `&lt;script&gt;`, `{{.}}`, "\u202egnp.exe"}
	var names []any
	for _, text := range hostile {
		names = append(names, map[string]any{"family": text, "text": text})
	}
	body, err := json.Marshal(map[string]any{
		"resourceType": "Patient", "id": "h1", "name": names,
		"extension": []any{
			map[string]any{"url": "https://example.org/x", "valueUri": "javascript:alert(1)"},
			map[string]any{"url": "https://example.org/x", "valueUri": "JaVaScRiPt://example.org/%0aalert(1)"},
			map[string]any{"url": "https://example.org/x", "valueUri": "data:text/html,<script>alert(1)</script>"},
			map[string]any{"url": "https://example.org/x", "valueUrl": `https://example.org/"onclick="alert(1)`},
			map[string]any{"url": "https://example.org/x", "valueUrl": `https://user:secret@example.org/`},
			map[string]any{"url": "https://example.org/x", "valueUri": "//evil.example/"},
			map[string]any{"url": "https://example.org/x", "valueUri": "vbscript:x"},
		},
	})
	require.NoError(t, err)
	put(t, h, "/fhir/Patient/h1", string(body))
	for _, target := range []string{"/fhir/Patient/h1", "/fhir/Patient", "/fhir/Patient/h1/_history", "/fhir/Patient/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
		"/fhir/%3Cscript%3E/1", "/fhir/Patient?name=%3Cscript%3E", `/fhir/Patient?x=%22%3E%3Cscript%3E`, "/%3Cscript%3E", "/docs/%3Cscript%3E", "/fhir/$%3Cscript%3E"} {
		_, s := browse(t, h, target)
		for _, href := range s.hrefs {
			for _, bad := range []string{"evil", "secret", "vbscript", "data:"} {
				assert.NotContains(t, href, bad, target)
			}
		}
	}
	_, s := browse(t, h, "/fhir/Patient/h1")
	for _, text := range hostile[:5] {
		quoted, _ := json.Marshal(text)
		var plain strings.Builder
		enc := json.NewEncoder(&plain)
		enc.SetEscapeHTML(false)
		require.NoError(t, enc.Encode(text))
		assert.True(t, strings.Contains(s.text.String(), strings.TrimSpace(plain.String())) || strings.Contains(s.text.String(), string(quoted)), "the text is there: %s", text)
	}
}

// TestBrowserBounded wants a page of bounded size, whatever the answer is.
func TestBrowserBounded(t *testing.T) {
	for name, text := range map[string]string{
		"items":  `{"resourceType":"Basic","code":{"text":"x"},"extension":[` + strings.TrimSuffix(strings.Repeat(`{"url":"http://e.org/x","valueInteger":1},`, 200_000), ",") + `]}`,
		"string": `{"resourceType":"Binary","contentType":"text/plain","data":"` + strings.Repeat("AAAA", 5_000_000) + `"}`,
	} {
		h := newHandler(t, func(c *server.Config) {
			c.Operations = []fhir.Operation{{Name: "answer", Idempotent: true, Handle: func(context.Context, *fhir.Call) (*fhir.Reply, error) {
				r, err := fhir.Parse([]byte(text))
				return &fhir.Reply{Resource: r}, err
			}}}
		})
		w, s := browse(t, h, "/fhir/$answer")
		assert.Less(t, w.Body.Len(), 2<<20, name)
		if name == "items" {
			assert.Contains(t, s.text.String(), "This page shows the beginning only", name)
		} else {
			assert.Contains(t, s.text.String(), "20000000 characters in all", name)
		}
	}
}

// TestBrowserStranger tells who has no token how to get one, and shows what is
// open to all.
func TestBrowserStranger(t *testing.T) {
	h := newHandler(t, func(c *server.Config) { c.Authenticator, c.Docs = &auth.Bearer{}, docs.Files })
	w, s := browse(t, h, "/fhir/Patient")
	assert.Equal(t, 401, w.Code)
	assert.NotEmpty(t, w.Header().Get("WWW-Authenticate"))
	assert.Contains(t, s.text.String(), "How to get in")
	for _, target := range []string{"/", "/fhir", "/fhir/metadata", "/docs/", "/docs/flow.md", "/docs/adr/"} {
		w, s = browse(t, h, target)
		assert.Equal(t, map[bool]int{true: 200, false: 404}[target != "/docs/adr/"], w.Code, target)
		assert.NotContains(t, s.text.String(), "SANDBOX")
	}
}

// TestDocumentPages wants every document to be a page whose links lead on.
func TestDocumentPages(t *testing.T) {
	h := newHandler(t, func(c *server.Config) { c.Docs = docs.Files })
	_, list := browse(t, h, "/docs")
	seen := 0
	for _, href := range list.hrefs {
		if !strings.HasSuffix(href, ".md") {
			continue
		}
		seen++
		w, s := browse(t, h, href)
		assert.Equal(t, 200, w.Code, href)
		assert.NotContains(t, s.text.String(), "```", href)
		assert.NotContains(t, s.text.String(), "](", href)
		for _, to := range s.hrefs {
			if strings.HasPrefix(to, "/docs/") {
				w, _ := browse(t, h, to)
				assert.Equal(t, 200, w.Code, "%s: %s", href, to)
			}
		}
	}
	assert.Greater(t, seen, 5)
}

// TestAssets are what pages refer to.
func TestAssets(t *testing.T) {
	h := newHandler(t, nil)
	for path, want := range map[string]string{"/style.css": "text/css; charset=utf-8", "/favicon.svg": "image/svg+xml", "/favicon.ico": "image/svg+xml"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))
		assert.Equal(t, 200, w.Code, path)
		assert.Equal(t, want, w.Header().Get("Content-Type"), path)
		assert.NotEmpty(t, w.Body.String(), path)
		w = httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, http.NoBody))
		assert.Equal(t, 405, w.Code, path)
	}
}
