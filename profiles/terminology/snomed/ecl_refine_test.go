package snomed

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The concepts of the tests of refinements: findings with sites and morphologies.
const (
	top        = 100000
	finding    = 100001
	fracture   = 100002 // of the arm: one group with site arm and morphology broken
	burn       = 100003 // of the leg: site leg and morphology burnt in one group, site arm in another
	ache       = 100004 // no group: site arm
	old        = 100005 // out of use: the same as the fracture
	older      = 100006 // out of use: possibly the ache
	site       = 200001
	morphology = 200002
	directSite = 200003 // below site
	body       = 300001
	arm        = 300002
	leg        = 300003
	broken     = 400001
	burnt      = 400002
)

func refined() *Edition {
	b := NewBuilder()
	for id, name := range map[ID]string{top: "Top", finding: "Finding", fracture: "Broken arm", burn: "Burn of leg", ache: "Sore arm", site: "Site", morphology: "Morphology",
		directSite: "Direct site", body: "Body part", arm: "Arm", leg: "Leg", broken: "Broken", burnt: "Burnt"} {
		b.Add(id, name, false)
	}
	b.Add(old, "Arm fracture", true)
	b.Add(older, "Arm trouble", true)
	for _, p := range [][2]ID{{finding, top}, {fracture, finding}, {burn, finding}, {ache, finding}, {site, top}, {morphology, top}, {directSite, site}, {body, top}, {arm, body}, {leg, body}, {broken, top}, {burnt, top}} {
		b.IsA(p[0], p[1])
	}
	b.Attribute(fracture, directSite, arm, 1)
	b.Attribute(fracture, morphology, broken, 1)
	b.Attribute(burn, directSite, leg, 1)
	b.Attribute(burn, morphology, burnt, 1)
	b.Attribute(burn, site, arm, 2)
	b.Attribute(ache, site, arm, 0)
	b.Became(sameAs, old, fracture)
	b.Became(possiblyEquivalentTo, older, ache)
	return b.Edition()
}

func listOf(e *Edition, s set) string {
	var out []string
	for n := range s.all() {
		out = append(out, e.ids[n].String())
	}
	return strings.Join(out, " ")
}

// TestRefinements: what expressions come to, worked out from the list above.
func TestRefinements(t *testing.T) {
	e := refined()
	for src, want := range map[string]string{
		"< 100001 : 200003 = 300002":                                            "100002",
		"< 100001 : << 200001 = 300002":                                         "100002 100003 100004",
		"< 100001 : << 200001 = << 300001":                                      "100002 100003 100004",
		"< 100001 : << 200001 = 300002, 200002 = 400002":                        "100003", // the arm and the burn are of two groups
		"< 100001 : { << 200001 = 300002, 200002 = 400002 }":                    "",       // of one group they are not
		"< 100001 : { << 200001 = 300003, 200002 = 400002 }":                    "100003",
		"< 100001 : << 200001 = 300002 OR 200002 = 400002":                      "100002 100003 100004",
		"< 100001 : 200002 = 400001 OR { 200001 = 300002 }":                     "100002 100003 100004",
		"< 100001 : [0..0] 200002 = *":                                          "100004",
		"< 100001 : [2..*] << 200001 = *":                                       "100003",
		"< 100001 : [2..2] { << 200001 = * }":                                   "100003",
		"< 100001 : << 200001 != 300002":                                        "100003",
		"< 100001 : ( 200002 = 400001 OR 200002 = 400002 ), 200003 = 300003":    "100003",
		"< 100001 : ( 200001 OR 200003 ) = 300002":                              "100002 100003 100004",
		"< 300001 : R 200003 = 100003":                                          "300003",
		"* : R << 200001 = < 100001":                                            "300002 300003",
		"( < 100001 : 200003 = 300002 ) OR 100004":                              "100002 100004",
		"100002 . 200003":                                                       "300002",
		"< 100001 . << 200001":                                                  "300002 300003",
		"( 100002 OR 100003 ) . 200002":                                         "400001 400002",
		"<< 100001 {{ term = \"arm\" }}":                                        "100002 100004",
		"<< 100001 {{ term = \"arm bro\" }}":                                    "100002",
		"<< 100001 {{ D term = (\"burn\" \"sore\") }}":                          "100003 100004",
		"<< 100001 {{ term = wild:\"*arm\" }}":                                  "100002 100004",
		"( 100002 OR 100005 ) {{ active = true }}":                              "100002",
		"( 100002 OR 100005 ) {{ C active = 0 }}":                               "100005",
		"100002 {{ + HISTORY-MIN }}":                                            "100002 100005",
		"< 100001 {{ +HISTORY }}":                                               "100002 100003 100004 100005 100006",
		"100004 {{ + HISTORY-MOD }}":                                            "100004",
		"!!> ( << 100001 )":                                                     "100001",
		"!!< ( << 100001 OR 300001 )":                                           "100002 100003 100004 300001",
		"(< 100001 : 200003 = 300002) MINUS 100002":                             "",
		"< 100001 |Finding| : 200003 |Direct site| = 300002 |Arm| /* a note */": "100002",
	} {
		a, err := e.compile(src)
		if assert.NoError(t, err, src) {
			assert.Equal(t, want, listOf(e, a.set), src)
			assert.Empty(t, a.lack, src)
		}
	}
	for src, says := range map[string]string{
		"< 100001 : 200003":                                                "expected = or !=",
		"< 100001 : 200003 = #5":                                           "concrete values are not supported",
		"< 100001 : [3..1] 200003 = *":                                     "a cardinality is such as",
		"< 100001 : 200003 = * , 200002 = * OR 200001 = *":                 "put parentheses",
		"< 100001 : { 200003 = * ":                                         "expected }",
		"< 100001 : " + strings.Repeat("200003 = *, ", 100) + "200003 = *": "more than 100",
		"< 100001 {{ dialect = en-gb }}":                                   "the filter is not supported",
		"< 100001 {{ term = \"a\" ":                                        "the bracket is not closed",
		"< 100001 : 200003 != 999999":                                      "999999 is not in the part of SNOMED CT",
	} {
		_, err := e.compile(src)
		if assert.Error(t, err, src) {
			assert.Contains(t, err.Error(), says, src)
		}
	}
	a, err := e.compile("< 100001 : 200003 = ( 300002 OR 999999 )")
	require.NoError(t, err)
	assert.Equal(t, "the concept 999999", a.lack)
}

