package console

import (
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/pestle-fhir/pestle/server/page"
)

// views are all screens, empty. A test wants every type that is one to be here.
var views = map[string]func() view{
	"find": func() view { return &findScreen{} }, "patient": func() view { return &patientScreen{} }, "order": func() view { return &orderScreen{} },
	"queue": func() view { return &queueScreen{} }, "review": func() view { return &review{} }, "form": func() view { return &form{} },
	"month":    func() view { return &monthScreen{} },
	"register": func() view { return &registerScreen{} }, "stock": func() view { return &stockScreen{} }, "responsible": func() view { return &responsibleScreen{} }, "try": func() view { return &tryScreen{} },
	"history": func() view { return &historyScreen{} }, "audit": func() view { return &auditScreen{} },
	"help": func() view { return &helpScreen{} }, "accessibility": func() view { return &accessibilityScreen{} }, "refusal": func() view { return &refusal{} }, "report": func() view { return &report{} }, "message": func() view { return &messageScreen{} },
}

// hostile are texts that somebody stores to harm who looks at them, or that are only long.
var hostile = []string{
	`"><script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `" autofocus onfocus="alert(1)`, `</title></h1></main><h1>`, `</textarea></select></form>`,
	`javascript:alert(1)`, "java\tscript:alert(1)", `&lt;script&gt;`, `{{.}}`, `--><!--`, `]]>`, "\u202egnp.exe\u2066", "שלום (Jo) مرحبا", strings.Repeat("Llanfairpwllgwyngyll ", 20),
}

// fill puts text into every field of a screen, and two of everything that is a list.
func fill(v reflect.Value, text string, full bool) { fillTo(v, text, full, 6) }

func fillTo(v reflect.Value, text string, full bool, depth int) {
	fill := func(v reflect.Value, text string, full bool) { fillTo(v, text, full, depth-1) }
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Int:
		v.SetInt(3)
	case reflect.Bool:
		v.SetBool(full)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() || v.Type().Field(i).Anonymous {
				fill(v.Field(i), text, full)
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), text, full)
	case reflect.Slice:
		if full && depth > 0 {
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
			fill(v.Index(0), text, true)
			fill(v.Index(1), text, false)
		}
	}
}

// framed writes a screen in a frame that shows everything, or nothing.
func framed(v view, text string, full bool) []byte {
	f := &frame{Site: page.Site{Name: "Pestle"}}
	if full {
		fill(reflect.ValueOf(f).Elem(), text, true)
	}
	f.Main = v
	return f.HTML()
}

// outline is the elements of a page with the names of their attributes, and what leads
// elsewhere.
func outline(t testing.TB, text []byte) (elements, links []string) {
	root, err := html.Parse(strings.NewReader(string(text)))
	require.NoError(t, err)
	for n := range root.Descendants() {
		switch n.Type {
		case html.CommentNode:
			elements = append(elements, "comment")
		case html.ElementNode:
			names := []string{n.Data}
			for _, a := range n.Attr {
				if n.Data == "td" && a.Key == "class" && a.Val == "time" {
					continue // by the length of the text
				}
				names = append(names, a.Key)
				if a.Key == "href" || a.Key == "src" || a.Key == "action" {
					links = append(links, a.Val)
				}
			}
			elements = append(elements, strings.Join(names, " "))
		}
	}
	return elements, links
}

// TestHostile writes hostile text into every field of every screen: the page has the
// elements and attributes that it has with harmless text, and no link runs a program.
func TestHostile(t *testing.T) {
	for name, empty := range views {
		for _, text := range hostile {
			for _, full := range []bool{true, false} {
				bad, good := empty(), empty()
				fill(reflect.ValueOf(bad).Elem(), text, full)
				fill(reflect.ValueOf(good).Elem(), "harmless", full)
				got, links := outline(t, framed(bad, text, full))
				want, _ := outline(t, framed(good, "harmless", full))
				require.Equal(t, want, got, "%s: %q", name, text)
				for _, link := range links {
					u, err := url.Parse(strings.NewReplacer("\t", "", "\n", "").Replace(strings.TrimSpace(link)))
					if err == nil {
						assert.Contains(t, []string{"", "http", "https"}, u.Scheme, "%s leads to %q", name, link)
					}
				}
			}
		}
	}
}

// TestForm checks what every page of the console has to have, without a browser: WCAG
// 2.2 by the parsed page.
func TestForm(t *testing.T) {
	for name, empty := range views {
		for _, full := range []bool{true, false} {
			seen := empty()
			if full {
				fill(reflect.ValueOf(seen).Elem(), "some words", true)
			}
			wellFormed(t, name, framed(seen, "some words", full))
		}
	}
}

// wellFormed wants a title, one heading of the first level, headings that leave no level
// out, a name for each control, a button for each form, a caption for each table with
// the scope of its headings, ids once, and neither styles nor programs in the markup.
func wellFormed(t testing.TB, name string, text []byte) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(string(text)))
	require.NoError(t, err)
	attr := func(n *html.Node, key string) string {
		for _, a := range n.Attr {
			if a.Key == key {
				return a.Val
			}
		}
		return ""
	}
	ids, fors, level, h1, title := map[string]int{}, map[string]bool{}, 0, 0, ""
	within := func(n *html.Node, tag string) bool {
		for p := n.Parent; p != nil; p = p.Parent {
			if p.Data == tag {
				return true
			}
		}
		return false
	}
	holds := func(n *html.Node, tag string) bool {
		for c := range n.Descendants() {
			if c.Type == html.ElementNode && c.Data == tag {
				return true
			}
		}
		return false
	}
	words := func(n *html.Node) string {
		var b strings.Builder
		for c := range n.Descendants() {
			if c.Type == html.TextNode {
				b.WriteString(c.Data)
			}
		}
		return strings.TrimSpace(b.String())
	}
	var controls []*html.Node
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		for _, a := range n.Attr {
			assert.False(t, a.Key == "style" || strings.HasPrefix(a.Key, "on"), "%s: %s has %s", name, n.Data, a.Key)
		}
		if id := attr(n, "id"); id != "" {
			ids[id]++
		}
		switch n.Data {
		case "title":
			title = words(n)
		case "html":
			assert.Equal(t, "en-GB", attr(n, "lang"), name)
		case "h1", "h2", "h3", "h4":
			at := int(n.Data[1] - '0')
			if n.Data == "h1" {
				h1++
			}
			if !within(n, "dialog") {
				assert.LessOrEqual(t, at, level+1, "%s: %s %q leaves a level out", name, n.Data, words(n))
				level = at
			}
		case "label":
			fors[attr(n, "for")] = true
		case "input", "select", "textarea":
			controls = append(controls, n)
		case "form":
			assert.True(t, holds(n, "button"), "%s: a form without a button", name)
		case "button", "a":
			assert.True(t, words(n) != "" || attr(n, "aria-label") != "", "%s: %s without words", name, n.Data)
		case "table":
			assert.True(t, holds(n, "caption"), "%s: a table without a caption", name)
		case "th":
			assert.Contains(t, []string{"col", "row"}, attr(n, "scope"), "%s: %q", name, words(n))
		case "style":
			assert.Fail(t, "a style sheet in the page", name)
		case "script":
			assert.NotEmpty(t, attr(n, "src"), name)
		}
	}
	for _, c := range controls {
		if attr(c, "type") == "hidden" {
			continue
		}
		assert.True(t, fors[attr(c, "id")] && attr(c, "id") != "" || within(c, "label") || attr(c, "aria-label") != "", "%s: the control %q has no label", name, attr(c, "name"))
	}
	for id, n := range ids {
		assert.Equal(t, 1, n, "%s: the id %s is there %d times", name, id, n)
	}
	assert.Equal(t, 1, h1, "%s: headings of the first level", name)
	assert.NotEmpty(t, title, name)
}

// TestFind lists what is understood of what a caller says.
func TestFind(t *testing.T) {
	for text, want := range map[string]string{
		"9000000009":                    "NHS number Patient identifier https://fhir.nhs.uk/Id/nhs-number|9000000009",
		" 900 000 0009 ":                "NHS number Patient identifier https://fhir.nhs.uk/Id/nhs-number|9000000009",
		"900-000-0009":                  "NHS number Patient identifier https://fhir.nhs.uk/Id/nhs-number|9000000009",
		"9000000008":                    "NHS number wrong",
		"07700 900123":                  "telephone number Patient phone 07700 900123,07700900123",
		"+44 7700 900123":               "telephone number Patient phone +44 7700 900123,+447700900123",
		"Smith 14/03/1989":              "name and date of birth Patient family Smith birthdate 1989-03-14",
		"anna smith 1989-03-14":         "name and date of birth Patient family smith birthdate 1989-03-14 given anna",
		"Smith, Anna Maria 14 Mar 1989": "name and date of birth Patient family Smith birthdate 1989-03-14 given Anna",
		"14-Mar-1989 Smith":             "name and date of birth Patient family Smith birthdate 1989-03-14",
		"O'Hara|x, y 14.3.1989":         `name and date of birth Patient family O'Hara\|x birthdate 1989-03-14 given y`,
		"ls1 1aa 14/3/1989":             "postcode and date of birth Patient address-postalcode LS1 1AA birthdate 1989-03-14",
		"Smith":                         "name wrong",
		"14/03/1989":                    "date of birth wrong",
		"Smith 31/02/1989":              "name wrong",
		"":                              " wrong",
		"6F7957-X99CL0-2C7BCQ":          "prescription Task order 6F7957-X99CL0-2C7BCQ",
		"6f7957x99cl02c7bcq":            "prescription Task order 6F7957-X99CL0-2C7BCQ",
		"6F7957-X99CL0-2C7BCA":          "prescription wrong",
	} {
		got := soughtIn(text)
		said := got.way
		switch {
		case got.wrong != "":
			said += " wrong"
		case got.order != "":
			said += " " + got.typ + " order " + got.order
		default:
			said += " " + got.typ + " " + strings.Join(got.pairs, " ")
		}
		assert.Equal(t, want, said, "%q", text)
	}
}

// FuzzFind: whatever is typed is understood as one thing, or refused with words.
func FuzzFind(f *testing.F) {
	f.Add("Smith 14/03/1989")
	f.Add("900 000 0009")
	f.Add("\x00,|$\\ 1989-03-14")
	f.Fuzz(func(t *testing.T, text string) {
		got := soughtIn(text)
		if got.wrong == "" && got.order == "" && (len(got.pairs) == 0 || len(got.pairs)%2 != 0 || slices.Contains(got.pairs, "")) {
			t.Fatalf("%q: %+v", text, got)
		}
	})
}
