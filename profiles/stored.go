package profiles

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
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

	mu    sync.Mutex
	at    fhir.Seq
	byRef map[string]*stored   // by Type/id
	byURL map[string][]*stored // by type and url
}

// stored is one stored definition.
type stored struct {
	seq      fhir.Seq
	ref, key string // key is the type and url
	version  string // its business version
	set      *definition.Set
}

// Sync takes over what has been committed since the last call. It is cheap
// where nothing was. The error names each definition that cannot be read, or whose
// url is of a built-in or configured one; those have no effect, all others are in.
func (s *Stored) Sync(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byRef == nil {
		s.byRef, s.byURL = map[string]*stored{}, map[string][]*stored{}
	}
	var changed []*fhir.Version
	head := fhir.Seq(0)
	for i, typ := range DefinitionTypes {
		found, asOf, err := s.since(ctx, typ)
		if err != nil {
			return fmt.Errorf("definitions: %w", err)
		}
		changed = slices.AppendSeq(changed, maps.Values(found))
		if i == 0 || asOf < head {
			head = asOf // the next call begins where all types were read
		}
	}
	s.at = max(s.at, head)
	if len(changed) == 0 {
		return nil
	}
	return s.change(changed)
}

// A page of the history grows, since mostly one definition is new.
const (
	firstPage   = 4
	historyPage = 200
)

// since gives the newest version of each resource of a type that has one behind
// the place reached, and the sequence that was read as of.
func (s *Stored) since(ctx context.Context, typ string) (map[string]*fhir.Version, fhir.Seq, error) {
	found := map[string]*fhir.Version{}
	q := fhir.HistoryQuery{Type: typ, Count: firstPage}
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
		q.AsOf, q.Before, q.Count = h.AsOf, h.Next, min(8*q.Count, historyPage)
	}
}

// change takes versions over. All that is stored of the urls they have, and had,
// is taken out of the library and put in again, in the order it was written.
func (s *Stored) change(versions []*fhir.Version) error {
	var fresh []*stored
	var broken []error
	keys := map[string]bool{}
	for _, v := range versions {
		if was := s.byRef[v.Ref()]; was != nil {
			keys[was.key] = true
		}
		now, err := read(v)
		if err != nil {
			broken = append(broken, fmt.Errorf("definitions: %s: %w", v.Ref(), err))
		}
		if s.Library.BuiltIn(v.Type, now.url()) { // since it was stored
			broken = append(broken, fmt.Errorf("definitions: %s has no effect: a definition of its url %s is built in or configured", v.Ref(), now.url()))
		}
		keys[now.key] = true
		fresh = append(fresh, now)
	}
	was := s.of(keys)
	for _, now := range fresh {
		s.replace(now)
	}
	s.Library.ChangeStored(was, s.of(keys))
	return errors.Join(broken...)
}

// read reads a version. One that is deleted or cannot be read defines nothing.
func read(v *fhir.Version) (*stored, error) {
	d := &stored{seq: v.Seq, ref: v.Ref(), set: definition.NewSet()}
	if v.Deleted() {
		return d, nil
	}
	r, err := v.Resource()
	if err != nil {
		return d, err
	}
	d.key, d.version = v.Type+" "+r.Get("url").Text(), r.Get("version").Text()
	_, err = d.set.Add(r, v.Ref())
	return d, err
}

// url is that of a definition, "" for none.
func (d *stored) url() string {
	_, url, _ := strings.Cut(d.key, " ")
	return url
}

// replace puts a definition in the place of its former version.
func (s *Stored) replace(now *stored) {
	if was := s.byRef[now.ref]; was != nil {
		s.byURL[was.key] = slices.DeleteFunc(s.byURL[was.key], func(d *stored) bool { return d == was })
		if len(s.byURL[was.key]) == 0 {
			delete(s.byURL, was.key)
		}
		delete(s.byRef, now.ref)
	}
	if now.key == "" {
		return
	}
	s.byRef[now.ref] = now
	s.byURL[now.key] = append(s.byURL[now.key], now)
}

// of is all that is stored of some urls; of several the one of the newest version
// answers to the url alone, unless one has none, and of one version the one written last.
func (s *Stored) of(keys map[string]bool) *definition.Set {
	set := definition.NewSet()
	for key := range keys {
		list := s.byURL[key]
		sorting.By(list, func(a, b *stored) int {
			if (a.version == "") != (b.version == "") { // the url alone is the name of one without a version
				return len(b.version) - len(a.version)
			}
			return cmp.Or(definition.CompareVersions(a.version, b.version), cmp.Compare(a.seq, b.seq), cmp.Compare(a.ref, b.ref))
		})
		for _, d := range list {
			set.Merge(d.set)
		}
	}
	return set
}