// TestAttributes: the relationships of a concept are its properties, and a filter.
func TestAttributes(t *testing.T) {
	e := refined()
	c, ok := e.Lookup("100002")
	require.True(t, ok)
	var said []string
	for _, p := range c.Properties {
		if p.Code == "200003" || p.Code == "200002" {
			said = append(said, p.Code+" "+p.Value)
		}
	}
	assert.Equal(t, []string{"200002 400001", "200003 300002"}, said)
	assert.Equal(t, "Broken arm", codes(t, e, "200003", "=", "300002"))
	assert.Equal(t, "Burn of leg, Sore arm", codes(t, e, "200001", "=", "300002"))
}

// TestRefinementsAgree compares random refinements with what their parts say, concept by
// concept, read from the relationships themselves.
func TestRefinementsAgree(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 9))
	b := NewBuilder()
	type rel struct{ from, typ, to, group int }
	var rels []rel
	for i := range 60 {
		b.Add(ID(100000+i), strconv.Itoa(i), false)
	}
	for range 200 {
		r := rel{100000 + random.IntN(40), 100040 + random.IntN(4), 100044 + random.IntN(16), random.IntN(3)}
		rels = append(rels, r)
		b.Attribute(ID(r.from), ID(r.typ), ID(r.to), r.group)
	}
	e := b.Edition()
	for range 25 {
		typ, to, other, second := 100040+random.IntN(4), 100044+random.IntN(16), 100040+random.IntN(4), 100044+random.IntN(16)
		least := random.IntN(3)
		for kind, src := range []string{
			"* : " + strconv.Itoa(typ) + " = " + strconv.Itoa(to),
			"* : [" + strconv.Itoa(least) + ".." + strconv.Itoa(least+1) + "] " + strconv.Itoa(typ) + " = *",
			"* : { " + strconv.Itoa(typ) + " = " + strconv.Itoa(to) + ", " + strconv.Itoa(other) + " = " + strconv.Itoa(second) + " }",
			"* : R " + strconv.Itoa(typ) + " = *",
		} {
			var want []string
			for n := 100000; n < 100060; n++ {
				distinct := map[rel]bool{}
				for _, r := range rels {
					distinct[r] = true
				}
				count, yes := 0, false
				for r := range distinct {
					switch kind {
					case 0:
						yes = yes || r.from == n && r.typ == typ && r.to == to
					case 1:
						if r.from == n && r.typ == typ {
							count++
						}
					case 2:
						for q := range distinct {
							yes = yes || r.from == n && q.from == n && r.typ == typ && r.to == to && q.typ == other && q.to == second && r.group == q.group && (r.group != 0 || r == q)
						}
					case 3:
						yes = yes || r.to == n && r.typ == typ
					}
				}
				if kind == 1 {
					yes = count >= least && count <= least+1
				}
				if yes {
					want = append(want, strconv.Itoa(n))
				}
			}
			a, err := e.compile(src)
			require.NoError(t, err, src)
			require.Equal(t, strings.Join(slices.Compact(want), " "), listOf(e, a.set), src)
		}
	}
}

// TestNestedExpressions: brackets within brackets take no time, however they end.
func TestNestedExpressions(t *testing.T) {
	e := refined()
	begun := time.Now()
	for _, src := range []string{
		"* : " + strings.Repeat("(", 60) + "200001" + strings.Repeat(")", 60) + " = *", "* : " + strings.Repeat("(", 60), strings.Repeat("( ", 60) + "100001" + strings.Repeat(" )", 60),
		"* : " + strings.Repeat("{", 70), strings.Repeat("< ", 1000) + "100001", "* : " + strings.Repeat("( 200001 = ", 60), "* : " + strings.Repeat("((* : ", 60), "* : " + strings.Repeat("(((* : ", 60) + "*", "* : " + strings.Repeat("((* : 200001 = ", 60),
	} {
		_, _ = e.compile(src)
	}
	assert.Less(t, time.Since(begun), 2*time.Second)
}

// FuzzRefinements: no expression breaks the reader or the evaluation.
func FuzzRefinements(f *testing.F) {
	for _, seed := range []string{"< 100001 : [0..1] { R << 200001 != ( 300002 OR * ) } {{ +HISTORY }}", "( 100002 . 200003 ) {{ term = wild:\"a*\" }} MINUS !!> ^ 100001", "* : (((", "{{{{", "[..]"} {
		f.Add(seed)
	}
	e := refined()
	f.Fuzz(func(t *testing.T, src string) {
		if len(src) < 2000 {
			_, _ = e.compile(src)
		}
	})
}
