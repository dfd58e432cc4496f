package ownership

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

//go:embed ownership.tsv
var tsv string

// row is the rules of a type. A type without one is its writer's alone.
type row struct {
	public                  bool
	named, inherits, shares []path
	changed                 []path // elements that name who may change it
	open                    bool   // whoever is granted the type may change it
	site                    path   // without members for none
	reason                  string
}

var table = read(tsv)

// path is the members on the way to elements, with the types of the references
// that count; none for all.
type path struct {
	members []string
	types   []string
}

func read(text string) map[string]row {
	rows := map[string]row{}
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") || f[0] == "type" {
			continue
		}
		if len(f) != 8 || f[1] != "public" && f[1] != "owned" || rows[f[0]].reason != "" {
			panic("ownership.tsv: " + line) // it is a part of the program
		}
		r := row{public: f[1] == "public", named: paths(f[2]), inherits: paths(f[3]), shares: paths(f[4]), open: f[6] == "*", reason: f[7]}
		if !r.open {
			r.changed = paths(f[6])
		}
		if f[5] != "" {
			r.site = paths(f[5])[0]
		}
		rows[f[0]] = r
	}
	return rows
}

// paths reads "owner,input.valueReference(MedicationRequest,Bundle)".
func paths(text string) (list []path) {
	for text != "" {
		end := strings.IndexAny(text, ",(")
		if end < 0 {
			return append(list, path{members: strings.Split(text, ".")})
		}
		p := path{members: strings.Split(text[:end], ".")}
		if text[end] == '(' {
			var types string
			types, text, _ = strings.Cut(text[end+1:], ")")
			p.types = strings.Split(types, ",")
			text = strings.TrimPrefix(text, ",")
		} else {
			text = text[end+1:]
		}
		list = append(list, p)
	}
	return list
}

// each calls f for the elements that a path leads to, through lists.
func (p path) each(n fhir.Node, f func(fhir.Node)) { p.walk(n, p.members, f) }

func (p path) walk(n fhir.Node, members []string, f func(fhir.Node)) {
	if len(members) == 0 {
		for item := range n.Items() {
			if p.takes(item.Get("reference").Text()) {
				f(item)
			}
		}
		return
	}
	for item := range n.Items() {
		if m := item.Get(members[0]); m.Exists() {
			p.walk(m, members[1:], f)
		}
	}
}

// takes reports whether a reference is to a type that counts.
func (p path) takes(ref string) bool {
	if p.types == nil {
		return true
	}
	steps := strings.Split(fhir.LinkOf(ref).Target, "/")
	if len(steps) < 2 {
		return false
	}
	typ := steps[len(steps)-2]
	return slices.Contains(p.types, typ) || p.types[0] == "*" && typ != "Patient"
}

// says reports whether there is anything at the end of a path.
func (p path) says(n fhir.Node) (found bool) {
	p.each(n, func(fhir.Node) { found = true })
	return found
}
