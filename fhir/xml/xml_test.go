package xml

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/pestle-fhir/pestle/fhir"
)

var update = flag.Bool("update", false, "rewrite the golden parts of testdata")

// TestScripts runs testdata/*.txtar: each NAME.xml is decoded and each
// NAME.json encoded, and what comes of it must be NAME.want.
func TestScripts(t *testing.T) {
	scripts, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, scripts)
	for _, script := range scripts {
		archive, err := txtar.ParseFile(script)
		require.NoError(t, err)
		out := &txtar.Archive{Comment: archive.Comment}
		want := map[string]string{}
		for _, f := range archive.Files {
			want[f.Name] = string(f.Data)
		}
		for _, f := range archive.Files {
			name, ext, _ := strings.Cut(f.Name, ".")
			if ext == "want" {
				continue
			}
			t.Run(name, func(t *testing.T) {
				got := run(t, ext, f.Data)
				if !*update {
					assert.Equal(t, want[name+".want"], got)
				}
				out.Files = append(out.Files, f, txtar.File{Name: name + ".want", Data: []byte(got)})
			})
		}
		if *update {
			require.NoError(t, os.WriteFile(script, txtar.Format(out), 0o644))
		}
	}
}

func run(t *testing.T, ext string, data []byte) string {
	var b strings.Builder
	var err error
	switch ext {
	case "xml":
		var r *fhir.Resource
		if r, err = Decode(data); r != nil {
			b.Write(r.JSON())
			b.WriteByte('\n')
		}
	case "json":
		r, perr := fhir.Parse(data)
		require.NoError(t, perr)
		var text []byte
		if text, err = EncodeIndent(r); err == nil {
			b.Write(text)
		}
	}
	var e *fhir.Error
	if errors.As(err, &e) {
		for _, i := range e.Issues {
			fmt.Fprintf(&b, "%d:%d %s %s: %s\n", i.Position.Line, i.Position.Column, i.Severity, i.Expression, i.Text())
		}
	}
	return b.String()
}

func TestPositionsAreThoseOfTheXML(t *testing.T) {
	r, err := Decode([]byte(`<Patient xmlns="http://hl7.org/fhir">
  <contained>
    <Organization><id value="o"/></Organization>
  </contained>
  <name id="n">
    <given value="A"/>
    <given id="x" value="B"/>
  </name>
</Patient>`))
	require.NoError(t, err)
	at := func(n fhir.Node) string {
		p := n.Position()
		return fmt.Sprintf("%d:%d", p.Line, p.Column)
	}
	name := r.Get("name").Item(0)
	assert.Equal(t, "1:1", at(r.Root()))
	assert.Equal(t, "2:3", at(r.Get("contained").Item(0)))
	assert.Equal(t, "3:19", at(r.Get("contained").Item(0).Get("id")))
	assert.Equal(t, "5:3", at(r.Get("name")))
	assert.Equal(t, "5:9", at(name.Get("id")))
	assert.Equal(t, "7:5", at(name.Get("given").Item(1)))
	assert.Equal(t, "7:12", at(name.Get("_given").Item(1).Get("id")))
	inner := r.Sub(r.Get("contained").Item(0))
	assert.Equal(t, "3:19", at(inner.Get("id")), "a part keeps the places of the whole")
}

func TestLimits(t *testing.T) {
	deep := func(n int) string {
		return `<Questionnaire xmlns="http://hl7.org/fhir">` + strings.Repeat("<item>", n) + `<text value="a"/>` + strings.Repeat("</item>", n) + `</Questionnaire>`
	}
	_, err := Decode([]byte(deep(60)))
	require.NoError(t, err)
	for _, n := range []int{63, 64, 100, 127, 128, 100000} {
		_, err = Decode([]byte(deep(n)))
		require.Error(t, err)
		assert.Equal(t, fhir.TooLong, fhir.KindOf(err), n)
	}
	div := `<Patient xmlns="http://hl7.org/fhir"><text><status value="empty"/><div xmlns="http://www.w3.org/1999/xhtml">` + strings.Repeat("<p>", 500)
	_, err = Decode([]byte(div))
	assert.Equal(t, fhir.TooLong, fhir.KindOf(err))
}

// TestManyOfAKind: what could be there without end takes no time that grows
// with its square.
func TestManyOfAKind(t *testing.T) {
	const open = `<Patient xmlns="http://hl7.org/fhir"`
	r, err := Decode([]byte(open + ">" + strings.Repeat("<name/>", 100_000) + "</Patient>"))
	var e *fhir.Error
	require.ErrorAs(t, err, &e)
	require.Len(t, e.Issues, fhir.MaxListed+1)
	assert.Equal(t, "99500 more errors are not listed.", e.Issues[fhir.MaxListed].Message)
	assert.Equal(t, "Patient.name[499]", e.Issues[fhir.MaxListed-1].Expression)
	assert.Equal(t, 100_000, r.Get("name").Len())

	list := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	_, err = Decode([]byte(open + list(100_000, ` a%d=""`) + "/>"))
	assert.ErrorContains(t, err, "The element has too many attributes. Expected: at most 256.")
	nested := open + ">"
	for i := range 3 {
		nested += "<x" + list(100, fmt.Sprintf(` xmlns:p%d.%%d="u"`, i)) + ">"
	}
	_, err = Decode([]byte(nested))
	assert.ErrorContains(t, err, "Too many namespaces are declared. Expected: at most 256.")
}
