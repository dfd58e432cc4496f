package profiles

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/xml"
)

// pieces are what narratives are put together from: what is common, and what XML
// refuses somewhere.
var pieces = []string{
	`<div>`, `<div xmlns="http://www.w3.org/1999/xhtml">`, `</div>`, `<p>`, `</p>`, `<p/>`, `<br/>`, `<b class="a">`, `</b>`, ` `, "\n", "\u00a0", "\ufeff", `word`, `é`,
	`&amp;`, `&lt;`, `&nbsp;`, `&eacute;`, `&nosuch;`, `&#233;`, `&#0;`, `&#xFFFE;`, `&#x41;`, `&`, `&amp`, `;`, `]]>`, `]]`, `>`, `<`,
	`<!-- a -->`, `<!-- a -- b -->`, `<!--->`, `<![CDATA[x]]>`, `<![CDATA[`, `<?pi?>`, `<!DOCTYPE x>`,
	`<p id="a" id="b">`, `<p id="a"title="b">`, `<p id='a' title = "b" >`, `<p xml:lang="en">`, `<p a:b="c">`, `<a:p>`, `</a:p>`, `<p xmlns:a="">`, `<p xmlns:a="urn:a">`, `<p xmlns="">`, `<p xmlns="http://www.w3.org/2000/xmlns/">`,
	`<1p>`, `</1p>`, `<-p>`, `<é>`, `</é>`, `<p 1="a">`, `<p title="&nosuch;">`, `<p title="a&b">`, `<p title="]]>">`, `<p title="a<b">`, `<p title>`, `</ p>`, `<p / >`,
}

// narrated validates a Patient with that div.
func narrated(v *Validator, div string) (refused bool) {
	r := fhir.Obj("resourceType", "Patient", "text", fhir.Obj("status", "generated", "div", div)).Resource()
	for _, i := range v.Validate(context.Background(), r) {
		refused = refused || i.Severity == fhir.Err || i.Severity == fhir.Fatal
	}
	return refused
}

// What XML cannot hold is refused, whether or not the reader of markup finds it
// rare.
func TestWhatXMLRefusesIsRefused(t *testing.T) {
	v := New()
	random := rand.New(rand.NewPCG(1, 2))
	accepted := 0
	check := func(div string) {
		refused := narrated(v, div)
		if !refused {
			accepted++
			require.NoError(t, xml.CheckNarrative(strings.TrimSpace(div)), div)
		}
	}
	for _, p := range pieces {
		check(pieces[1] + "a" + p + "</div>")
		check(pieces[1] + "a" + p + "x</p></div>")
		check(pieces[1] + "a</div>" + p)
		check(p + pieces[1] + "a</div>")
		check(pieces[1] + "a</div>" + p + pieces[1] + "b</div>")
	}
	for range 40_000 {
		var b strings.Builder
		b.WriteString(pieces[1])
		for range random.IntN(6) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		b.WriteString("</div>")
		check(b.String())
	}
	require.Greater(t, accepted, 1000)
	for _, n := range []int{commonDepth - 2, commonDepth + 2, xml.MaxDepth + 1} {
		check(pieces[1] + strings.Repeat("<b>", n) + "x" + strings.Repeat("</b>", n) + "</div>")
	}
	for _, n := range []int{commonAttributes, commonAttributes + 2, 300} {
		p := "<p"
		for i := range n {
			p += fmt.Sprintf(` a%d="b"`, i)
		}
		check(pieces[1] + p + ">x</p></div>")
	}
}

// An ordinary narrative is read once.
func TestCommonNarrativesAreNotRare(t *testing.T) {
	for div, rare := range map[string]bool{
		`<div xmlns="http://www.w3.org/1999/xhtml"><h1 class='a'>A &amp; B&nbsp;&gt; 1</h1><table border="1"><tr><td>é</td></tr></table><br/></div>`: false,
		`<div xmlns="http://www.w3.org/1999/xhtml"><p>a</p><!-- b --></div>`:                                                                         true,
		`<div xmlns="http://www.w3.org/1999/xhtml">a</div><div xmlns="http://www.w3.org/1999/xhtml">b</div>`:                                         true,
		`<div xmlns="http://www.w3.org/1999/xhtml"><p id="a" id="b"/></div>`:                                                                         true,
	} {
		m := markup{text: div}
		for _, _, ok := m.next(); ok; _, _, ok = m.next() {
		}
		require.Empty(t, m.bad, div)
		require.Equal(t, rare, m.rare, div)
	}
}
