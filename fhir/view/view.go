// Package view makes rows of resources by the ViewDefinitions of SQL on FHIR v2:
// https://sql-on-fhir.org/ig/StructureDefinition-ViewDefinition.html
//
// A view names a type of resource, conditions that each resource has to meet, and
// columns with FHIRPath expressions. Selects beside each other are joined each row with
// each; forEach, forEachOrNull and repeat make rows of the items of a path; unionAll adds
// the rows of its branches.
package view

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/fhirpath"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// Column is one of the rows of a view.
type Column struct {
	Name       string
	Type       string // as the view says it, "" where it does not
	Collection bool   // it may have several values
}

// View is a compiled one. It never changes and is safe for concurrent use.
type View struct {
	// Resource is the type that it is of.
	Resource string
	// Columns are those of its rows, in order.
	Columns []Column

	constants map[string]fhirpath.Collection
	where     []*fhirpath.Expr
	selects   []*selection
}

// selection is one select of a view.
type selection struct {
	iterate  []*fhirpath.Expr // of forEach and forEachOrNull one, of repeat several; nil for none
	orNull   bool
	repeat   bool
	columns  []column
	selects  []*selection
	unionAll []*selection
}

type column struct {
	at         int // among those of a row
	path       *fhirpath.Expr
	name       string
	collection bool
}

// The bounds of a view.
const (
	maxColumns = 1_000
	maxNested  = 32
)

var named = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// Compile reads a ViewDefinition. The error is an [*fhir.Error] with all that is wrong
// with it.
func Compile(definition fhir.Node) (*View, error) {
	c := &compiler{view: &View{constants: map[string]fhirpath.Collection{}}, root: definition}
	c.all()
	if c.issues != nil {
		return nil, &fhir.Error{Op: "view", Kind: fhir.Processing, Issues: c.issues}
	}
	return c.view, nil
}

type compiler struct {
	view   *View
	root   fhir.Node
	issues []fhir.Issue
}

// wrong notes what is the matter with a part.
func (c *compiler) wrong(n fhir.Node, where, message, expected string) {
	issue := fhir.Issue{Severity: fhir.Err, Code: fhir.Invalid, Rule: "view", Expression: where, Message: message, Expected: expected}
	if n.Exists() {
		issue.Position = n.Position()
		if n.Kind() != fhir.Object && n.Kind() != fhir.Array {
			issue.Found = n.Text()
		}
	}
	c.issues = append(c.issues, issue)
}

func (c *compiler) all() {
	v := c.view
	v.Resource = c.root.Get("resource").Text()
	if !r4.IsResource(v.Resource) {
		c.wrong(c.root.Get("resource"), "resource", "A view is of one type of resource.", "a resource type of R4")
	}
	c.members(c.root, "", "resourceType", "id", "meta", "implicitRules", "language", "text", "contained", "extension", "modifierExtension", "url", "identifier", "name", "title", "status", "experimental", "date",
		"publisher", "contact", "description", "useContext", "jurisdiction", "purpose", "copyright", "copyrightLabel", "version", "versionAlgorithmString", "versionAlgorithmCoding", "profile", "fhirVersion", "resource", "constant", "where", "select")
	c.constants()
	for i, w := range indexed(c.root.Get("where")) {
		where := fmt.Sprintf("where[%d]", i)
		c.members(w, where, "id", "extension", "path", "description")
		if e := c.path(w.Get("path"), where+".path"); e != nil {
			v.where = append(v.where, e)
		}
	}
	if !c.root.Get("select").Exists() {
		c.wrong(fhir.Node{}, "select", "The view selects nothing.", "one select or more")
	}
	for i, n := range indexed(c.root.Get("select")) {
		v.selects = append(v.selects, c.selection(n, fmt.Sprintf("select[%d]", i), 1))
	}
	if len(v.Columns) == 0 && c.issues == nil {
		c.wrong(c.root.Get("select"), "select", "The view has no columns.", "one column or more")
	}
	seen := map[string]bool{}
	for _, col := range v.Columns {
		if seen[col.Name] {
			c.wrong(fhir.Node{}, "select", "Two columns of a row have the name "+col.Name+".", "a name for each column")
		}
		seen[col.Name] = true
	}
}

// indexed are the items of a list, with their places.
func indexed(n fhir.Node) (items []fhir.Node) { return slices.Collect(n.Items()) }

// members refuses what a part does not have: a misspelt member would leave something out.
func (c *compiler) members(n fhir.Node, where string, known ...string) {
	if n.Kind() != fhir.Object {
		c.wrong(n, where, "This is not an object.", "an object")
		return
	}
	for m := range n.Members() {
		name := m.Name()
		if name != "" && name[0] == '_' {
			name = name[1:]
		}
		if !slices.Contains(known, name) {
			at := m.Name()
			if where != "" {
				at = where + "." + at
			}
			c.wrong(m, at, "A view has no such element here.", "")
		}
	}
}

