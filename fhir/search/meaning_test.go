package search

import (
	"compress/bzip2"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
	"golang.org/x/text/unicode/norm"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/fhirpath"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/ucum"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

// found is a value of a resource under a parameter, as FHIRPath finds it.
type found struct {
	node fhir.Node
	typ  string
	text string // of a computed value
}

func (x *slow) values(param *r4.SearchParam) []found {
	var out []found
	for _, item := range x.eval(param.Expression, fhirpath.ResourceItem(x.res)) {
		if truth, ok := item.Bool(); ok && !item.Node().Exists() {
			out = append(out, found{typ: "boolean", text: map[bool]string{true: "true", false: "false"}[truth]})
		} else if item.Type() != "Extension" && !r4.IsResource(item.Type()) && !strings.HasPrefix(item.Node().Name(), "_") {
			out = append(out, found{item.Node(), item.Type(), item.Node().Text()})
		}
	}
	return out
}

// meaning says, straight from the values and without any key, whether a
// resource meets a condition, and gives conditions worth asking for a value.
type meaning struct {
	ask  func(v found) []string
	test func(v found, value string) bool
}

var meanings = map[string]meaning{
	"token":     {askToken, testToken},
	"string":    {askString, testString},
	"date":      {askDate, testDate},
	"reference": {askReference, testReference},
	"uri": {askURI, func(v found, value string) bool {
		return v.text == plain(value) || v.typ == "canonical" && strings.HasPrefix(v.text, plain(value)+"|")
	}},
	"number":   {askNumber, testNumber},
	"quantity": {askQuantity, testQuantity},
}

type coded struct {
	system, code string
	kind         string
}

func codes(v found) []coded {
	var out []coded
	switch v.typ {
	case "CodeableConcept":
		for c := range v.node.Get("coding").Items() {
			out = append(out, coded{c.Get("system").Text(), c.Get("code").Text(), "Coding"})
		}
	case "Coding":
		out = append(out, coded{v.node.Get("system").Text(), v.node.Get("code").Text(), "Coding"})
	case "Identifier":
		out = append(out, coded{v.node.Get("system").Text(), v.node.Get("value").Text(), "Identifier"})
	case "ContactPoint":
		out = append(out, coded{"", v.node.Get("value").Text(), "ContactPoint"})
	case "code", "boolean", "id", "uri", "url", "canonical", "oid":
		out = append(out, coded{"", v.text, "implicit"})
	case "string":
		out = append(out, coded{"", v.text, "string"})
	}
	return out
}

func askToken(v found) (out []string) {
	for _, c := range codes(v) {
		if c.code == "" {
			continue
		}
		code, system := escape(c.code), escape(c.system)
		out = append(out, code, "|"+code)
		if v.typ != "boolean" {
			out = append(out, strings.ToUpper(code))
		}
		if system != "" {
			out = append(out, system+"|"+code, system+"|", "urn:other|"+code)
		}
	}
	return out
}

func testToken(v found, value string) bool {
	system, code, bar := strings.Cut(strings.ReplaceAll(value, `\|`, "\x01"), "|")
	if !bar {
		system, code = "", system
	}
	restore := func(s string) string { return plain(strings.ReplaceAll(s, "\x01", `\|`)) }
	system, code = restore(system), restore(code)
	for _, c := range codes(v) {
		if c.code == "" || code != "" && !sameCode(c, code) {
			continue
		}
		if c.kind == "implicit" && code != "" || !bar || c.system == system && c.kind != "implicit" {
			return true
		}
	}
	return false
}

func sameCode(c coded, code string) bool {
	fhirs := strings.HasPrefix(c.system, "http://hl7.org/fhir/") || strings.HasPrefix(c.system, "http://terminology.hl7.org/") || c.system == "http://unitsofmeasure.org" ||
		strings.HasPrefix(c.system, "urn:ietf:bcp:") || strings.HasPrefix(c.system, "https://fhir.nhs.uk/") || strings.HasPrefix(c.system, "https://fhir.hl7.org.uk/")
	if c.kind == "implicit" || c.kind == "Identifier" || fhirs {
		return c.code == code
	}
	return simple(c.code) == simple(code)
}

// simple is another way to fold a text, for texts of these examples.
func simple(s string) string {
	s = strings.ToLower(norm.NFD.String(s))
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, s)
	return norm.NFC.String(strings.Join(strings.Fields(s), " "))
}

func texts(v found) (out []string) {
	switch v.typ {
	case "HumanName", "Address":
		for m := range v.node.Members() {
			switch m.Name() {
			case "use", "period", "type", "id", "extension", "_family", "_given", "_line":
				continue
			}
			for item := range m.Items() {
				out = append(out, item.Text())
			}
		}
	case "CodeableConcept":
		out = append(out, v.node.Get("text").Text())
		for c := range v.node.Get("coding").Items() {
			out = append(out, c.Get("display").Text())
		}
	default:
		out = append(out, v.text)
	}
	return out
}

