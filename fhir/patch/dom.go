package patch

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/xml"
)

// node is a node of an XML document that can be changed. What was not changed
// is written as it stands in its source.
type node struct {
	kind     xml.Kind // Start (an element), Text, CData or Comment; EOF is the document
	parent   *node
	source   string // as it was read; "" once it has been changed
	name     string // of an element, as written
	local    string
	space    string
	attrs    []attr
	decls    []attr // namespace declarations; local is the prefix
	children []*node
	text     string // of text and comments, decoded
	at       fhir.Position
}

type attr struct{ name, local, space, value string }

// parseXML builds the tree of a document.
func parseXML(data []byte) (*node, error) {
	s, err := xml.NewScanner(data)
	if err != nil {
		return nil, err
	}
	source := string(data)
	document := &node{kind: xml.EOF}
	at := document
	var starts []int
	for {
		t, err := s.Next()
		if err != nil {
			return nil, err
		}
		switch t.Kind {
		case xml.EOF:
			return document, nil
		case xml.Start:
			n := &node{kind: xml.Start, parent: at, name: t.Name, local: t.Local, space: t.Space}
			if len(starts) == 1 { // an operation, when the document is a patch
				n.at = s.Position(t.Start)
			}
			n.attrs, n.decls = attrsOf(t.Attrs), attrsOf(t.Decls)
			at.children = append(at.children, n)
			at, starts = n, append(starts, t.Start)
		case xml.End:
			at.source = source[starts[len(starts)-1]:t.End]
			at, starts = at.parent, starts[:len(starts)-1]
		default:
			n := &node{kind: t.Kind, parent: at, source: source[t.Start:t.End], text: t.Raw}
			if t.Kind == xml.Text {
				n.text = xml.TextValue(t.Raw)
			}
			at.children = append(at.children, n)
		}
	}
}

func attrsOf(list []xml.Attr) []attr {
	out := make([]attr, len(list))
	for i, a := range list {
		out[i] = attr{a.Name, a.Local, a.Space, xml.AttrValue(a.Raw)}
	}
	return out
}

// root is the element of a document, nil when it has none.
func (n *node) root() *node {
	for _, c := range n.children {
		if c.kind == xml.Start {
			return c
		}
	}
	return nil
}

// touch says that a node has been changed: it and all around it are to be
// written anew.
func (n *node) touch() {
	for ; n != nil; n = n.parent {
		n.source = ""
	}
}

func (n *node) index() int { return slices.Index(n.parent.children, n) }

func (n *node) insert(at int, nodes ...*node) {
	for _, c := range nodes {
		c.parent = n
	}
	n.children = slices.Insert(n.children, at, nodes...)
	n.touch()
}

func (n *node) remove() {
	i := n.index()
	n.parent.children = slices.Delete(n.parent.children, i, i+1)
	n.parent.touch()
}

func (n *node) isText() bool { return n.kind == xml.Text || n.kind == xml.CData }

func (n *node) blank() bool { return n.isText() && strings.TrimLeft(n.text, " \t\r\n") == "" }

// content is the text in an element, that of its children included.
func (n *node) content() string {
	if n.isText() {
		return n.text
	}
	var b strings.Builder
	for _, c := range n.children {
		if c.kind != xml.Comment {
			b.WriteString(c.content())
		}
	}
	return b.String()
}

func (n *node) attr(space, local string) int {
	return slices.IndexFunc(n.attrs, func(a attr) bool { return a.local == local && a.space == space })
}

// namespace is what a prefix stands for at a node.
func (n *node) namespace(prefix string) (string, bool) {
	for ; n != nil; n = n.parent {
		for _, d := range n.decls {
			if d.local == prefix {
				return d.value, true
			}
		}
	}
	return "", prefix == ""
}

// copyTo is the node as it can stand in another document below an element:
// with the declarations of the prefixes that it takes from around it.
func (n *node) copyTo(parent *node) *node {
	c := n.clone()
	if c.kind != xml.Start {
		return c
	}
	for _, prefix := range n.prefixes(nil) {
		here, _ := n.parent.namespace(prefix)
		if there, known := parent.namespace(prefix); known && here == there || prefix == "xml" {
			continue
		}
		name := "xmlns"
		if prefix != "" {
			name += ":" + prefix
		}
		c.decls = append(c.decls, attr{name: name, local: prefix, value: here})
		c.source = ""
	}
	return c
}

func (n *node) clone() *node {
	c := *n
	c.attrs, c.decls = slices.Clone(n.attrs), slices.Clone(n.decls)
	c.children = make([]*node, len(n.children))
	for i, child := range n.children {
		c.children[i] = child.clone()
		c.children[i].parent = &c
	}
	return &c
}

// prefixes lists the prefixes that an element uses and does not declare.
func (n *node) prefixes(found []string) []string {
	if n.kind != xml.Start {
		return found
	}
	use := func(name string, element bool) {
		prefix, _, prefixed := strings.Cut(name, ":")
		if !prefixed {
			prefix = ""
		}
		declared := slices.ContainsFunc(n.decls, func(d attr) bool { return d.local == prefix })
		if (prefixed || element) && !declared && !slices.Contains(found, prefix) {
			found = append(found, prefix)
		}
	}
	use(n.name, true)
	for _, a := range n.attrs {
		use(a.name, false)
	}
	for _, c := range n.children {
		for _, prefix := range c.prefixes(nil) {
			use(prefix+":x", true)
		}
	}
	return found
}

func (n *node) append(b []byte) []byte {
	switch {
	case n.source != "":
		return append(b, n.source...)
	case n.kind == xml.EOF:
		for _, c := range n.children {
			b = c.append(b)
		}
		return b
	case n.isText():
		return xml.AppendText(b, n.text)
	case n.kind == xml.Comment:
		return append(append(append(b, "<!--"...), n.text...), "-->"...)
	}
	b = append(append(b, '<'), n.name...)
	for _, list := range [][]attr{n.decls, n.attrs} {
		for _, a := range list {
			b = append(append(append(b, ' '), a.name...), `="`...)
			b = append(xml.AppendAttr(b, a.value), '"')
		}
	}
	if len(n.children) == 0 {
		return append(b, "/>"...)
	}
	b = append(b, '>')
	for _, c := range n.children {
		b = c.append(b)
	}
	return append(append(append(b, "</"...), n.name...), '>')
}
