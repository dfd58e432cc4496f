package terminology

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// The extensions by which R4 carries what expansions have since R5.
const (
	propertyExtension = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.expansion.contains.property"
	declaredExtension = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.expansion.property"
)

// contentsWriter writes the codes of an expansion.
type contentsWriter struct {
	*operations
	properties []string        // which to write
	names      bool            // whether to write other names
	only       []string        // of these languages and uses; none for all
	languages  []string        // of the displays
	versions   map[string]bool // systems of which several versions are there
	declared   []fhir.Value    // the properties that were written, as extensions
	said       []string
}

func (w *contentsWriter) write(c definition.Coding) fhir.Value {
	pairs := []any{}
	var found Concept
	var sys System
	if len(w.properties) > 0 || w.names {
		if sys, _ = w.system(c.System, c.Version); sys != nil {
			found, _ = sys.Lookup(c.Code)
		}
		pairs = append(pairs, "extension", w.extensions(sys, found))
	}
	pairs = append(pairs, "system", c.System)
	if c.Abstract {
		pairs = append(pairs, "abstract", true)
	}
	if c.Inactive {
		pairs = append(pairs, "inactive", true)
	}
	version := ""
	if w.versions[c.System] {
		version = c.Version
	}
	return fhir.Obj(append(pairs, "version", version, "code", c.Code, "display", c.Display, "designation", w.designations(sys, found, c.Display))...)
}

// extensions are the properties that were asked for.
func (w *contentsWriter) extensions(sys System, found Concept) (list []fhir.Value) {
	if sys == nil || len(w.properties) == 0 {
		return nil
	}
	for _, p := range properties(sys, found) {
		if !slices.Contains(w.properties, p.Code) {
			continue
		}
		if !slices.Contains(w.said, p.Code) {
			w.said = append(w.said, p.Code)
			w.declared = append(w.declared, fhir.Obj("url", declaredExtension, "extension", []fhir.Value{
				fhir.Obj("url", "code", "valueCode", p.Code), fhir.Obj("url", "uri", "valueUri", propertyURI(sys, p.Code))}))
		}
		list = append(list, fhir.Obj("url", propertyExtension, "extension", []fhir.Value{
			fhir.Obj("url", "code", "valueCode", p.Code), fhir.Obj("url", "value", "value"+p.Type, p.Written())}))
	}
	return list
}

// propertyURI is what a property means: as its system declares it, else FHIR.
func propertyURI(sys System, code string) string {
	for {
		more, ok := sys.(*supplemented)
		if !ok {
			break
		}
		for _, d := range more.def.Declared {
			if d.Code == code && d.URI != "" {
				return d.URI
			}
		}
		sys = more.System
	}
	if l, ok := sys.(*listed); ok {
		for _, d := range l.def.Declared {
			if d.Code == code && d.URI != "" {
				return d.URI
			}
		}
	}
	return "http://hl7.org/fhir/concept-properties#" + code
}

// designations are the other names of a code, those of the languages and uses
// (system|code, or a language alone) that were asked for. The name that its
// system has for it is one where the display is another.
func (w *contentsWriter) designations(sys System, found Concept, display string) []fhir.Value {
	if !w.names || sys == nil {
		return nil
	}
	list := found.Designations
	if own := languageOf(sys); found.Display != "" && found.Display != display {
		list = append([]definition.Designation{{Language: own, Value: found.Display}}, list...)
	}
	var out []definition.Designation
	for _, d := range list {
		if d.Value == display && found.Display != display && d.Use.Code == "" { // the display is this name
			continue
		}
		if len(w.only) == 0 || slices.ContainsFunc(w.only, func(want string) bool {
			language, bcp := strings.CutPrefix(want, "urn:ietf:bcp:47|")
			return (bcp || !strings.Contains(want, "|")) && d.Language == language ||
				want == d.Use.System+"|"+d.Use.Code
		}) {
			out = append(out, d)
		}
	}
	return definition.WriteDesignations(out)
}

// mixed are the systems that are there in several versions, or of which the value
// set names several.
func (x *Expansion) mixed() map[string]bool {
	seen := map[string]string{}
	out := map[string]bool{}
	for _, sel := range x.ValueSet.Include {
		if other, there := seen[sel.System]; there && other != sel.Version {
			out[sel.System] = true
		}
		seen[sel.System] = sel.Version
	}
	clear(seen)
	for _, canonical := range x.Systems {
		url, version := definition.SplitCanonical(canonical)
		if other, there := seen[url]; there && other != version {
			out[url] = true
		}
		seen[url] = version
	}
	return out
}
