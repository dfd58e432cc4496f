package profiles

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// History is where the versions of stored definitions are read.
type History interface {
	History(ctx context.Context, q fhir.HistoryQuery) (*fhir.History, error)
}

// DefinitionTypes are the types of the resources that define something here.
var DefinitionTypes = []string{"StructureDefinition", "ValueSet", "CodeSystem", "ConceptMap"}

// Stored brings the definitions that are stored on a server into a library. A
// definition that is updated or deleted there is replaced or gone here. It
// reads no more of the log than the versions of the types that define.
type Stored struct {
	Library *Library
	From    History

	mu      sync.Mutex
	at      fhir.Seq
	current map[string]*fhir.Version // by Type/id
}

// Sync takes over what has been committed since the last call. It is cheap
// where nothing was. The error names each definition that cannot be read; those
// stay out, all others are in.
func (s *Stored) Sync(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil {
		s.current = map[string]*fhir.Version{}
	}
	changed, head := false, fhir.Seq(0)
	for i, typ := range DefinitionTypes {
		found, asOf, err := s.since(ctx, typ)
		if err != nil {
			return fmt.Errorf("definitions: %w", err)
		}
		for ref, v := range found {
			s.current[ref] = v
			changed = true
		}
		if i == 0 || asOf < head {
			head = asOf // the next call begins where all types were read
		}
	}
	s.at = max(s.at, head)
	if !changed {
		return nil
	}
	return s.define()
}

const historyPage = 200

// since gives the newest version of each resource of a type that has one behind
// the place reached, and the sequence that was read as of.
func (s *Stored) since(ctx context.Context, typ string) (map[string]*fhir.Version, fhir.Seq, error) {
	found := map[string]*fhir.Version{}
	q := fhir.HistoryQuery{Type: typ, Count: historyPage}
	for {
		h, err := s.From.History(ctx, q)
		if err != nil {
			return nil, 0, err
		}
		for _, v := range h.Versions {
			if v.Seq <= s.at {
				return found, h.AsOf, nil
			}
			if _, newer := found[v.Ref()]; !newer {
				found[v.Ref()] = v
			}
		}
		if h.Next == (fhir.LogPlace{}) {
			return found, h.AsOf, nil
		}
		q.AsOf, q.Before = h.AsOf, h.Next
	}
}

// define gives the library all that stands, in the order it was written.
func (s *Stored) define() error {
	var list []*fhir.Version
	for ref, v := range s.current {
		if v.Deleted() {
			delete(s.current, ref)
			continue
		}
		list = append(list, v)
	}
	slices.SortFunc(list, func(a, b *fhir.Version) int {
		return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Ref(), b.Ref()))
	})
	set := definition.NewSet()
	var broken []error
	for _, v := range list {
		r, err := v.Resource()
		if err == nil && s.Library.BuiltIn(v.Type, r.Get("url").Text()) {
			err = errors.New("its url is of a built-in definition, which it does not replace")
		}
		if err == nil {
			_, err = set.Add(r, v.Ref())
		}
		if err != nil {
			broken = append(broken, fmt.Errorf("definitions: %s: %w", v.Ref(), err))
		}
	}
	s.Library.SetStored(set)
	return errors.Join(broken...)
}
