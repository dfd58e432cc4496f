package search

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// paramName are the names that a SearchParameter may give itself: they stand in queries
// beside modifiers, chains and prefixes.
var paramName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,63}$`)

// ReadDefinition reads a SearchParameter; nil where nothing is to be searched by it: one
// that is not active, or that R4 itself defines. The issues say why resources cannot be
// searched by it.
func ReadDefinition(id string, r *fhir.Resource) (*Definition, []fhir.Issue) {
	if r.Get("status").Text() != "active" || standard(r) {
		return nil, nil
	}
	d := &Definition{Name: r.Get("code").Text()}
	d.Param = r4.SearchParam{Type: r.Get("type").Text(), URL: r.Get("url").Text(), Expression: r.Get("expression").Text()}
	for t := range r.Get("target").Items() {
		d.Param.Target = append(d.Param.Target, t.Text())
	}
	for c := range r.Get("component").Items() {
		d.Param.Components = append(d.Param.Components, r4.SearchComponent{Definition: c.Get("definition").Text(), Expression: c.Get("expression").Text()})
	}
	for b := range r.Get("base").Items() {
		d.Param.Base = append(d.Param.Base, b.Text())
		for _, typ := range r4.ResourceTypes() {
			if r4.TypeOf(typ).Is(b.Text()) && !slices.Contains(d.Types, typ) {
				d.Types = append(d.Types, typ)
			}
		}
	}
	slices.Sort(d.Types)
	if issues := d.check(r); issues != nil {
		return nil, issues
	}
	d.named(id)
	return d, nil
}

// standard reports whether a SearchParameter is one of R4's own.
func standard(r *fhir.Resource) bool {
	for base := range r.Get("base").Items() {
		p := r4.SearchParameter(base.Text(), r.Get("code").Text())
		if p == nil || p.URL != r.Get("url").Text() {
			return false
		}
	}
	return r.Get("base").Len() > 0
}

// check says what of a definition cannot be indexed.
func (d *Definition) check(r *fhir.Resource) (issues []fhir.Issue) {
	refuse := func(member, message, expected, fix string) {
		n := r.Get(member)
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.NotSupported, Expression: "SearchParameter." + member, Position: n.Position(),
			Message: message, Expected: expected, Found: quoteFound(n.Text()), Fix: fix})
	}
	if !paramName.MatchString(d.Name) {
		refuse("code", "The code cannot be the name of a parameter in queries.", "a letter, and up to 63 letters, digits and dashes", "")
	}
	for _, typ := range d.Types {
		if p := r4.SearchParameter(typ, d.Name); p != nil {
			refuse("code", "R4 has a parameter of this name on "+typ+".", "another code", "Use that of R4, "+p.URL+", or name this one otherwise.")
			break
		}
	}
	if len(d.Types) == 0 {
		refuse("base", "The parameter is for no resource type of R4.", "resource types, such as Patient", "")
	}
	for _, t := range d.Param.Target {
		if !r4.IsResource(t) {
			refuse("target", "The parameter leads to a type that is none of R4.", "resource types, such as Patient", "")
			break
		}
	}
	if writers[d.Param.Type] == nil && d.Param.Type != "composite" {
		refuse("type", "The server has no index for parameters of this type.", "token, string, date, reference, number, quantity, uri or composite", "")
		return issues
	}
	if len(issues) == 0 {
		d.checkPaths(refuse)
	}
	return issues
}

// checkPaths asks that the expression leads to values on each type.
func (d *Definition) checkPaths(refuse func(member, message, expected, fix string)) {
	const forms = "paths joined by |, such as Patient.extension.where(url='http://example.org/a').value.ofType(code); with as, ofType, extension('url'), where(element='text'), where(resolve() is Type), where(hasExtension('url')) and [0]"
	if _, ok := parsePaths(d.Param.Expression); !ok || d.Param.Expression == "" {
		if _, ok := parsePresence(d.Param.Expression); !ok {
			refuse("expression", "The expression is not of a form that the server can index.", forms, "")
			return
		}
	}
	for _, typ := range d.Types {
		p := &program{kinds: map[string]typeSet{}}
		d.Param.Code = d.Name + string(mark) // no name of R4, some of which are indexed in a way of their own
		p.compile(r4.TypeOf(typ), &d.Param)
		if p.kinds[d.Param.Code] != nil {
			continue
		}
		if d.Param.Type == "composite" {
			refuse("component", "The components do not make a value that can be indexed on "+typ+".", "components whose definitions are parameters of R4, with paths that lead to values of their types", "")
			return
		}
		refuse("expression", "The expression leads to nothing on "+typ+" that a parameter of type "+d.Param.Type+" can find.",
			"on each base a path to "+strings.Join(valueTypes(d.Param.Type), ", "), "")
		return
	}
}

// valueTypes are the types of the values that a kind of parameter finds.
func valueTypes(kind string) []string {
	var out []string
	for typ := range writers[kind] {
		out = append(out, typ)
	}
	slices.Sort(out)
	return out
}
