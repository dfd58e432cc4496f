package search

import (
	"sync"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// program indexes the resources of one type.
type program struct {
	trie  trie
	whole []leaf             // what is indexed of the resource as a whole
	kinds map[string]typeSet // the parameters that are indexed, with the types of their values
	// single: the parameter, where there is one only, has one entry at most.
	single bool
}

// typeSet are the R4 types of the values that a parameter finds.
type typeSet map[string]bool

var programs sync.Map // resource type -> *program

// programFor gives the program of a resource type, compiled on first use; nil
// for what is no R4 resource type.
func programFor(resourceType string) *program {
	if p, ok := programs.Load(resourceType); ok {
		return p.(*program)
	}
	if !r4.IsResource(resourceType) {
		return nil
	}
	// The name as the table has it: the caller's may share the bytes of a
	// resource.
	name := r4.TypeOf(resourceType).Name
	p, _ := programs.LoadOrStore(name, compile(name))
	return p.(*program)
}

// unindexed are parameters that the search itself answers.
var unindexed = map[string]bool{ID: true, LastUpdated: true}

func compile(resourceType string) *program {
	p := &program{kinds: map[string]typeSet{}}
	typ := r4.TypeOf(resourceType)
	for _, param := range r4.SearchParams(resourceType) {
		p.compile(typ, param)
	}
	return p
}

// compile adds a parameter where it can be indexed.
func (p *program) compile(typ *r4.Type, param *r4.SearchParam) {
	if param.Code == Text {
		narrated := *param
		narrated.Expression = narrativePath
		param = &narrated
	}
	if param.Code == near {
		placed := *param
		placed.Expression = nearPath
		param = &placed
	}
	if param.Expression == "" || unindexed[param.Code] {
		return
	}
	if types := p.add(typ, param); len(types) > 0 {
		p.kinds[param.Code] = types
	}
}

// add compiles one parameter and gives the types of its values; none when it
// cannot be indexed.
func (p *program) add(typ *r4.Type, param *r4.SearchParam) typeSet {
	types := typeSet{}
	n := namesOf(param.Code)
	pl := &planter{names: &n, make: maker(typ, param, types)}
	if subject, ok := parsePresence(param.Expression); ok && param.Type == "token" {
		p.whole = append(p.whole, leaf{names: &n, write: presence(typ, subject)})
		p.single = true
		return typeSet{"boolean": true}
	}
	paths, ok := parsePaths(param.Expression)
	if !ok {
		return nil
	}
	for _, path := range paths {
		if path.root != "" && !typ.Is(path.root) {
			continue
		}
		if len(path.steps) > 0 {
			pl.plant(&p.trie, typ, path.steps)
		} else if write := pl.make(typ.Name); write != nil {
			p.whole = append(p.whole, leaf{names: &n, write: write})
			pl.repeats = true
		}
	}
	p.single = param.Code != phonetic && param.Code != Text && pl.oneEntry(param.Type, types)
	return types
}

// maker gives the writers of a parameter by the type of the value and notes
// for which types it was asked with success.
func maker(typ *r4.Type, param *r4.SearchParam, types typeSet) func(string) writer {
	byType := writers[param.Type]
	switch param.Code {
	case phonetic:
		byType = soundWriters
	case Text:
		byType = narrativeWriters
	case near:
		byType = nearWriters
	}
	var components *composite
	if param.Type == "composite" {
		components = compileComponents(typ.Name, param)
	}
	return func(t string) writer {
		write := byType[t]
		if components != nil {
			write = components.on(t)
		}
		if write != nil {
			types[t] = true
		}
		return write
	}
}

func (p *program) run(s *sink, root fhir.Node) {
	apply(p.whole, s, root)
	p.trie.walk(s, root)
}
