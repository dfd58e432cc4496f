package profiles

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// nodeSet is a set of nodes of one resource, by index.
type nodeSet []uint64

func (s nodeSet) has(i int) bool { return s != nil && s[i/64]&(1<<(i%64)) != 0 }

// malformed reports a value whose JSON type or form is wrong. What rules have
// to say of such a value is not said: one mistake is one issue.
func (w *walk) malformed(n fhir.Node, i fhir.Issue) {
	w.add(n, i)
	if w.faulty == nil {
		w.faulty = make(nodeSet, (w.r.Nodes()+63)/64)
	}
	w.faulty[n.Index()/64] |= 1 << (n.Index() % 64)
}

// blamed reports whether the form of a value was found wrong. Within a trial
// nothing is reported, and a malformed value conforms to nothing.
func (w *walk) blamed(n fhir.Node) bool {
	return w.trials == 0 && n.Exists() && w.faulty.has(n.Index())
}

// misled reports whether an invariant that looks at a value reads something in
// it that is malformed, so that its failure says nothing new.
func (w *walk) misled(n fhir.Node, expression string) bool {
	if w.faulty == nil || w.trials > 0 {
		return false
	}
	for i, last := n.Index(), lastIndex(n); i <= last; i++ {
		if w.faulty.has(i) && mentions(expression, w.r.Node(i)) {
			return true
		}
	}
	return false
}

// mentions reports whether an expression names an element.
func mentions(expression string, n fhir.Node) bool {
	way := trail(n)
	return mentionsWord(expression, way[len(way)-1].name)
}

// mentionsWord reports whether a word stands in an expression.
func mentionsWord(expression, name string) bool {
	for rest := expression; ; {
		at := strings.Index(rest, name)
		if at < 0 {
			return false
		}
		end := at + len(name)
		if (at == 0 || !isWordByte(rest[at-1])) && (end == len(rest) || !isWordByte(rest[end])) {
			return true
		}
		rest = rest[end:]
	}
}

func isWordByte(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' }
