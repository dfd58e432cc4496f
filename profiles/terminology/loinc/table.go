package loinc

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/profiles/terminology"
)

// System is the url of LOINC in FHIR.
const System = "http://loinc.org"

// Table is a loaded release. It never changes and is safe for concurrent use.
type Table struct {
	version string
	codes   []string // ascending
	text    []byte
	at      []uint32 // where the fields of a code begin in text, and at last its end
	answers map[string]string
	lists   map[string][]string // answers by the id of their list, in its order
	names   map[string]string   // of the lists
}

// columns are what is kept of a row of Loinc.csv besides its code, in this order; those
// from COMPONENT on are properties by https://hl7.org/fhir/R4/loinc.html
var columns = []string{"LONG_COMMON_NAME", "SHORTNAME", "DisplayName", "COMPONENT", "PROPERTY", "TIME_ASPCT", "SYSTEM", "SCALE_TYP", "METHOD_TYP", "CLASS", "STATUS", "ORDER_OBS", "EXTERNAL_COPYRIGHT_NOTICE"}

const (
	longName = iota
	shortName
	displayName
	firstProperty
	status    = 10
	copyright = 12
)

var _ terminology.Implied = (*Table)(nil)

// URL is that of LOINC.
func (t *Table) URL() string { return System }

// Version is the newest in which a code was changed, which is that of the release.
func (t *Table) Version() string { return t.version }

// Name is LOINC.
func (t *Table) Name() string { return "LOINC" }

// Language is that of the displays.
func (t *Table) Language() string { return "en" }

// Len counts the codes, without answers.
func (t *Table) Len() int { return len(t.codes) }

var term = regexp.MustCompile(`^[0-9]{1,7}-[0-9]$`)

// Complete says that a code of a term that is not found does not exist, and one of an
// answer where the answers are loaded. Of parts nothing can be said.
func (t *Table) Complete(code string) bool {
	switch {
	case strings.HasPrefix(code, "LP"), strings.HasPrefix(code, "LG"):
		return false
	case strings.HasPrefix(code, "LA"), strings.HasPrefix(code, "LL"):
		return len(t.answers) > 0
	}
	return true
}

// field is a field of a code.
func (t *Table) field(n, column int) string {
	i := n*len(columns) + column
	return string(t.text[t.at[i]:t.at[i+1]])
}

// Lookup finds a term, an answer or a list of answers.
func (t *Table) Lookup(code string) (terminology.Concept, bool) {
	n, ok := slices.BinarySearch(t.codes, code)
	if !ok {
		if name, ok := t.answers[code]; ok {
			return terminology.Concept{Code: code, Display: name}, true
		}
		name, ok := t.names[code]
		return terminology.Concept{Code: code, Display: name}, ok
	}
	c := t.brief(n)
	for column, use := range map[int]string{shortName: "SHORTNAME", displayName: "DisplayName"} {
		if name := t.field(n, column); name != "" && name != c.Display {
			c.Designations = append(c.Designations, definition.Designation{Language: "en", Use: definition.Coding{System: System, Code: use}, Value: name})
		}
	}
	sorting.By(c.Designations, func(a, b definition.Designation) int { return strings.Compare(a.Use.Code, b.Use.Code) })
	for column := firstProperty; column < copyright; column++ {
		if value := t.field(n, column); value != "" {
			c.Properties = append(c.Properties, definition.Property{Code: columns[column], Type: "String", Value: value})
		}
	}
	return c, true
}

// brief is a term without what is only read of one.
func (t *Table) brief(n int) terminology.Concept {
	standing := t.field(n, status)
	return terminology.Concept{Code: t.codes[n], Display: t.field(n, longName), Inactive: standing == "DEPRECATED", Deprecated: standing == "DISCOURAGED"}
}

// Subsumes is false: the hierarchy of parts is not loaded.
func (t *Table) Subsumes(string, string) bool { return false }

// Select knows = and regex of the properties that FHIR names, copyright, and LIST = a list
// of answers.
func (t *Table) Select(filters []definition.Filter) (terminology.Selected, error) {
	if i := slices.IndexFunc(filters, func(f definition.Filter) bool { return f.Property == "LIST" && f.Op == "=" }); i >= 0 {
		return t.list(filters[i].Value, len(filters))
	}
	tests := make([]func(n int) bool, len(filters))
	for i, f := range filters {
		test, err := t.test(f)
		if err != nil {
			return terminology.Selected{}, err
		}
		tests[i] = test
	}
	holds := func(n int) bool {
		return !slices.ContainsFunc(tests, func(test func(int) bool) bool { return !test(n) })
	}
	return terminology.Selected{
		Has: func(code string) bool {
			if n, ok := slices.BinarySearch(t.codes, code); ok {
				return holds(n)
			}
			_, answer := t.answers[code]
			return answer && len(filters) == 0
		},
		All: func(yield func(terminology.Concept) bool) {
			for n := range t.codes {
				if holds(n) && !yield(t.brief(n)) {
					return
				}
			}
		},
	}, nil
}

// list selects the answers of a list.
func (t *Table) list(id string, filters int) (terminology.Selected, error) {
	codes, ok := t.lists[id]
	if !ok || filters > 1 {
		return terminology.Selected{}, fmt.Errorf("LOINC cannot be asked for the list of answers %s, or not with other filters", id)
	}
	return terminology.Selected{
		Has: func(code string) bool { return slices.Contains(codes, code) },
		All: func(yield func(terminology.Concept) bool) {
			for _, code := range codes {
				if !yield(terminology.Concept{Code: code, Display: t.answers[code]}) {
					return
				}
			}
		},
	}, nil
}

func (t *Table) test(f definition.Filter) (func(n int) bool, error) {
	refuse := fmt.Errorf("LOINC cannot be asked for %s %s %s", f.Property, f.Op, f.Value)
	if f.Property == "copyright" && f.Op == "=" && (f.Value == "LOINC" || f.Value == "3rdParty") {
		return func(n int) bool { return (t.field(n, copyright) == "") == (f.Value == "LOINC") }, nil
	}
	column := slices.Index(columns, f.Property)
	if column < firstProperty || column == copyright {
		return nil, refuse
	}
	switch f.Op {
	case "=":
		return func(n int) bool { return strings.EqualFold(t.field(n, column), f.Value) }, nil
	case "regex":
		re, err := regexp.Compile("^(?:" + f.Value + ")$")
		if err != nil {
			return nil, refuse
		}
		return func(n int) bool { return re.MatchString(t.field(n, column)) }, nil
	}
	return nil, refuse
}

// ValueSet returns the value sets that LOINC has without a definition: /vs of all terms, and
// /vs/LL… of the answers of a list.
func (t *Table) ValueSet(url string) *definition.ValueSet {
	rest, ok := strings.CutPrefix(url, System+"/vs")
	sel := definition.Selection{System: System}
	switch {
	case !ok:
		return nil
	case rest == "":
	default:
		id, ok := strings.CutPrefix(rest, "/")
		if _, there := t.lists[id]; !ok || !there {
			return nil
		}
		sel.Filters = []definition.Filter{{Property: "LIST", Op: "=", Value: id}}
	}
	return &definition.ValueSet{URL: url, Version: t.version, Status: "active", Include: []definition.Selection{sel}}
}
