package dmd

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/profiles/terminology/release"
)

// System is the url of dm+d in FHIR.
const System = "https://dmd.nhs.uk"

// classes are the codes above all of a kind of concept, with their names.
var classes = [][2]string{
	{"VTM", "Virtual therapeutic moiety"}, {"VMP", "Virtual medicinal product"}, {"VMPP", "Virtual medicinal product pack"},
	{"AMP", "Actual medicinal product"}, {"AMPP", "Actual medicinal product pack"}, {"INGREDIENT", "Ingredient substance"},
	{"FORM", "Dose form"}, {"ROUTE", "Route of administration"}, {"SUPPLIER", "Supplier"}, {"UNIT_OF_MEASURE", "Unit of measure"},
}

// product says how the entries of a kind are read: the field of their own code
// and those of the codes they stand below.
type product struct {
	class  string
	code   string
	above  []string
	detail []string // fields that become properties
}

var products = map[string]product{
	"VTM":  {class: "VTM", code: "VTMID"},
	"VMP":  {class: "VMP", code: "VPID", above: []string{"VTMID"}, detail: []string{"PRES_STATCD", "BASISCD", "UDFS", "UDFS_UOMCD", "UNIT_DOSE_UOMCD", "NON_AVAILCD"}},
	"VMPP": {class: "VMPP", code: "VPPID", above: []string{"VPID"}, detail: []string{"QTYVAL", "QTY_UOMCD"}},
	"AMP":  {class: "AMP", code: "APID", above: []string{"VPID"}, detail: []string{"SUPPCD", "LIC_AUTHCD", "AVAIL_RESTRICTCD"}},
	"AMPP": {class: "AMPP", code: "APPID", above: []string{"VPPID", "APID"}, detail: []string{"LEGAL_CATCD", "DISCCD"}},
	"ING":  {class: "INGREDIENT", code: "ISID"},
}

// details are entries that say more of a product: the field of its code, and
// the fields that become properties.
var details = map[string]product{
	"VPI":          {code: "VPID", detail: []string{"ISID"}},
	"DFORM":        {code: "VPID", detail: []string{"FORMCD"}},
	"DROUTE":       {code: "VPID", detail: []string{"ROUTECD"}},
	"CONTROL_INFO": {code: "VPID", detail: []string{"CATCD"}},
}

// lookups are the sections of the lookup file whose codes are concepts.
var lookups = map[string]bool{"FORM": true, "ROUTE": true, "SUPPLIER": true, "UNIT_OF_MEASURE": true}

var dated = regexp.MustCompile(`^f_(?:vtm|vmp|vmpp|amp|ampp|ingredient|lookup)\d+_\d(\d{6})?.*\.xml$`)

// Load reads a release: a folder or zip. It fails where a file is broken, and
// where the products are not there.
func Load(location string) (*Dictionary, error) {
	files, done, err := release.Files(location, func(name string) bool { return dated.MatchString(strings.ToLower(name)) })
	defer done()
	if err != nil {
		return nil, fmt.Errorf("dmd: %w", err)
	}
	l := &loader{known: map[string]uint32{}, units: map[string]string{}, terms: map[string]string{}}
	for _, f := range files {
		if err := l.file(f); err != nil {
			return nil, fmt.Errorf("dmd: %s: %w", f.Name, err)
		}
	}
	for _, need := range []string{"vtm", "vmp", "amp"} {
		if !slices.ContainsFunc(files, func(f release.File) bool { return strings.HasPrefix(strings.ToLower(f.Name), "f_"+need+"2") }) {
			return nil, fmt.Errorf("dmd: %s has no file f_%s2*.xml: expected the folder or zip of a dm+d release", location, need)
		}
	}
	return l.dictionary(), nil
}

type loader struct {
	version string
	entries []entry
	more    []detail
	texts   []string
	known   map[string]uint32 // place in texts
	units   map[string]string // unit of measure -> its name
	terms   map[string]string // section and code of the lookup file -> its text
}

