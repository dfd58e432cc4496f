package patch

import (
	"errors"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/xml"
)

// XML applies an XML Patch (RFC 5261) to the XML form of a resource.
func XML(r *fhir.Resource, diff []byte) (*fhir.Resource, error) {
	before, err := xml.Encode(r)
	if err != nil {
		return nil, err
	}
	after, err := patchXML(before, diff)
	if err != nil {
		return nil, err
	}
	patched, err := xml.DecodeUnordered(after)
	if err = asResult(err); err != nil {
		return nil, err
	}
	return fhir.Parse(patched.JSON()) // with places in what will be stored
}

// asResult makes an error in XML that nobody has sent one of the patch.
func asResult(err error) error {
	var e *fhir.Error
	if !errors.As(err, &e) {
		return err
	}
	for i := range e.Issues {
		e.Issues[i].Position = fhir.Position{}
		e.Issues[i].Message = "The patched resource is not well-formed: " + e.Issues[i].Message
	}
	e.Kind = fhir.Processing
	return e
}

// patchXML applies a patch to a document.
func patchXML(target, diff []byte) ([]byte, error) {
	patch, err := parseXML(diff)
	if err != nil {
		return nil, err
	}
	document, err := parseXML(target)
	if err != nil {
		return nil, err
	}
	number := 0
	for _, op := range patch.root().children {
		switch {
		case op.kind == xml.Comment || op.blank():
			continue
		case op.kind != xml.Start:
			return nil, malformed("There is text between the operations.", "add, replace and remove", strconv.Quote(strings.TrimSpace(op.text)))
		}
		number++
		if err := applyXML(document, op); err != nil {
			sel := op.get("sel")
			return nil, blame(err, number, op.local+" "+sel, "", op.at)
		}
		if document.size() > MaxSize {
			return nil, blame(tooLarge(), number, op.local, "", op.at)
		}
	}
	if number == 0 {
		return nil, malformed("The patch has no operation.", "add, replace or remove", "none")
	}
	if document.root() == nil {
		return nil, failed("The patch leaves no document.", "a root element", "none")
	}
	return document.append(nil), nil
}

// size is a lower bound of the length of the document.
func (n *node) size() int {
	if n.source != "" {
		return len(n.source)
	}
	size := len(n.name) + len(n.text)
	for _, a := range n.attrs {
		size += len(a.name) + len(a.value)
	}
	for _, c := range n.children {
		size += c.size()
	}
	return size
}

func (n *node) get(name string) string {
	if i := n.attr("", name); i >= 0 {
		return n.attrs[i].value
	}
	return ""
}

func applyXML(document, op *node) *fhir.Error {
	sel, err := parseSelector(op.get("sel"), op)
	if err != nil {
		return err
	}
	found := sel.find(document)
	switch len(found) {
	case 1:
	case 0:
		return failed("The path in sel finds nothing.", "a path to one node", "none")
	default:
		return failed("The path in sel finds more than one node.", "a path to one node, such as "+op.get("sel")+"[1]", strconv.Itoa(len(found)))
	}
	at := found[0]
	switch op.local {
	case "add":
		return addXML(at, op)
	case "replace":
		return replaceXML(at, op)
	case "remove":
		return removeXML(at, op.get("ws"))
	}
	return malformed("There is no such operation.", "add, replace or remove", "<"+op.name+">")
}

func addXML(at hit, op *node) *fhir.Error {
	if kind := op.get("type"); kind != "" {
		return addNamed(at, op, kind)
	}
	if at.axis == attributes || at.axis == namespaces {
		return failed("Nothing can be added to an attribute.", "a path to an element", op.get("sel"))
	}
	pos := op.get("pos")
	parent, place := at.node, len(at.node.children)
	switch pos {
	case "":
	case "prepend":
		place = 0
	case "before":
		parent, place = at.node.parent, at.node.index()
	case "after":
		parent, place = at.node.parent, at.node.index()+1
	default:
		return malformed("There is no such pos.", "before, after or prepend", pos)
	}
	if parent.kind != xml.Start && !(parent.kind == xml.EOF && onlyComments(op)) {
		return failed("The content cannot stand there.", "a place inside of the root element", op.get("sel"))
	}
	parent.insert(place, copies(op, parent)...)
	return nil
}

