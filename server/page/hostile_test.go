package page

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// hostile are texts that somebody stores to harm who looks at them.
var hostile = []string{
	`"><script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `" autofocus onfocus="alert(1)`, `</title></h1></main><h1>`, `</pre></code></span></a>`,
	`</script><script>alert(1)</script>`, `javascript:alert(1)`, `JaVaScRiPt:alert(1)`, "java\tscript:alert(1)", `data:text/html,<script>alert(1)</script>`, `//evil.example/<b>`,
	`&lt;script&gt;alert(1)&lt;/script&gt;`, `&#x3c;b&#x3e;`, `&amp;&quot;`, `{{.}}`, `${x}`, `--><!--`, `]]>`, "\u202egnp.exe\u2066", "שלום (Jo) مرحبا", "\U0001F48A", "a\u2028b",
}

// outline is a page without its words: its elements and the names of their
// attributes. Links have what is safe only.
type outline struct {
	elements []string
	words    []string // the text, and the values of attributes
	links    []string
}

func outlineOf(t testing.TB, page []byte) (o outline) {
	root, err := html.Parse(strings.NewReader(string(page)))
	require.NoError(t, err)
	for n := range root.Descendants() {
		switch n.Type {
		case html.TextNode:
			o.words = append(o.words, n.Data)
		case html.CommentNode:
			o.elements = append(o.elements, "comment")
		case html.ElementNode:
			names := []string{n.Data}
			for _, a := range n.Attr {
				names = append(names, a.Key)
				o.words = append(o.words, a.Val)
				if a.Key == "href" || a.Key == "src" || a.Key == "action" {
					o.links = append(o.links, a.Val)
				}
			}
			o.elements = append(o.elements, strings.Join(names, " "))
		}
	}
	return o
}

// safe fails for a link to another scheme than http and https.
func (o *outline) safe(t testing.TB) {
	for _, link := range o.links {
		u, err := url.Parse(strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(strings.TrimFunc(link, func(r rune) bool { return r <= ' ' })))
		if err == nil {
			assert.Contains(t, []string{"", "http", "https"}, strings.ToLower(u.Scheme), "a link to %q", link)
		} else {
			assert.NotContains(t, strings.ToLower(link), "script:", "a link to %q", link)
		}
	}
}

// TestHostile writes hostile text into every field of every kind of page. The page has
// the same elements and attributes as with a text that says nothing, and the text is
// there to be read as it is.
func TestHostile(t *testing.T) {
	for kind, write := range kinds {
		for _, text := range hostile {
			for _, full := range []bool{true, false} {
				page, err := write(same(text), full)
				require.NoError(t, err)
				plain, err := write(same(harmless(text)), full)
				require.NoError(t, err)
				got, want := outlineOf(t, page), outlineOf(t, plain)
				assert.Equal(t, withoutLinks(want.elements), withoutLinks(got.elements), "%s: %q", kind, text)
				got.safe(t)
				assert.True(t, slices.ContainsFunc(got.words, func(s string) bool { return strings.Contains(s, text) }), "%s does not show %q", kind, text)
			}
		}
	}
}

// withoutLinks leaves out the elements that depend on whether an address is one.
func withoutLinks(elements []string) []string {
	return slices.DeleteFunc(slices.Clone(elements), func(e string) bool { return e == "a href" })
}

// TestHostileOne writes a hostile text into one field after the other, so that what is
// in one cannot depend on what is in another.
func TestHostileOne(t *testing.T) {
	const text = `"><script>alert(1)</script>`
	for kind, write := range kinds {
		var fields []string
		plain, err := write(func(field string) string { fields = append(fields, field); return harmless(text) }, true)
		require.NoError(t, err)
		want := withoutLinks(outlineOf(t, plain).elements)
		require.NotEmpty(t, fields, kind)
		for _, field := range fields {
			page, err := write(func(name string) string {
				if name == field {
					return text
				}
				return harmless(text)
			}, true)
			require.NoError(t, err)
			got := outlineOf(t, page)
			assert.Equal(t, want, withoutLinks(got.elements), "%s: %s", kind, field)
			got.safe(t)
		}
	}
}

// TestLong wants pages of bounded size of an answer with very long texts, and none that
// fails.
func TestLong(t *testing.T) {
	for kind, write := range kinds {
		for _, text := range []string{strings.Repeat(`"><script>`, 2_000), strings.Repeat("\u202e", 10_000), strings.Repeat("&lt;", 5_000)} {
			page, err := write(same(text), true)
			require.NoError(t, err)
			got := outlineOf(t, page)
			got.safe(t)
			plain, err := write(same(harmless(text)), true)
			require.NoError(t, err)
			want := outlineOf(t, plain)
			assert.Equal(t, withoutLinks(want.elements), withoutLinks(got.elements), kind)
		}
	}
}

// TestLinks wants links to what can be opened, and no other.
func TestLinks(t *testing.T) {
	for text, want := range map[string]string{
		"https://example.org/a?b=1&c=2": "https://example.org/a?b=1&c=2", "http://example.org/": "http://example.org/", "Patient/1": "/fhir/Patient/1", "https://pestle.example/fhir/Task/1": "/fhir/Task/1",
		"javascript:alert(1)": "", " javascript:alert(1)": "", "JAVASCRIPT://example.org/%0aalert(1)": "", "data:text/html,x": "", "vbscript:x": "", "//evil.example/": "", "https://user:secret@example.org/": "", "mailto:a@example.org": "", "urn:uuid:1": "",
	} {
		json, err := json.Marshal(map[string]any{"reference": text})
		require.NoError(t, err)
		page := (&Answer{Method: "GET", URL: &url.URL{Path: "/fhir/X"}, Base: "/fhir", Self: "https://pestle.example/fhir", Status: 200, Text: json}).HTML()
		_, list, _ := strings.Cut(string(page), `<pre class="json"`)
		links := outlineOf(t, []byte(`<pre class="json"`+list)).links
		if want == "" {
			assert.Empty(t, links, text)
		} else {
			assert.Equal(t, []string{want}, links, text)
		}
	}
}

// TestMarkdownLinks are links of documents: to other documents and to the web.
func TestMarkdownLinks(t *testing.T) {
	docs := fstest.MapFS{"a.md": {Data: []byte("# A\n\n[doc](a.md) [web](https://example.org/) [js](javascript:alert(1)) [data](data:text/html,x) [up](../../etc/passwd) [q](https://example.org/\"onclick=\"x) [\"><b>](a.md)\n")}}
	page, err := Document(Site{}, docs, "a.md")
	require.NoError(t, err)
	_, article, _ := strings.Cut(string(page), "<article")
	assert.Equal(t, []string{"/docs/a.md", "https://example.org/", "https://example.org/\"onclick=\"x", "/docs/a.md"}, outlineOf(t, []byte("<article"+article)).links)
}

// FuzzPages writes a text into all fields of all pages.
func FuzzPages(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	allowed := map[string]bool{}
	for _, write := range kinds {
		for _, plain := range []string{"x", ""} {
			for _, full := range []bool{true, false} {
				page, err := write(same(plain), full)
				require.NoError(f, err)
				for _, e := range outlineOf(f, page).elements {
					allowed[e] = true
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		for kind, write := range kinds {
			page, err := write(same(text), true)
			require.NoError(t, err)
			got := outlineOf(t, page)
			got.safe(t)
			for _, e := range got.elements {
				if !allowed[e] {
					t.Errorf("%s has <%s> for %q", kind, e, text)
				}
			}
		}
	})
}