type entry struct {
	code, name, abbreviation, previous, class string
	invalid                                   bool
	above                                     []string
	more                                      []fact
}

// fact is a property with its value, by their places in texts.
type fact struct{ field, value uint32 }

type detail struct {
	code  string
	facts []fact
}

func (l *loader) file(f release.File) error {
	if m := dated.FindStringSubmatch(strings.ToLower(f.Name)); m[1] != "" && l.version == "" {
		// DDMMYY
		l.version = "20" + m[1][4:6] + m[1][2:4] + m[1][0:2]
	}
	r, err := f.Open()
	if err != nil {
		return err
	}
	return errors.Join(records(r, l.record), r.Close())
}

func (l *loader) record(r record) error {
	if p, ok := products[r.kind]; ok && r.fields[p.code] != "" && r.fields["NM"] != "" {
		return l.product(p, r)
	}
	if p, ok := details[r.kind]; ok && r.fields[p.code] != "" {
		l.detail(p, r)
		return nil
	}
	if r.kind == "INFO" {
		l.lookup(r)
	}
	return nil
}

func (l *loader) product(p product, r record) error {
	e := entry{code: r.fields[p.code], name: r.fields["NM"], abbreviation: r.fields["ABBREVNM"], previous: r.fields["NMPREV"] + r.fields["NM_PREV"],
		class: p.class, invalid: r.fields["INVALID"] == "1"}
	if !number(e.code) {
		return fmt.Errorf("%s: expected an identifier of up to 18 digits, found %q", p.code, e.code)
	}
	if p.class == "AMP" && r.fields["DESC"] != "" {
		e.abbreviation, e.name = e.name, r.fields["DESC"] // the description names the supplier too
	}
	for _, f := range p.above { // one that is missing keeps its place: no code is ""
		e.above = append(e.above, r.fields[f])
	}
	e.more = append(e.more, l.details(p.detail, r)...)
	if old := r.fields[p.code+"PREV"]; old != "" && old != e.code {
		e.more = append(e.more, l.detailOf("replaces", old))
	}
	l.entries = append(l.entries, e)
	return nil
}

// details keeps fields of a record. The texts, which repeat much, are held once
// each.
func (l *loader) details(fields []string, r record) (out []fact) {
	for _, f := range fields {
		if v := r.fields[f]; v != "" {
			out = append(out, l.detailOf(f, v))
		}
	}
	return out
}

func (l *loader) detailOf(field, value string) fact { return fact{l.intern(field), l.intern(value)} }

func (l *loader) intern(s string) uint32 {
	n, ok := l.known[s]
	if !ok {
		n = uint32(len(l.texts))
		l.texts = append(l.texts, s)
		l.known[s] = n
	}
	return n
}

// detail keeps what an entry says of a product; of an ingredient also its
// strength in words, once the units are known.
func (l *loader) detail(p product, r record) {
	d := detail{r.fields[p.code], l.details(p.detail, r)}
	if n := r.fields["STRNT_NMRTR_VAL"]; n != "" {
		strength := n + " " + r.fields["STRNT_NMRTR_UOMCD"]
		if per := r.fields["STRNT_DNMTR_UOMCD"]; per != "" {
			strength += " / " + strings.TrimPrefix(r.fields["STRNT_DNMTR_VAL"]+" "+per, "1 ")
		}
		d.facts = append(d.facts, l.detailOf("strength", r.fields["ISID"]+": "+strength))
	}
	l.more = append(l.more, d)
}

func (l *loader) lookup(r record) {
	code, text := r.fields["CD"], r.fields["DESC"]
	if code == "" || text == "" {
		return
	}
	l.terms[r.section+"|"+code] = text
	if r.section == "UNIT_OF_MEASURE" {
		l.units[code] = text
	}
	if lookups[r.section] && number(code) {
		l.entries = append(l.entries, entry{code: code, name: text, class: r.section, invalid: r.fields["INVALID"] == "1"})
	}
}

func number(code string) bool {
	return len(code) >= 1 && len(code) <= 18 && strings.Trim(code, "0123456789") == ""
}
