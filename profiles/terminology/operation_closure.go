package terminology

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// maxClosure bounds how many codes a table takes, since each new one is held
// against all others.
const maxClosure = 20_000

// closure is https://hl7.org/fhir/R4/conceptmap-operation-closure.html. The
// table of a name is a stored ConceptMap without a url; its version is that of
// the table, so that a client that lost track can ask for all since a version.
// An element of it is a code of the client's, and its targets are the codes
// that subsume it.
func (o *operations) closure(ctx context.Context, in *input) (fhir.Value, error) {
	name := in.text("name")
	if name == "" {
		return fhir.Value{}, in.missing("name", "the name of the table")
	}
	id := "closure-" + definition.ResourceID(name)
	if len(id) > 64 || definition.ResourceID(name) != name {
		return fhir.Value{}, fhir.E(in.op, fhir.Invalid, fhir.Issue{Message: "The name of the table is malformed.", Expected: "at most 56 of the characters a-z, A-Z, 0-9, - and .", Found: name})
	}
	concepts, since := in.codings("concept"), in.text("version")
	if in.issues != nil {
		return fhir.Value{}, nil
	}
	if len(concepts) > 0 && since != "" {
		return fhir.Value{}, fhir.E(in.op, fhir.Invalid, fhir.Issue{Message: "Codes are added or the table is read, not both at once.", Expected: "concept or version"})
	}
	current, err := o.db.Read(ctx, "ConceptMap", id)
	if err != nil && !isNotFound(err) {
		return fhir.Value{}, err
	}
	exists := err == nil && !current.Deleted()
	switch {
	case since != "":
		return o.closureSince(ctx, in, current, exists, since)
	case len(concepts) == 0: // begin, or begin anew
		return o.keep(ctx, in, id, current, &definition.ConceptMap{Name: name}, nil)
	case !exists:
		return fhir.Value{}, fhir.E(in.op, fhir.NotFound, fhir.Issue{Message: "There is no table of this name.", Found: name, Fix: "Begin one by calling $closure with its name alone."})
	}
	r, err := current.Resource()
	if err != nil {
		return fhir.Value{}, err
	}
	table := definition.ReadConceptMap(r)
	added, err := o.extend(in, table, concepts)
	if err != nil {
		return fhir.Value{}, err
	}
	return o.keep(ctx, in, id, current, table, added)
}

// extend puts codes into a table and gives the relations that are new.
func (o *operations) extend(in *input, table *definition.ConceptMap, concepts []definition.Coding) ([]definition.MapGroup, error) {
	var added []definition.MapGroup
	for _, c := range concepts {
		found, sys, err := o.Lookup(c.System, c.Version, c.Code)
		if err != nil {
			return nil, err
		}
		g := groupOf(&table.Groups, c.System)
		if slices.ContainsFunc(g.Elements, func(e definition.MapElement) bool { return e.Code == found.Code }) {
			continue
		}
		if len(g.Elements) >= maxClosure {
			return nil, fhir.E(in.op, fhir.TooCostly, fhir.Issue{Message: "The table is full.", Expected: "at most " + strconv.Itoa(maxClosure) + " codes of a system"})
		}
		g.Elements = append(g.Elements, definition.MapElement{Code: found.Code})
		for i := range g.Elements[:len(g.Elements)-1] {
			other := g.Elements[i].Code
			switch relation(sys, found.Code, other) {
			case Subsumes:
				relate(g, &added, other, found.Code)
			case SubsumedBy:
				relate(g, &added, found.Code, other)
			}
		}
	}
	return added, nil
}

// relate notes in the table and among what is new that one code is subsumed by
// another. R4 writes a relation from the narrower code to the wider one, whose
// equivalence says what the target is to the source.
func relate(g *definition.MapGroup, added *[]definition.MapGroup, narrow, wide string) {
	for _, into := range []*definition.MapGroup{g, groupOf(added, g.Source)} {
		i := slices.IndexFunc(into.Elements, func(e definition.MapElement) bool { return e.Code == narrow })
		if i < 0 {
			into.Elements = append(into.Elements, definition.MapElement{Code: narrow})
			i = len(into.Elements) - 1
		}
		into.Elements[i].Targets = append(into.Elements[i].Targets, definition.MapTarget{Code: wide, Equivalence: "subsumes"})
	}
}

