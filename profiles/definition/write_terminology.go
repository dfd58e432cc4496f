package definition

import "github.com/pestle-fhir/pestle/fhir"

// Resource writes the value set as a ValueSet.
func (v *ValueSet) Resource() *fhir.Resource {
	return fhir.Obj("resourceType", "ValueSet", "id", ResourceID(v.URL), "url", v.URL, "version", v.Version, "name", v.Name,
		"title", v.Title, "status", status(v.Status), "compose", v.Compose(), "expansion", v.Expansion.write()).Resource()
}

// Compose writes ValueSet.compose.
func (v *ValueSet) Compose() fhir.Value {
	if len(v.Include) == 0 && len(v.Exclude) == 0 {
		return fhir.Value{}
	}
	return fhir.Obj("inactive", optional(v.Inactive), "include", writeSelections(v.Include), "exclude", writeSelections(v.Exclude))
}

func writeSelections(list []Selection) []fhir.Value {
	var out []fhir.Value
	for _, s := range list {
		var filters []fhir.Value
		for _, f := range s.Filters {
			filters = append(filters, fhir.Obj("property", f.Property, "op", f.Op, "value", f.Value))
		}
		out = append(out, fhir.Obj("system", s.System, "version", s.Version, "concept", writeConcepts(s.Concepts), "filter", filters, "valueSet", s.ValueSets))
	}
	return out
}

func (x *Expansion) write() fhir.Value {
	if x == nil {
		return fhir.Value{}
	}
	var list []fhir.Value
	for _, c := range x.Contains {
		list = append(list, c.Contains(nil))
	}
	return fhir.Obj("timestamp", x.Timestamp, "contains", list)
}

// Contains writes the coding as an entry of ValueSet.expansion.contains.
func (c Coding) Contains(designations []Designation) fhir.Value {
	pairs := []any{"system", c.System}
	if c.Abstract {
		pairs = append(pairs, "abstract", true)
	}
	if c.Inactive {
		pairs = append(pairs, "inactive", true)
	}
	return fhir.Obj(append(pairs, "version", c.Version, "code", c.Code, "display", c.Display, "designation", WriteDesignations(designations))...)
}

// Coding writes the coding as a Coding.
func (c Coding) Coding() fhir.Value {
	return fhir.Obj("system", c.System, "version", c.Version, "code", c.Code, "display", c.Display)
}

// WriteDesignations writes concept.designation.
func WriteDesignations(list []Designation) []fhir.Value {
	var out []fhir.Value
	for _, d := range list {
		out = append(out, fhir.Obj("language", d.Language, "use", d.Use.Coding(), "value", d.Value))
	}
	return out
}

// Resource writes the code system as a CodeSystem.
func (s *CodeSystem) Resource() *fhir.Resource {
	var declared []fhir.Value
	for _, d := range s.Declared {
		declared = append(declared, fhir.Obj("code", d.Code, "uri", d.URI, "type", d.Type))
	}
	return fhir.Obj("resourceType", "CodeSystem", "id", ResourceID(s.URL), "language", s.Language, "url", s.URL, "version", s.Version,
		"name", s.Name, "title", s.Title, "status", status(s.Status), "caseSensitive", s.CaseSensitive, "valueSet", s.ValueSet,
		"hierarchyMeaning", s.Hierarchy, "content", s.Content, "supplements", s.Supplements, "property", declared, "concept", writeConcepts(s.Concepts)).Resource()
}

func writeConcepts(list []Concept) []fhir.Value {
	var out []fhir.Value
	for _, c := range list {
		var properties []fhir.Value
		for _, p := range c.Properties {
			properties = append(properties, fhir.Obj("code", p.Code, "value"+p.Type, p.Written()))
		}
		out = append(out, fhir.Obj("code", c.Code, "display", c.Display, "definition", c.Definition,
			"designation", WriteDesignations(c.Designations), "property", properties, "concept", writeConcepts(c.Children)))
	}
	return out
}

// Written is the value of the property as JSON of its type.
func (p Property) Written() any {
	switch p.Type {
	case "Boolean", "Integer", "Decimal":
		return fhir.Raw(p.Value)
	case "Coding":
		return fhir.Obj("system", p.System, "code", p.Value)
	}
	return p.Value
}

// Resource writes the concept map as a ConceptMap.
func (m *ConceptMap) Resource() *fhir.Resource {
	var groups []fhir.Value
	for _, g := range m.Groups {
		var elements []fhir.Value
		for _, e := range g.Elements {
			elements = append(elements, fhir.Obj("code", e.Code, "display", e.Display, "target", writeTargets(e.Targets)))
		}
		groups = append(groups, fhir.Obj("source", g.Source, "target", g.Target, "element", elements,
			"unmapped", fhir.Obj("mode", g.UnmappedMode, "code", g.UnmappedCode, "url", g.UnmappedMap)))
	}
	return fhir.Obj("resourceType", "ConceptMap", "id", ResourceID(m.URL), "url", m.URL, "version", m.Version, "name", m.Name, "title", m.Title,
		"status", status(m.Status), "sourceUri", m.Source, "targetUri", m.Target, "group", groups).Resource()
}

func writeTargets(list []MapTarget) []fhir.Value {
	var out []fhir.Value
	for _, t := range list {
		out = append(out, fhir.Obj("code", t.Code, "display", t.Display, "equivalence", t.Equivalence, "comment", t.Comment,
			"dependsOn", writeDependencies(t.DependsOn), "product", writeDependencies(t.Products)))
	}
	return out
}

func writeDependencies(list []MapDependency) []fhir.Value {
	var out []fhir.Value
	for _, d := range list {
		out = append(out, fhir.Obj("property", d.Property, "system", d.System, "value", d.Value, "display", d.Display))
	}
	return out
}
