package definition

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// Demands is what a profile asks of an element by extensions of its definition, for
// which ElementDefinition of R4 has no element.
type Demands struct {
	MinLength     int            // characters
	MaxSize       int            // bytes of an attachment
	Decimals      int            // decimal places, -1 unset
	Regex         *regexp.Regexp // of the whole value
	MustHaveValue bool           // no extension replaces the value
	Alternatives  []string       // extensions of which one has to be there where there is no value
	Languages     []string       // of a narrative: _no, _yes, _resource, or a language
	Source        bool           // of a narrative: each part says whence it comes

	as []fhir.Node // as they were written
}

const (
	hl7Extension  = "http://hl7.org/fhir/StructureDefinition/"
	fhir5Element  = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition."
	additionalSet = "http://hl7.org/fhir/tools/StructureDefinition/additional-binding"
)

// readDemands reads the extensions of an ElementDefinition; nil where none asks for
// anything.
func readDemands(n fhir.Node) *Demands {
	d := Demands{Decimals: -1}
	for x := range n.Get("extension").Items() {
		if d.read(x) {
			d.as = append(d.as, x)
		}
	}
	if d.as == nil {
		return nil
	}
	return &d
}

// read reads one extension, and reports whether it asks for something.
func (d *Demands) read(x fhir.Node) bool {
	url := x.Get("url").Text()
	if name, ok := strings.CutPrefix(url, fhir5Element); ok {
		switch name {
		case "mustHaveValue":
			d.MustHaveValue = x.Get("valueBoolean").Bool()
		case "valueAlternatives":
			d.Alternatives = append(d.Alternatives, x.Get("valueCanonical").Text())
		default:
			return false
		}
		return true
	}
	name, ok := strings.CutPrefix(url, hl7Extension)
	if !ok {
		return false
	}
	switch name {
	case "minLength":
		d.MinLength = whole(x.Get("valueInteger"))
	case "maxSize":
		d.MaxSize = whole(x.Get("valueDecimal"))
	case "maxDecimalPlaces":
		d.Decimals = whole(x.Get("valueInteger"))
	case "regex":
		expr, err := regexp.Compile(`^(?:` + x.Get("valueString").Text() + `)$`)
		if err != nil {
			return false // of another dialect
		}
		d.Regex = expr
	case "narrative-language-control":
		d.Languages = append(d.Languages, x.Get("valueCode").Text())
	case "narrative-source-control":
		d.Source = true
	default:
		return false
	}
	return true
}

// whole is the whole part of a number, 0 for what is none.
func whole(n fhir.Node) int {
	f, err := strconv.ParseFloat(n.Text(), 64)
	if err != nil {
		return 0
	}
	return int(f)
}

// And is what two definitions ask together; where both say something, the second.
func (d *Demands) And(e *Demands) *Demands {
	switch {
	case d == nil:
		return e
	case e == nil:
		return d
	}
	both := *d
	both.as = append(append([]fhir.Node(nil), d.as...), e.as...)
	both.Alternatives = append(append([]string(nil), d.Alternatives...), e.Alternatives...)
	both.Languages = append(append([]string(nil), d.Languages...), e.Languages...)
	both.MustHaveValue, both.Source = d.MustHaveValue || e.MustHaveValue, d.Source || e.Source
	if e.MinLength > 0 {
		both.MinLength = e.MinLength
	}
	if e.MaxSize > 0 {
		both.MaxSize = e.MaxSize
	}
	if e.Decimals >= 0 {
		both.Decimals = e.Decimals
	}
	if e.Regex != nil {
		both.Regex = e.Regex
	}
	return &both
}

func (d *Demands) write() fhir.Value {
	if d == nil {
		return fhir.Value{}
	}
	var out []any
	for _, x := range d.as {
		out = append(out, x)
	}
	return fhir.List(out...)
}

// Additional is a further value set for an element, beside that of its binding.
type Additional struct {
	Purpose  string // required, extensible, maximum, …
	ValueSet string
	as       fhir.Node
}

// readAdditional reads an extension of a binding. One for certain uses alone is left
// out: which use a resource is of, it does not say.
func readAdditional(x fhir.Node) (a Additional, ok bool) {
	if url := x.Get("url").Text(); url != fhir5Element+"binding.additional" && url != additionalSet {
		return a, false
	}
	a.as = x
	for part := range x.Get("extension").Items() {
		switch part.Get("url").Text() {
		case "purpose":
			a.Purpose = part.Get("valueCode").Text()
		case "valueSet":
			a.ValueSet = part.Get("valueCanonical").Text() + part.Get("valueUri").Text()
		case "usage":
			return a, false
		}
	}
	return a, a.ValueSet != ""
}
