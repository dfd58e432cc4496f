package search

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// Definition is what an active SearchParameter that is stored says of how resources are
// searched: https://hl7.org/fhir/R4/searchparameter.html
type Definition struct {
	Name  string         // in queries
	Types []string       // the resource types that it is for, each by itself
	Param r4.SearchParam // as one of R4, but that its code is the name of its entries
}

// defined are the definitions of all databases of the process by the names of their
// entries. A name is made of what it stands for, so it never stands for anything else.
var defined sync.Map

// mark is in the names of entries that a stored SearchParameter makes, and in no other:
// "nickname~1f2e3d4c".
const mark = '~'

// IsCustom reports whether entries of a name are made by a stored SearchParameter.
func IsCustom(param string) bool { return strings.IndexByte(param, mark) >= 0 }

// NameOf is a parameter as it is named in queries.
func NameOf(param string) string {
	name, _, _ := strings.Cut(param, string(mark))
	return name
}

// named gives a definition the name of its entries, and makes it known by that.
func (d *Definition) named(id string) {
	text, err := json.Marshal(struct {
		ID string
		Of Definition
	}{id, *d})
	if err != nil {
		panic(err) // it is made of texts
	}
	sum := sha256.Sum256(text)
	d.Param.Code = d.Name + string(mark) + hex.EncodeToString(sum[:4])
	d.know()
}

func (d *Definition) know() { defined.LoadOrStore(d.Param.Code, &d.Param) }

// Parameter finds the parameter by which entries are made: one of R4, or that of a
// stored SearchParameter; nil if there is none.
func Parameter(resourceType, code string) *r4.SearchParam {
	if p := r4.SearchParameter(resourceType, code); p != nil || !IsCustom(code) {
		return p
	}
	if p, ok := defined.Load(code); ok {
		return p.(*r4.SearchParam)
	}
	return nil
}

// kindsOf are the types of the values that a parameter finds; nil where there is none.
func kindsOf(resourceType, code string) typeSet {
	if IsCustom(code) {
		return programOf(resourceType, code).kinds[code]
	}
	if p := programFor(resourceType); p != nil {
		return p.kinds[code]
	}
	return nil
}

// Custom are the stored SearchParameters of a database. It never changes. A nil one has
// none.
type Custom struct {
	byType map[string][]*Definition // ordered by name
	key    string                   // the names of all entries, in order
}

// NewCustom gathers definitions.
func NewCustom(list []*Definition) *Custom {
	if len(list) == 0 {
		return nil
	}
	c := &Custom{byType: map[string][]*Definition{}}
	var names []string
	for _, d := range list {
		d.know()
		names = append(names, d.Param.Code)
		for _, typ := range d.Types {
			c.byType[typ] = append(c.byType[typ], d)
		}
	}
	slices.Sort(names)
	c.key = strings.Join(names, " ")
	for _, of := range c.byType {
		slices.SortFunc(of, func(a, b *Definition) int { return strings.Compare(a.Name, b.Name) })
	}
	return c
}

// Key tells one set from another.
func (c *Custom) Key() string {
	if c == nil {
		return ""
	}
	return c.key
}

// Params are the definitions for a type, ordered by name.
func (c *Custom) Params(resourceType string) []*Definition {
	if c == nil {
		return nil
	}
	return c.byType[resourceType]
}

// param finds one by its name in queries; nil if there is none.
func (c *Custom) param(resourceType, name string) *r4.SearchParam {
	for _, d := range c.Params(resourceType) {
		if d.Name == name {
			return &d.Param
		}
	}
	return nil
}

// Extract gives the entries of a resource under these parameters, ordered by parameter
// and key: see [Extract].
func (c *Custom) Extract(r *fhir.Resource) []Entry {
	list := c.Params(r.Type())
	if len(list) == 0 {
		return nil
	}
	s := sink{place: -1}
	for _, d := range list {
		programOf(r.Type(), d.Param.Code).run(&s, r.Root())
	}
	s.visits()
	return s.sorted()
}

// Only is the set of one parameter alone, for one type.
func (c *Custom) Only(resourceType, code string) *Custom {
	for _, d := range c.Params(resourceType) {
		if d.Param.Code == code {
			one := *d
			one.Types = []string{resourceType}
			return NewCustom([]*Definition{&one})
		}
	}
	return nil
}
