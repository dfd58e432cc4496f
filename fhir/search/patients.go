package search

import (
	"slices"
	"sync"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// Patients lists the logical ids of the Patients whose record a resource is part
// of: by the parameters of the patient compartment
// (https://hl7.org/fhir/R4/compartmentdefinition-patient.html), and by the
// parameters patient and subject of types that the compartment leaves out, such
// as Task. A Bundle or Parameters is part of the records that the resources in
// it are part of. References by identifier alone name no logical id.
func Patients(r fhir.Node, own Own) []string {
	var ids []string
	typ := r.Get("resourceType").Text()
	if typ == "Patient" {
		ids = append(ids, r.Get("id").Text())
	}
	for _, p := range patientPaths(typ) {
		follow(r, p.steps, func(n fhir.Node) {
			if typ, id := Local(n.Get("reference").Text(), own); typ == "Patient" && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		})
	}
	Inner(r, func(inner fhir.Node) {
		for _, id := range Patients(inner, own) {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	})
	return ids
}

// Inner calls visit for each resource that a Bundle or Parameters carries.
func Inner(r fhir.Node, visit func(fhir.Node)) {
	var carried func(n fhir.Node)
	carried = func(n fhir.Node) {
		if inner := n.Get("resource"); inner.Exists() {
			visit(inner)
		}
		for part := range n.Get("part").Items() {
			carried(part)
		}
	}
	switch r.Get("resourceType").Text() {
	case "Bundle":
		for e := range r.Get("entry").Items() {
			carried(e)
			if outcome := e.Path("response", "outcome"); outcome.Exists() {
				visit(outcome)
			}
		}
	case "Parameters":
		for p := range r.Get("parameter").Items() {
			carried(p)
		}
	}
}

var patientPathsOf sync.Map // resource type -> []path

// patientPaths are the ways to the references by which a type is of a patient.
func patientPaths(typ string) []path {
	if list, ok := patientPathsOf.Load(typ); ok {
		return list.([]path)
	}
	t := r4.TypeOf(typ)
	if t == nil || !r4.IsResource(typ) {
		return nil
	}
	var list []path
	for _, code := range append(slices.Clone(r4.CompartmentParams("Patient", t.Name)), "patient", "subject") {
		param := r4.SearchParameter(t.Name, code)
		if param == nil {
			continue // {def}
		}
		paths, _ := parsePaths(param.Expression)
		for _, p := range paths {
			if p.root == t.Name {
				list = append(list, p)
			}
		}
	}
	found, _ := patientPathsOf.LoadOrStore(t.Name, list)
	return found.([]path)
}

// follow walks the members of a path; what it says about the type of a reference
// is left to who reads the reference.
func follow(n fhir.Node, steps []step, visit func(fhir.Node)) {
	for item := range n.Items() {
		at := item
		for i, s := range steps {
			if s.kind != member {
				continue
			}
			next := at.Get(s.name)
			if !next.Exists() {
				at = fhir.Node{}
				break
			}
			if next.Kind() == fhir.Array {
				follow(next, steps[i+1:], visit)
				at = fhir.Node{}
				break
			}
			at = next
		}
		if at.Exists() {
			visit(at)
		}
	}
}