func groupOf(groups *[]definition.MapGroup, system string) *definition.MapGroup {
	for i := range *groups {
		if (*groups)[i].Source == system {
			return &(*groups)[i]
		}
	}
	*groups = append(*groups, definition.MapGroup{Source: system, Target: system})
	return &(*groups)[len(*groups)-1]
}

// keep stores a table, unless another call was quicker, and answers with what
// is new in it.
func (o *operations) keep(ctx context.Context, in *input, id string, before *fhir.Version, table *definition.ConceptMap, added []definition.MapGroup) (fhir.Value, error) {
	table.Status = "active"
	bare := table.Resource()
	e := fhir.NewEdit(bare)
	e.Set(bare.Root(), "id", strconv.Quote(id))
	r, err := e.Apply()
	if err != nil {
		return fhir.Value{}, err
	}
	change := fhir.Change{Method: fhir.Update, Type: "ConceptMap", ID: id, Resource: r}
	if before != nil {
		change.IfMatch = before.VersionID
	}
	done, err := o.db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{change}, Requester: in.call.Requester, RequestID: in.call.RequestID})
	if err != nil {
		return fhir.Value{}, err
	}
	return closureAnswer(table.Name, done.Results[0].Version.VersionID, added), nil
}

// closureSince answers with what was added after a version, "0" for all.
func (o *operations) closureSince(ctx context.Context, in *input, current *fhir.Version, exists bool, since string) (fhir.Value, error) {
	if !exists {
		return fhir.Value{}, fhir.E(in.op, fhir.NotFound, fhir.Issue{Message: "There is no table of this name.", Found: in.text("name"), Fix: "Begin one by calling $closure with its name alone."})
	}
	r, err := current.Resource()
	if err != nil {
		return fhir.Value{}, err
	}
	table, old := definition.ReadConceptMap(r), &definition.ConceptMap{}
	if since != "0" {
		v, err := o.db.VRead(ctx, "ConceptMap", current.ID, since)
		if err != nil {
			return fhir.Value{}, err
		}
		if r, err = v.Resource(); err != nil {
			return fhir.Value{}, err
		}
		if r != nil {
			old = definition.ReadConceptMap(r)
		}
	}
	return closureAnswer(table.Name, current.VersionID, without(table.Groups, old.Groups)), nil
}

// without gives the relations of a table that an older one does not have.
func without(groups, old []definition.MapGroup) []definition.MapGroup {
	had := map[string]bool{}
	key := func(system, narrow, wide string) string { return strings.Join([]string{system, narrow, wide}, "\x00") }
	for _, g := range old {
		for _, e := range g.Elements {
			for _, t := range e.Targets {
				had[key(g.Source, e.Code, t.Code)] = true
			}
		}
	}
	var out []definition.MapGroup
	for _, g := range groups {
		for _, e := range g.Elements {
			for _, t := range e.Targets {
				if !had[key(g.Source, e.Code, t.Code)] {
					fresh := groupOf(&out, g.Source)
					i := slices.IndexFunc(fresh.Elements, func(o definition.MapElement) bool { return o.Code == e.Code })
					if i < 0 {
						fresh.Elements = append(fresh.Elements, definition.MapElement{Code: e.Code})
						i = len(fresh.Elements) - 1
					}
					fresh.Elements[i].Targets = append(fresh.Elements[i].Targets, t)
				}
			}
		}
	}
	return out
}

func closureAnswer(name, version string, groups []definition.MapGroup) fhir.Value {
	m := &definition.ConceptMap{Name: name, Version: version, Groups: groups}
	r := m.Resource()
	var group any = r.Get("group")
	return fhir.Obj("resourceType", "ConceptMap", "version", version, "name", name, "status", "active", "group", group)
}
