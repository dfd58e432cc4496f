package dmd

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/profiles/terminology"
	"github.com/pestle-fhir/pestle/profiles/terminology/snomed"
)

// Dictionary is a loaded release of dm+d. It never changes and is safe for
// concurrent use.
type Dictionary struct {
	version string
	items   []item   // by code
	texts   []string // of facts
	terms   map[string]string
}

type item struct {
	code, name, abbreviation, previous string
	class                              uint8
	invalid                            bool
	above                              [2]int32 // places; -1 for none
	facts                              []fact
}

var _ terminology.System = (*Dictionary)(nil)

func (l *loader) dictionary() *Dictionary {
	d := &Dictionary{version: l.version, items: make([]item, 0, len(l.entries)), terms: l.terms}
	sorting.Stably(l.entries, func(a, b entry) int { return strings.Compare(a.code, b.code) })
	above := make([][]string, 0, len(l.entries))
	for i, e := range l.entries {
		if i > 0 && l.entries[i-1].code == e.code {
			continue // a unit that is an ingredient too, say: the first names it
		}
		d.items = append(d.items, item{e.code, e.name, differing(e.abbreviation, e.name), differing(e.previous, e.name), uint8(classNumber(e.class)), e.invalid, [2]int32{-1, -1}, e.more})
		above = append(above, e.above)
	}
	for i, codes := range above {
		for k, c := range codes {
			if p, ok := d.find(c); ok {
				d.items[i].above[k] = p
			}
		}
	}
	for _, m := range l.more {
		if n, ok := d.find(m.code); ok {
			d.items[n].facts = append(d.items[n].facts, m.facts...)
		}
	}
	d.texts = l.inWords()
	return d
}

func differing(text, from string) string {
	if text == from {
		return ""
	}
	return text
}

func classNumber(class string) int {
	return slices.IndexFunc(classes, func(c [2]string) bool { return c[0] == class })
}

// inWords gives the texts with the units of strengths in words.
func (l *loader) inWords() []string {
	units := make([]string, 0, 2*len(l.units))
	for _, code := range slices.Sorted(maps.Keys(l.units)) {
		units = append(units, " "+code, " "+l.units[code])
	}
	named := strings.NewReplacer(units...)
	for i, t := range l.texts {
		if strings.Contains(t, ": ") {
			l.texts[i] = named.Replace(t)
		}
	}
	return l.texts
}

func (d *Dictionary) find(code string) (int32, bool) {
	n, ok := slices.BinarySearchFunc(d.items, code, func(it item, code string) int { return strings.Compare(it.code, code) })
	return int32(n), ok
}

// URL is that of dm+d.
func (d *Dictionary) URL() string { return System }

// Version is the date of the release, 20261124, "" where the files do not say.
func (d *Dictionary) Version() string { return d.version }

// Name is dm+d.
func (d *Dictionary) Name() string { return "dm+d" }

// Language is that of the names.
func (d *Dictionary) Language() string { return "en-GB" }

// Complete says that a release holds all products.
func (d *Dictionary) Complete(string) bool { return true }

// Len counts the concepts, without those that stand for classes.
func (d *Dictionary) Len() int { return len(d.items) }

// Lookup finds a product, or a class.
func (d *Dictionary) Lookup(code string) (terminology.Concept, bool) {
	n, ok := d.find(code)
	if !ok {
		i := classNumber(code)
		if i < 0 {
			return terminology.Concept{}, false
		}
		return terminology.Concept{Code: code, Display: classes[i][1], Abstract: true}, true
	}
	it := &d.items[n]
	c := it.brief()
	class := classes[it.class][0]
	c.Parents = append(c.Parents, class)
	for k, p := range it.above {
		if p >= 0 {
			c.Parents = append(c.Parents, d.items[p].code)
			c.Properties = append(c.Properties, definition.Property{Code: products[class].above[k], Type: "Code", Value: d.items[p].code})
		}
	}
	for _, f := range it.facts {
		c.Properties = append(c.Properties, d.property(f))
		if text := d.terms["CONTROL_DRUG_CATEGORY|"+d.texts[f.value]]; d.texts[f.field] == "CATCD" && text != "" {
			c.Properties = append(c.Properties, definition.Property{Code: "controlledDrugCategory", Type: "String", Value: text})
		}
	}
	c.Designations = it.designations()
	return c, true
}