func askString(v found) (out []string) {
	for _, s := range texts(v) {
		if s = simple(s); s != "" && len(s) < 300 {
			out = append(out, escape(s), escape(strings.ToUpper(s)[:1]), escape(s[:len(s)/2+1]))
		}
	}
	return out
}

func testString(v found, value string) bool {
	for _, s := range texts(v) {
		if s != "" && strings.HasPrefix(simple(s), simple(plain(value))) {
			return true
		}
	}
	return false
}

// askSound asks for the words of a name as they are written, in capitals and
// with a letter doubled: all of them sound like it.
func askSound(v found) (out []string) {
	for _, s := range texts(v) {
		for _, w := range words(simple(s)) {
			out = append(out, escape(w), escape(strings.ToUpper(w)), strings.Replace(escape(w), "l", "ll", 1))
		}
	}
	return out
}

func testSound(v found, value string) bool {
	for _, s := range texts(v) {
		for _, w := range words(simple(s)) {
			if sound(w) == sound(simple(plain(value))) && !affix(v, s) {
				return true
			}
		}
	}
	return false
}

// shownWords are the words of a narrative as a parser of HTML sees it.
func shownWords(v found) []string {
	var text strings.Builder
	for z := html.NewTokenizer(strings.NewReader(v.text)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return regexp.MustCompile(`[\p{L}\p{M}\p{Nd}]+`).FindAllString(simple(norm.NFKD.String(text.String())), -1)
		case html.TextToken:
			text.WriteString(z.Token().Data)
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			if name, _ := z.TagName(); !inWord[string(name)] {
				text.WriteString(" ")
			}
		}
	}
}

// affix reports whether a text is a prefix or suffix of a name, which nobody
// looks for by its sound.
func affix(v found, s string) bool {
	for _, part := range []string{"prefix", "suffix"} {
		for item := range v.node.Get(part).Items() {
			if item.Text() == s {
				return true
			}
		}
	}
	return false
}

func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `,`, `\,`, `|`, `\|`, `$`, `\$`).Replace(strings.ToValidUTF8(s, ""))
}

