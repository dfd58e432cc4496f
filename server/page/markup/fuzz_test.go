package markup

import (
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// FuzzText writes text to each place where it can be, and reads the page as a browser
// does: the same elements are there whatever the text is, it is read back as it was
// written, and no address has another scheme than http and https.
func FuzzText(f *testing.F) {
	for _, text := range []string{"", "a", `"><script>alert(1)</script>`, `' onclick='x`, "</title></h1><b>", "</noscript>", "&lt;&amp", "&#x6a;avascript:x", "javascript:alert(1)", "java\tscript:x", "\x00\x01\u202e", "\r\n", "--><!--", "]]>", "{{.}}", "a\xffb"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var w Writer
		page := w.HTML("<!doctype html><html><head><title>").Text(text).HTML("</title></head><body><p").Attr("class", text).Attr("data-x", text).HTML(">").Text(text).
			HTML("</p><a").Attr("href", text).HTML(">").Text(text).HTML("</a><pre><code>").Text(text).HTML("</code></pre><form").Attr("action", text).
			HTML(" method=\"post\"><input").Attr("value", text).HTML("><textarea>\n").Text(text).HTML("</textarea></form><script").Attr("src", text).HTML("></script></body></html>").Bytes()
		root, err := html.Parse(strings.NewReader(string(page)))
		if err != nil {
			t.Fatal(err)
		}
		var elements []string
		want := strings.NewReplacer("\x00", "\uFFFD", "\r\n", "\n", "\r", "\n").Replace(text)
		for n := range root.Descendants() {
			switch n.Type {
			case html.TextNode:
				if n.Data != want {
					t.Errorf("text %q is read as %q", text, n.Data)
				}
			case html.ElementNode:
				elements = append(elements, n.Data)
				for _, a := range n.Attr {
					checkAttribute(t, a, want)
				}
			case html.DoctypeNode:
			default:
				t.Errorf("%q made a node of type %d", text, n.Type)
			}
		}
		if got := strings.Join(elements, " "); got != "html head title body p a pre code form input textarea script" {
			t.Errorf("%q made %s", text, got)
		}
	})
}

func checkAttribute(t *testing.T, a html.Attribute, want string) {
	switch a.Key {
	case "method":
	case "class", "data-x", "value":
		if a.Val != want {
			t.Errorf("%s %q is read as %q", a.Key, want, a.Val)
		}
	case "href", "src", "action":
		if a.Val != want && a.Val != Refused {
			t.Errorf("%s %q is read as %q", a.Key, want, a.Val)
		}
		// A browser leaves out blanks around an address, and some within it.
		u, err := url.Parse(strings.NewReplacer("\t", "", "\n", "").Replace(strings.TrimFunc(a.Val, func(r rune) bool { return r <= ' ' })))
		if err == nil && u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https" {
			t.Errorf("%s leads to %q", a.Key, a.Val)
		}
	default:
		t.Errorf("%q made the attribute %s", want, a.Key)
	}
}