func (d *Dictionary) property(f fact) definition.Property {
	p := definition.Property{Code: d.texts[f.field], Type: "Code", Value: d.texts[f.value]}
	switch p.Code {
	case "strength":
		p.Type = "String"
	case "QTYVAL", "UDFS":
		p.Type = "Decimal"
	}
	return p
}

func (it *item) designations() (out []definition.Designation) {
	for _, other := range [][2]string{{"abbreviation", it.abbreviation}, {"previous", it.previous}} {
		if other[1] != "" {
			out = append(out, definition.Designation{Language: "en-GB", Use: definition.Coding{Code: other[0]}, Value: other[1]})
		}
	}
	return out
}

func (it *item) brief() terminology.Concept {
	return terminology.Concept{Code: it.code, Display: it.name, Inactive: it.invalid}
}

// Subsumes follows the hierarchy of products; a class is above all of its own.
func (d *Dictionary) Subsumes(ancestor, descendant string) bool {
	n, ok := d.find(descendant)
	if !ok {
		return false
	}
	if i := classNumber(ancestor); i >= 0 {
		return int(d.items[n].class) == i
	}
	a, ok := d.find(ancestor)
	return ok && d.under(n, a, 0)
}

func (d *Dictionary) under(n, a int32, depth int) bool {
	for _, p := range d.items[n].above {
		if p >= 0 && (p == a || depth < len(classes) && d.under(p, a, depth+1)) {
			return true
		}
	}
	return false
}

// Select knows parent = (a class, or a product right above), concept is-a and
// descendent-of, and property = value of the properties that Lookup gives.
func (d *Dictionary) Select(filters []definition.Filter) (terminology.Selected, error) {
	for _, f := range filters {
		if f.Op != "=" && (f.Property != "concept" && f.Property != "code" || f.Op != "is-a" && f.Op != "descendent-of") {
			return terminology.Selected{}, fmt.Errorf("dm+d cannot be asked for %s %s %s", f.Property, f.Op, f.Value)
		}
	}
	holds := func(it *item) bool {
		return !slices.ContainsFunc(filters, func(f definition.Filter) bool { return !d.holds(it, f) })
	}
	return terminology.Selected{
		Has: func(code string) bool { n, ok := d.find(code); return ok && holds(&d.items[n]) },
		All: func(yield func(terminology.Concept) bool) {
			for i := range d.items {
				if it := &d.items[i]; holds(it) && !yield(it.brief()) {
					return
				}
			}
		},
	}, nil
}

func (d *Dictionary) holds(it *item, f definition.Filter) bool {
	switch {
	case f.Op == "is-a" && it.code == f.Value:
		return true
	case f.Op != "=":
		return d.Subsumes(f.Value, it.code)
	case f.Property == "parent":
		return classes[it.class][0] == f.Value || slices.ContainsFunc(it.above[:], func(p int32) bool { return p >= 0 && d.items[p].code == f.Value })
	case f.Property == "inactive":
		return it.invalid == (f.Value == "true")
	}
	if k := slices.Index(products[classes[it.class][0]].above, f.Property); k >= 0 {
		return it.above[k] >= 0 && d.items[it.above[k]].code == f.Value
	}
	return slices.ContainsFunc(it.facts, func(x fact) bool { return d.texts[x.field] == f.Property && d.texts[x.value] == f.Value })
}

// refsets are the SNOMED CT reference sets that hold all products of a class.
var refsets = map[string]snomed.ID{"AMP": 999000541000001108, "AMPP": 999000551000001106, "VMP": 999000561000001109, "VMPP": 999000571000001104}

// Into puts the products into a SNOMED CT edition: as concepts with their
// names, below one another, and in the reference sets of their classes.
func (d *Dictionary) Into(b *snomed.Builder) {
	for i := range d.items {
		it := &d.items[i]
		id, ok := snomed.ParseID(it.code)
		if !ok {
			continue
		}
		b.Add(id, it.name, it.invalid)
		for _, p := range it.above {
			if p < 0 {
				continue
			}
			if up, ok := snomed.ParseID(d.items[p].code); ok {
				b.IsA(id, up)
			}
		}
		if set, ok := refsets[classes[it.class][0]]; ok && !it.invalid {
			b.Member(set, id)
		}
	}
}
