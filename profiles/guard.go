package profiles

import (
	"context"
	"slices"
	"sync"
	"weak"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/profiles/snapshot"
)

// Guard vetoes definitions that would take others away: one whose url is of a
// built-in or configured definition, in whatever version, and a profile or
// extension that cannot be built, whose rules nobody could check. It is asked
// within the commit, so that no way of writing goes around it.
func (l *Library) Guard(_ context.Context, _ fhir.State, tx *fhir.Transaction, _, after *fhir.Version) error {
	if after.Deleted() || !slices.Contains(DefinitionTypes, after.Type) {
		return nil
	}
	r, err := after.Resource()
	if err != nil {
		return err
	}
	url := r.Get("url")
	if l.BuiltIn(after.Type, url.Text()) {
		return fhir.E("definition", fhir.BusinessRule, fhir.Issue{Rule: "built-in", Expression: after.Type + ".url", Position: url.Position(),
			Message: "A definition of this url is built in or configured, and cannot be replaced by a stored one.", Found: url.Text(), Expected: "a url of your own",
			Fix: "Derive a profile from it, or have the operator of the server load another version: pestle definitions add."})
	}
	if l.Entry(after.Type, after.ID) != nil {
		return fhir.E("definition", fhir.BusinessRule, fhir.Issue{Rule: "built-in", Expression: after.Type + ".id",
			Message: "A built-in or configured definition has this id.", Found: after.ID, Expected: "another id"})
	}
	if after.Type != "StructureDefinition" || url.Text() == "" {
		return nil
	}
	if err := l.builds(r, tx); err != nil {
		i := unbuildable(err)
		i.Expression, i.Fix = "StructureDefinition.differential", "Store the definitions that it is based on before it, or in the same transaction."
		return fhir.E("definition", fhir.BusinessRule, i)
	}
	return nil
}

// unbuildable says why a structure cannot be built.
func unbuildable(err error) fhir.Issue {
	return fhir.Issue{Code: fhir.BusinessRule, Rule: definitionRule, Message: "The definition cannot be built, so that its rules could not be checked: " + err.Error() + "."}
}

// BuiltIn reports whether a url, with or without a version, is of a definition
// that is built in or that was configured at start.
func (l *Library) BuiltIn(typ, url string) bool {
	bare, _ := definition.SplitCanonical(url)
	l.mu.RLock()
	defer l.mu.RUnlock()
	return bare != "" && l.builtIn(typ, bare)
}

// builtIn is [Library.BuiltIn] of a library that is locked, for a url without a
// version.
func (l *Library) builtIn(typ, url string) bool {
	if typ == "StructureDefinition" {
		return l.own.Has(typ, url) || r4.ExtensionByURL(url) != nil || snapshot.New(definition.NewSet()).Lookup(url) != nil
	}
	return l.terms.BuiltIn(typ, url)
}

// builds returns why a structure cannot be built of the library and of what the
// transaction writes.
func (l *Library) builds(r *fhir.Resource, tx *fhir.Transaction) error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	s := definition.ReadStructure(r)
	_, err := snapshot.New(l.beside.of(tx), l.set).Generate(s)
	return err
}

// misfit returns why a structure does not fit its base; nil where the base is not
// known, which may come with it.
func (l *Library) misfit(s *definition.Structure, told snapshot.Watcher) error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	g := snapshot.New(l.set)
	if g.Lookup(s.Base) == nil {
		return nil
	}
	return g.Watch(s, told)
}

// beside is the structures that one transaction writes, which are read once.
type beside struct {
	mu  sync.Mutex
	tx  weak.Pointer[fhir.Transaction] // which is not kept for it
	set *definition.Set
}

func (b *beside) of(tx *fhir.Transaction) *definition.Set {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.set != nil && b.tx == weak.Make(tx) {
		return b.set
	}
	b.tx, b.set = weak.Make(tx), definition.NewSet()
	for i := range tx.Changes {
		if c := &tx.Changes[i]; c.Type == "StructureDefinition" && c.Resource != nil && c.Resource.Get("url").Text() != "" {
			b.set.AddStructure(definition.ReadStructure(c.Resource))
		}
	}
	return b.set
}