// constants are the variables of the expressions.
func (c *compiler) constants() {
	for i, n := range indexed(c.root.Get("constant")) {
		where := fmt.Sprintf("constant[%d]", i)
		name := n.Get("name")
		if !named.MatchString(name.Text()) || name.Text() == "rowIndex" {
			c.wrong(name, where+".name", "The constant has no usable name.", "a letter, then letters, digits and _; rowIndex is known")
			continue
		}
		found := false
		for m := range n.Members() {
			typ, ok := constantTypes[m.Name()]
			if !ok {
				continue
			}
			if found || m.Kind() == fhir.Object || m.Kind() == fhir.Array {
				c.wrong(m, where, "A constant has one value.", "one value[x] of a primitive type")
			}
			found = true
			c.view.constants[name.Text()] = fhirpath.Collection{fhirpath.NodeItem(m, typ)}
		}
		if !found {
			c.wrong(n, where, "A constant has one value.", "one value[x] of a primitive type")
		}
	}
}

// constantTypes are the types of R4 that value[x] of a constant has.
var constantTypes = map[string]string{
	"valueBase64Binary": "base64Binary", "valueBoolean": "boolean", "valueCanonical": "canonical", "valueCode": "code", "valueDate": "date", "valueDateTime": "dateTime", "valueDecimal": "decimal", "valueId": "id",
	"valueInstant": "instant", "valueInteger": "integer", "valueOid": "oid", "valueString": "string", "valuePositiveInt": "positiveInt", "valueTime": "time", "valueUnsignedInt": "unsignedInt", "valueUri": "uri", "valueUrl": "url", "valueUuid": "uuid",
}

// path compiles an expression.
func (c *compiler) path(n fhir.Node, where string) *fhirpath.Expr {
	if n.Kind() != fhir.String || n.Text() == "" {
		c.wrong(n, where, "A FHIRPath expression is missing.", "a string")
		return nil
	}
	e, err := fhirpath.Compile(n.Text())
	if err != nil {
		c.wrong(n, where, "The FHIRPath expression cannot be read: "+err.Error()+".", "")
		return nil
	}
	return e
}

// selection compiles a select. Its columns come first, then those of the selects in it,
// and those of unionAll last.
func (c *compiler) selection(n fhir.Node, where string, depth int) *selection {
	s := &selection{}
	if depth > maxNested {
		c.wrong(n, where, "The selects are nested too deep.", fmt.Sprintf("at most %d", maxNested))
		return s
	}
	c.members(n, where, "id", "extension", "modifierExtension", "column", "select", "forEach", "forEachOrNull", "repeat", "unionAll")
	iterations := 0
	for _, name := range []string{"forEach", "forEachOrNull", "repeat"} {
		m := n.Get(name)
		if !m.Exists() {
			continue
		}
		iterations++
		s.orNull, s.repeat = name == "forEachOrNull", name == "repeat"
		if name == "repeat" && m.Kind() != fhir.Array {
			c.wrong(m, where+"."+name, "repeat has a list of paths.", "an array of strings")
			continue
		}
		for _, p := range indexed(m) {
			s.iterate = append(s.iterate, c.path(p, where+"."+name))
		}
	}
	if iterations > 1 {
		c.wrong(n, where, "A select has one of forEach, forEachOrNull and repeat.", "one of them at most")
	}
	for i, m := range indexed(n.Get("column")) {
		c.column(s, m, fmt.Sprintf("%s.column[%d]", where, i))
	}
	for i, m := range indexed(n.Get("select")) {
		s.selects = append(s.selects, c.selection(m, fmt.Sprintf("%s.select[%d]", where, i), depth+1))
	}
	first := len(c.view.Columns)
	var branch []Column
	for i, m := range indexed(n.Get("unionAll")) {
		at := fmt.Sprintf("%s.unionAll[%d]", where, i)
		c.view.Columns = c.view.Columns[:first]
		s.unionAll = append(s.unionAll, c.selection(m, at, depth+1))
		own := slices.Clone(c.view.Columns[first:])
		if i == 0 {
			branch = own
		} else if !slices.Equal(branch, own) {
			c.wrong(m, at, "The branches of unionAll have other columns.", "the same names, types and order in each")
		}
	}
	if len(s.unionAll) > 0 {
		c.view.Columns = append(c.view.Columns[:first], branch...)
	}
	return s
}

func (c *compiler) column(s *selection, n fhir.Node, where string) {
	c.members(n, where, "id", "extension", "modifierExtension", "name", "path", "description", "collection", "type", "tag")
	if !named.MatchString(n.Get("name").Text()) {
		c.wrong(n.Get("name"), where+".name", "The column has no usable name.", "a letter, then letters, digits and _")
	}
	path := c.path(n.Get("path"), where+".path")
	if len(c.view.Columns) == maxColumns {
		c.wrong(n, where, "The view has too many columns.", fmt.Sprintf("at most %d", maxColumns))
		return
	}
	col := Column{n.Get("name").Text(), n.Get("type").Text(), n.Get("collection").Bool()}
	s.columns = append(s.columns, column{len(c.view.Columns), path, col.Name, col.Collection})
	c.view.Columns = append(c.view.Columns, col)
}
