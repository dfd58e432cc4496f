package profiles

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// readExtension takes from the StructureDefinition of an extension what
// [extensionRules] checks; nil when it is none. A differential serves as well
// as a snapshot, because extensions are flat.
func readExtension(sd *fhir.Resource) *r4.Extension {
	if sd == nil || sd.Get("type").Text() != "Extension" {
		return nil
	}
	x := &r4.Extension{URL: sd.Get("url").Text()}
	for c := range sd.Get("context").Items() {
		x.Contexts = append(x.Contexts, r4.ExtensionContext{Type: c.Get("type").Text(), Expression: c.Get("expression").Text()})
	}
	for rule := range sd.Get("contextInvariant").Items() {
		x.When = append(x.When, rule.Text())
	}
	elements := sd.Root().Path("snapshot", "element")
	if !elements.Exists() {
		elements = sd.Root().Path("differential", "element")
	}
	for e := range elements.Items() {
		if e.Get("id").Text() == "Extension" || e.Get("path").Text() == "Extension" {
			x.Modifier = e.Get("isModifier").Bool()
		}
	}
	readExtensionContent(x, "Extension", elements)
	return x
}

func readExtensionContent(x *r4.Extension, id string, elements fhir.Node) {
	for e := range elements.Items() {
		rest, under := strings.CutPrefix(e.Get("id").Text(), id+".")
		if !under || strings.Contains(rest, ".") || e.Get("max").Text() == "0" {
			continue
		}
		switch {
		case strings.HasPrefix(rest, "value"):
			for t := range e.Get("type").Items() {
				x.Types = append(x.Types, t.Get("code").Text())
			}
		case strings.HasPrefix(rest, "extension:"):
			p := r4.Extension{URL: e.Get("sliceName").Text(), Repeats: e.Get("max").Text() != "1",
				Required: e.Get("min").Text() != "0" && e.Get("min").Exists()}
			for u := range elements.Items() {
				if u.Get("id").Text() == e.Get("id").Text()+".url" && u.Get("fixedUri").Exists() {
					p.URL = u.Get("fixedUri").Text()
				}
			}
			readExtensionContent(&p, e.Get("id").Text(), elements)
			x.Parts = append(x.Parts, p)
		}
	}
}
