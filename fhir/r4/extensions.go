package r4

import "sort"

// Extension is an extension that the specification defines, or a part of one.
type Extension struct {
	URL      string   // of a part: its name
	Modifier bool     // it stands in modifierExtension
	Types    []string // that its value may have; none when it has parts
	Targets  []string // types or profiles that a reference in its value may point to
	Binding  *Binding // of its value, without the codes
	Codes    *CodeSet // of a required binding
	Contexts []ExtensionContext
	When     []string    // FHIRPath that must hold where it is used
	Parts    []Extension // nested extensions, by name
	Required bool        // as a part: it must be there
	Repeats  bool        // it may be there more than once
}

// ExtensionContext is one place where an extension may be used.
type ExtensionContext struct {
	Type       string // element, fhirpath or extension
	Expression string // path of an element, FHIRPath, or URL of an extension
}

// ExtensionByURL finds an extension of the specification; nil if there is none.
func ExtensionByURL(url string) *Extension {
	i := sort.Search(len(extensionTable), func(i int) bool { return extensionTable[i].URL >= url })
	if i < len(extensionTable) && extensionTable[i].URL == url {
		return &extensionTable[i]
	}
	return nil
}

// Part finds a nested extension by its name; nil if there is none.
func (x *Extension) Part(name string) *Extension {
	for i := range x.Parts {
		if x.Parts[i].URL == name {
			return &x.Parts[i]
		}
	}
	return nil
}
