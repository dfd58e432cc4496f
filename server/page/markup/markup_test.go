package markup

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

func TestWriter(t *testing.T) {
	var w Writer
	w.HTML(`<h1 class="a">`).Text(`<b> & "c" 'd'`+"\x00").HTML("</h1>\n<a").Attr("href", "https://example.org/?a=b&c").HTML(">").Text("").HTML("</a><br>")
	assert.Equal(t, `<h1 class="a">&lt;b&gt; &amp; &#34;c&#34; &#39;d&#39;`+"\uFFFD</h1>\n"+`<a href="https://example.org/?a=b&amp;c"></a><br>`, string(w.Bytes()))
	assert.Equal(t, len(w.Bytes()), w.Len())
}

// TestPlaces lists where text and attributes can be written, and where they cannot.
func TestPlaces(t *testing.T) {
	text := func(w *Writer) { w.Text("x") }
	attr := func(w *Writer) { w.Attr("class", "x") }
	for _, c := range []struct {
		markup     constant
		text, attr bool
	}{
		{"", true, false},
		{"<p>", true, false},
		{"<p>a</p>", true, false},
		{"<title>", true, false},
		{"<p", false, true},
		{"<p ", false, true},
		{`<p class="a"`, false, true},
		{`<p class="a`, false, false},
		{`<p class="`, false, false},
		{`<p class=">" id="x"`, false, true},
		{`<input checked`, false, true},
		{`<a href="javascript:`, false, false},
		{`<script>`, false, false},
		{`<script type="module">let a = "`, false, false},
		{`<script>let a = "<p>"`, false, false},
		{`<style>p { color: `, false, false},
		{`<script></script>`, true, false},
		{`<textarea name="a">`, true, false}, // its content is text, with entities
		{`<style>a > b {}</style>`, true, false},
		{`<script src="a"></script`, false, true},
	} {
		for name, writes := range map[string]func(*Writer){"text": text, "attr": attr} {
			w := new(Writer).HTML(c.markup)
			if (name == "text" && c.text) || (name == "attr" && c.attr) {
				assert.NotPanics(t, func() { writes(w) }, "%s after %s", name, c.markup)
			} else {
				assert.Panics(t, func() { writes(w) }, "%s after %s", name, c.markup)
			}
		}
	}
	for _, markup := range []constant{"<", "1 < 2", "< p>", "<!-- c -->", "<P>", "<?xml?>", "<p class=a>", "<p class='a'>", `<p class="a"">`, "<p <b>", "<math>", "<iframe>", "<plaintext>"} {
		assert.Panics(t, func() { new(Writer).HTML(markup) }, string(markup))
	}
	for _, markup := range []constant{"<p", `<p class="`, "<script>"} {
		assert.Panics(t, func() { new(Writer).HTML(markup).Bytes() }, string(markup))
	}
}

// TestAttributes wants no text in the value of an attribute that may be a program, a
// style sheet or a document.
func TestAttributes(t *testing.T) {
	for _, name := range []constant{"style", "onclick", "onload", "srcdoc", "srcset", "formaction", "content", "http-equiv", "xlink:href", "ping", "", "class x", "dat", "HREF"} {
		assert.Panics(t, func() { new(Writer).HTML("<p").Attr(name, "x") }, string(name))
	}
	for address, safe := range map[string]bool{
		"": true, "/fhir/Task/1": true, "https://example.org/a:b": true, "HTTP://example.org": true, "Task/1?a=b:c": true, "//example.org/x": true, "#a": true, "?a=b": true,
		"javascript:alert(1)": false, "JaVaScRiPt:alert(1)": false, " javascript:alert(1)": false, "java\tscript:alert(1)": false, "java\nscript:alert(1)": false, "\x01javascript:alert(1)": false,
		"data:text/html,x": false, "vbscript:x": false, "blob:https://example.org/x": false, "file:///etc/passwd": false, "javascript&colon;alert(1)": true, "mailto:a@example.org": false, ":": false, "javascript\u00a0:x": false,
	} {
		for _, name := range []constant{"href", "src", "action"} {
			got := attribute(t, new(Writer).HTML("<a").Attr(name, address).HTML("></a>").Bytes())
			if safe {
				assert.Equal(t, address, got)
			} else {
				assert.Equal(t, Refused, got, address)
			}
		}
	}
}

// attribute is the value of the first attribute of the first element.
func attribute(t testing.TB, page []byte) string {
	root, err := html.ParseFragment(strings.NewReader(string(page)), nil)
	require.NoError(t, err)
	for n := range root[0].Descendants() {
		if len(n.Attr) > 0 {
			require.Len(t, n.Attr, 1, string(page))
			return n.Attr[0].Val
		}
	}
	t.Fatalf("no attribute in %s", page)
	return ""
}
