package xml

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

type binding struct{ prefix, uri string }

// declare brings the namespace declarations of a start tag into force.
func (s *Scanner) declare() error {
	for _, d := range s.decls {
		uri := AttrValue(d.Raw)
		switch {
		case d.Local == "xmlns" || uri == xmlnsSpace || (d.Local == "xml") != (uri == xmlSpace):
			return s.fail(d.At, "The prefixes xml and xmlns belong to XML.", "another prefix")
		case d.Local != "" && uri == "":
			return s.fail(d.At, "A prefix stands for no namespace.", "a URI")
		}
		if len(s.bindings) >= maxNamespaces {
			return s.tooMany(d.At, "Too many namespaces are declared.", maxNamespaces)
		}
		s.bindings = append(s.bindings, binding{d.Local, uri})
	}
	return nil
}

func (s *Scanner) attributeSpace(i int) error {
	a := &s.attrs[i]
	if strings.IndexByte(a.Name, ':') < 0 {
		a.Local = a.Name
		return nil
	}
	var err error
	if a.Space, a.Local, err = s.resolve(a.Name, a.At, false); err != nil {
		return err
	}
	for _, other := range s.attrs[:i] {
		if other.Local == a.Local && other.Space == a.Space {
			return s.fail(a.At, "The element has the attribute "+a.Local+" twice in one namespace.", "each attribute once")
		}
	}
	return nil
}

// resolve finds the namespace of a name.
func (s *Scanner) resolve(name string, at int, element bool) (space, local string, err error) {
	prefix, local, prefixed := strings.Cut(name, ":")
	if !prefixed {
		prefix, local = "", name
	} else if prefix == "" || local == "" || strings.IndexByte(local, ':') >= 0 || !nameStart[local[0]] {
		return "", "", s.failAs(fhir.Invalid, at, "This is no name with a namespace prefix.", "prefix:name", name)
	}
	if prefix == "xml" {
		return xmlSpace, local, nil
	}
	if element || prefixed {
		for i := len(s.bindings) - 1; i >= 0; i-- {
			if s.bindings[i].prefix == prefix {
				return s.bindings[i].uri, local, nil
			}
		}
	}
	if prefixed {
		return "", "", s.failAs(fhir.Invalid, at, "The namespace prefix is not declared.", `xmlns:`+prefix+`="…" on this element or one around it`, name)
	}
	return "", local, nil
}

// prefixed reports whether any prefix is declared at this place.
func (s *Scanner) prefixed() bool {
	for _, b := range s.bindings {
		if b.prefix != "" {
			return true
		}
	}
	return false
}