func onlyComments(op *node) bool {
	for _, c := range op.children {
		if c.kind != xml.Comment && !c.blank() {
			return false
		}
	}
	return true
}

func copies(op, parent *node) []*node {
	out := make([]*node, len(op.children))
	for i, c := range op.children {
		out[i] = c.copyTo(parent)
	}
	return out
}

// addNamed adds an attribute or a namespace declaration.
func addNamed(at hit, op *node, kind string) *fhir.Error {
	n := at.node
	if n.kind != xml.Start || at.axis == attributes || at.axis == namespaces {
		return failed("An attribute belongs to an element.", "a path to an element", op.get("sel"))
	}
	if prefix, ok := strings.CutPrefix(kind, "namespace::"); ok {
		if _, there := n.namespace(prefix); there {
			return failed("The prefix is declared already.", "a prefix that is not in use", prefix)
		}
		n.decls = append(n.decls, attr{name: "xmlns:" + prefix, local: prefix, value: op.content()})
		n.touch()
		return nil
	}
	name, ok := strings.CutPrefix(kind, "@")
	p := selectorParser{text: name, at: op}
	space, local := p.qname(false)
	if !ok || p.err != nil || p.pos < len(name) || local == "*" {
		return malformed("There is no such type.", "@name or namespace::prefix", kind)
	}
	if n.attr(space, local) >= 0 {
		return failed("The element has the attribute already.", "an attribute that is not there; or the operation replace", "@"+name)
	}
	if prefix, _, prefixed := strings.Cut(name, ":"); prefixed {
		if there, known := n.namespace(prefix); !known || there != space {
			return failed("The prefix of the attribute is not declared at the element.", "a prefix in use there", prefix)
		}
	}
	n.attrs = append(n.attrs, attr{name, local, space, op.content()})
	n.touch()
	return nil
}

func replaceXML(at hit, op *node) *fhir.Error {
	n := at.node
	switch at.axis {
	case attributes:
		for i := range n.attrs {
			if n.attrs[i].name == at.name {
				n.attrs[i].value = op.content()
			}
		}
		n.touch()
		return nil
	case namespaces:
		return failed("A namespace cannot be replaced in a resource.", "a path to an element, attribute, text or comment", op.get("sel"))
	case self:
		return malformed("The path in sel cannot be replaced.", "a path to an element, attribute, text or comment", op.get("sel"))
	}
	content := make([]*node, 0, 1)
	for _, c := range copies(op, n.parent) {
		if n.isText() || !c.blank() {
			content = append(content, c)
		}
	}
	if n.isText() {
		for _, c := range content {
			if !c.isText() {
				return failed("Text is replaced by text.", "text", "<"+c.name+">")
			}
		}
	} else if len(content) != 1 || content[0].kind != n.kind {
		return failed("The content of the operation is not what it replaces.", "one "+describe(n), strconv.Itoa(len(content))+" nodes")
	}
	parent, place := n.parent, n.index()
	n.remove()
	parent.insert(place, content...)
	return nil
}

func describe(n *node) string {
	if n.kind == xml.Comment {
		return "comment"
	}
	return "element"
}

func removeXML(at hit, ws string) *fhir.Error {
	n := at.node
	switch at.axis {
	case attributes:
		i := 0
		for n.attrs[i].name != at.name {
			i++
		}
		n.attrs = append(n.attrs[:i:i], n.attrs[i+1:]...)
		n.touch()
		return nil
	case namespaces:
		return failed("A namespace declaration cannot be removed from a resource.", "a path to an element, attribute, text or comment", at.name)
	case self:
		return malformed("The path in sel cannot be removed.", "a path to an element, attribute, text or comment", ".")
	}
	parent, i := n.parent, n.index()
	if ws == "after" || ws == "both" {
		if i+1 >= len(parent.children) || !parent.children[i+1].blank() {
			return failed("There is no white space behind the node.", "white space, as ws asks", ws)
		}
		parent.children[i+1].remove()
	}
	if ws == "before" || ws == "both" {
		if i == 0 || !parent.children[i-1].blank() {
			return failed("There is no white space before the node.", "white space, as ws asks", ws)
		}
		parent.children[i-1].remove()
	}
	n.remove()
	return nil
}