func plain(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\,`, `,`, `\|`, `|`, `\$`, `$`).Replace(s)
}

// moments reads a date by the layouts of package time.
func moments(s string) (from, to time.Time) {
	for _, l := range []struct {
		layout string
		next   func(time.Time) time.Time
	}{
		{"2006", func(t time.Time) time.Time { return t.AddDate(1, 0, 0) }},
		{"2006-01", func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }},
		{"2006-01-02", func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }},
		{"2006-01-02T15:04:05Z07:00", func(t time.Time) time.Time {
			if i := strings.IndexByte(s, '.'); i > 0 {
				n := len(strings.TrimRight(s[i:], "Z+-:0123456789")) + len(s[i:]) - len(strings.TrimLeft(s[i+1:], "0123456789")) - 1
				step := time.Second
				for range n - 1 {
					step /= 10
				}
				return t.Add(step)
			}
			return t.Add(time.Second)
		}},
	} {
		if t, err := time.Parse(l.layout, s); err == nil {
			return t, l.next(t)
		}
	}
	return time.Time{}, time.Time{}
}

var (
	bigBang = time.Date(-9999, 1, 1, 0, 0, 0, 0, time.UTC)
	theEnd  = time.Date(19999, 1, 1, 0, 0, 0, 0, time.UTC)
)

func when(v found) (from, to time.Time, ok bool) {
	switch v.typ {
	case "date", "dateTime", "instant":
		from, to = moments(v.text)
		return from, to, !from.IsZero()
	case "Period":
		from, to = bigBang, theEnd
		if s := v.node.Get("start"); s.Exists() {
			from, _ = moments(s.Text())
		}
		if e := v.node.Get("end"); e.Exists() {
			_, to = moments(e.Text())
		}
		return from, to, from.Before(to) && (from != bigBang || to != theEnd)
	case "Timing":
		from, to = theEnd, bigBang
		for e := range v.node.Get("event").Items() {
			a, b := moments(e.Text())
			from, to = earlier(from, a), earlier(b, to, true)
		}
		if b := v.node.Path("repeat", "boundsPeriod"); b.Exists() {
			if a, z, ok := when(found{b, "Period", ""}); ok {
				from, to = earlier(from, a), earlier(z, to, true)
			}
		}
		return from, to, from.Before(to)
	}
	return
}

func earlier(a, b time.Time, later ...bool) time.Time {
	if a.Before(b) == (len(later) == 0) {
		return a
	}
	return b
}

func askDate(v found) (out []string) {
	from, to, ok := when(v)
	if !ok {
		return nil
	}
	for _, t := range []time.Time{from, to} {
		if t.Equal(bigBang) || t.Equal(theEnd) {
			continue
		}
		for _, layout := range []string{"2006", "2006-01", "2006-01-02", "2006-01-02T15:04:05Z"} {
			for _, p := range []string{"", "ne", "gt", "lt", "ge", "le", "sa", "eb"} {
				out = append(out, p+t.UTC().Format(layout))
			}
		}
	}
	return out
}

func testDate(v found, value string) bool {
	from, to, ok := when(v)
	if !ok {
		return false
	}
	p, rest := "eq", value
	if value[0] > '9' {
		p, rest = value[:2], value[2:]
	}
	a, b := moments(rest)
	within := !from.Before(a) && !to.After(b)
	return map[string]bool{"eq": within, "ne": !within, "gt": to.After(b), "lt": from.Before(a), "ge": to.After(b) || within, "le": from.Before(a) || within,
		"sa": !from.Before(b), "eb": !to.After(a)}[p]
}

func askReference(v found) []string {
	text := v.text
	if v.typ == "Reference" {
		text = v.node.Get("reference").Text()
	}
	if text == "" || text[0] == '#' || !strings.ContainsAny(text, "/:") || strings.ContainsAny(text, "?|") {
		return nil
	}
	parts := strings.Split(strings.Split(text, "/_history/")[0], "/")
	out := []string{escape(text), escape(strings.Split(text, "/_history/")[0])}
	if len(parts) == 2 {
		out = append(out, parts[1])
	}
	return out
}

func testReference(v found, value string) bool {
	text := v.text
	if v.typ == "Reference" {
		text = v.node.Get("reference").Text()
	}
	value = plain(value)
	if i := strings.Index(text, "|"); i > 0 && v.typ == "canonical" {
		text = text[:i]
	}
	bare := strings.Split(text, "/_history/")[0]
	return text != "" && text[0] != '#' && (text == value || bare == value || !strings.Contains(value, "/") && strings.Count(bare, "/") == 1 && strings.HasSuffix(bare, "/"+value))
}

func askURI(v found) []string {
	if v.text == "" {
		return nil
	}
	return []string{escape(v.text), escape(strings.Split(v.text, "|")[0])}
}

func number(s string) decimal.Decimal { return decimal.RequireFromString(s) }

var numberPrefixes = []string{"", "ne", "gt", "lt", "ge", "le", "sa", "eb"}

func askNumber(v found) (out []string) {
	if v.text == "" {
		return nil
	}
	for _, p := range numberPrefixes {
		d := number(v.text)
		out = append(out, p+v.text, p+d.Add(number("1")).String(), p+d.Round(0).String())
	}
	return out
}

func testNumber(v found, value string) bool {
	if v.text == "" {
		return false
	}
	return compare(number(v.text), value)
}

func compare(d decimal.Decimal, value string) bool {
	p, rest := "eq", value
	if value[0] >= 'A' {
		p, rest = value[:2], value[2:]
	}
	x := number(rest)
	half := decimal.New(5, x.Exponent()-1)
	within := d.GreaterThanOrEqual(x.Sub(half)) && d.LessThan(x.Add(half))
	return map[string]bool{"eq": within, "ne": !within, "gt": d.GreaterThan(x), "sa": d.GreaterThan(x), "lt": d.LessThan(x), "eb": d.LessThan(x),
		"ge": d.GreaterThanOrEqual(x), "le": d.LessThanOrEqual(x)}[p]
}

func askQuantity(v found) (out []string) {
	value := v.node.Get("value").Text()
	if value == "" || v.node.Get("comparator").Exists() {
		return nil
	}
	for _, ask := range askNumber(found{text: value}) {
		out = append(out, ask, ask+"|"+escape(v.node.Get("system").Text())+"|"+escape(v.node.Get("code").Text()), ask+"||"+escape(v.node.Get("unit").Text()))
	}
	return out
}

func testQuantity(v found, value string) bool {
	n := v.node
	if v.typ == "Range" || v.typ == "SampledData" || n.Get("comparator").Exists() || n.Get("value").Text() == "" {
		return false // its own tables have those
	}
	parts := strings.Split(value, "|")
	if len(parts) == 1 {
		return compare(number(n.Get("value").Text()), parts[0])
	}
	system, code := plain(parts[1]), plain(parts[2])
	own, ownSystem := n.Get("code").Text(), n.Get("system").Text()
	if sameKind(ownSystem, own, system, code) {
		converted, err := ucum.Convert(number(n.Get("value").Text()), own, code)
		return err == nil && compare(converted, parts[0])
	}
	if v.typ == "Money" {
		own, ownSystem = n.Get("currency").Text(), currencies
	}
	if !compare(number(n.Get("value").Text()), parts[0]) {
		return false
	}
	switch {
	case system == "" && code == "":
		return true
	case system == "":
		return own == code || n.Get("unit").Text() == code
	case code == "":
		return ownSystem == system
	}
	return own == code && ownSystem == system
}

// sameKind reports whether two units are of UCUM and convert exactly.
func sameKind(aSystem, a, bSystem, b string) bool {
	return aSystem == "http://unitsofmeasure.org" && bSystem == aSystem && !strings.ContainsAny(a+b, "{") && a != "[pH]" && b != "[pH]" && ucum.CanCompare(a, b)
}

// TestOracleMeaning asks, for every parameter of every type, what the official
// examples give reason to ask, and compares what the index keys find with what
// the values themselves say.
func TestOracleMeaning(t *testing.T) { askEverything(t, "search-meaning", examples(t)) }

// TestOracleMeaningReal does the same with the resources inside of the EPS
// messages and of a Synthea transaction.
func TestOracleMeaningReal(t *testing.T) {
	var resources []*fhir.Resource
	count := map[string]int{}
	add := func(data []byte) {
		bundle, err := fhir.Parse(data)
		if err != nil {
			return // EPS has examples that are no JSON
		}
		for e := range bundle.Get("entry").Items() {
			r := bundle.Sub(e.Get("resource"))
			if count[r.Type()]++; r4.IsResource(r.Type()) && count[r.Type()] <= 120 {
				resources = append(resources, r)
			}
		}
	}
	dir := oracle.Dir(t)
	require.NoError(t, filepath.WalkDir(filepath.Join(dir, "examples", "eps"), func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".json" {
			data, err := os.ReadFile(path)
			add(data)
			return err
		}
		return err
	}))
	files, err := filepath.Glob(filepath.Join(dir, "load", "synthea", "*.bz2"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	file, err := os.Open(files[0])
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(bzip2.NewReader(file))
	require.NoError(t, err)
	clear(count)
	add(data)
	askEverything(t, "search-meaning-real", resources)
}

func askEverything(t *testing.T, suite string, resources []*fhir.Resource) {
	byType := map[string][]sample{}
	for _, r := range resources {
		byType[r.Type()] = append(byType[r.Type()], newSample(t, r.ID(), r.JSON()))
	}
	passed, total := 0, 0
	var misses []string
	for typ, samples := range byType {
		for code := range programFor(typ).kinds {
			param := r4.SearchParameter(typ, code)
			m, ok := meanings[param.Type]
			if code == phonetic {
				m = meaning{askSound, testSound}
			}
			if code == Text {
				narrated := *param
				narrated.Expression = narrativePath
				param, m = &narrated, meaning{shownWords, func(v found, value string) bool { return slices.Contains(shownWords(v), value) }}
			}
			if ok {
				p, n := askAll(t, param, m, typ, samples, &misses)
				passed, total = passed+p, total+n
			}
		}
	}
	oracle.Report(t, suite, passed, total, misses)
}

func askAll(t *testing.T, param *r4.SearchParam, m meaning, typ string, samples []sample, misses *[]string) (passed, total int) {
	values := make([][]found, len(samples))
	asks := map[string]bool{}
	for i, s := range samples {
		x := &slow{t, s.res, &fhirpath.Env{Resolver: byText{}}}
		values[i] = x.values(param)
		for _, v := range values[i] {
			for _, ask := range m.ask(v) {
				if len(asks) < 40_000/len(samples) {
					asks[ask] = true
				}
			}
		}
	}
	for ask := range asks {
		q, _, err := Parse(typ, url.Values{param.Code: {ask}}, testOptions)
		require.NoError(t, err, "%s?%s=%s", typ, param.Code, ask)
		for i, s := range samples {
			want := false
			for _, v := range values[i] {
				want = want || m.test(v, ask)
			}
			total++
			if got := holds(q, s); got == want || uncertain(param, values[i]) {
				passed++
			} else if len(*misses) < 50 {
				*misses = append(*misses, typ+"?"+param.Code+"="+ask+" "+s.name)
			}
		}
	}
	return passed, total
}

// uncertain: a resource with values that the model leaves to the tables.
func uncertain(param *r4.SearchParam, values []found) bool {
	for _, v := range values {
		if param.Type == "quantity" && (v.typ == "Range" || v.node.Get("comparator").Exists()) || param.Type == "number" && v.typ == "Range" {
			return true
		}
	}
	return strings.Contains(param.Expression, "extension(") || param.Code == "composition" || param.Code == "message"
}
