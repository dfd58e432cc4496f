package profiles

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/profiles/snapshot"
	"github.com/pestle-fhir/pestle/profiles/terminology"
)

// Library is the definitions beyond base R4 that resources are held to, and
// which of them applies where. Profiles are compiled when first used. It is
// safe for concurrent use, also while definitions are added.
type Library struct {
	terms *terminology.Service

	mu       sync.RWMutex
	own      *definition.Set // built in and configured
	stored   *definition.Set // stored on the server; those of urls that own has are left out
	beside   beside          // of the transaction that is guarded
	set      *definition.Set // both
	listing  *catalogue      // of own; nil until it is asked for
	snap     *snapshot.Generator
	names    []string            // urls of set; nil until they are asked for
	near     map[string][]string // of names, by what they may be misspelt as
	programs map[string]*program // by key
	compiled map[string][]string // the keys of programs, by url
	// extensions are by url, of those that were met.
	extensions map[string]*r4.Extension
	policy     map[string]string // resource type -> canonical
	strict     bool
	messages   map[string]Message // by event code
	severity   map[string]fhir.Severity
	evolving   []string // prefixes of code systems, see SetEvolving
	rules      []Rule
	covers     map[string]string // invariant key -> id of the rule that asks for the same
}

// Message says which profiles the resources of a message have.
type Message struct {
	Event  string            // code of MessageHeader.eventCoding
	Bundle string            // canonical of the Bundle's profile, "" for none
	Focus  map[string]string // resource type -> canonical
}

// NewLibrary makes a library of definitions. Codes are answered by the
// terminology service, which must know the value sets of the definitions.
func NewLibrary(set *definition.Set, terms *terminology.Service) *Library {
	l := &Library{terms: terms, own: set, stored: definition.NewSet(),
		policy: map[string]string{}, messages: map[string]Message{}, severity: map[string]fhir.Severity{}, covers: map[string]string{}}
	l.rebuild()
	return l
}

// SetPolicy says to which profile a resource is held that names none itself, by
// type. What such a resource says must be right by the profile; what it leaves
// out of it, although the profile asks for it, is an error only where strict
// is set, and else a warning.
func (l *Library) SetPolicy(byType map[string]string, strict bool) {
	l.policy, l.strict = maps.Clone(byType), strict
}

// SetMessages says to which profiles messages are held.
func (l *Library) SetMessages(list []Message) {
	for _, m := range list {
		l.messages[m.Event] = m
	}
}

// SetEvolving names code systems, by how their urls begin, that get new codes
// without this library learning of them: an unknown code of one is a warning, and
// an error only where it is said to be of the version that is at hand.
func (l *Library) SetEvolving(prefixes ...string) { l.evolving = prefixes }

// evolves reports whether a code system may have codes that are not known here.
func (l *Library) evolves(system string) bool {
	return slices.ContainsFunc(l.evolving, func(prefix string) bool { return strings.HasPrefix(system, prefix) })
}

// Terminology is the service that answers for codes.
func (l *Library) Terminology() *terminology.Service { return l.terms }

// Define adds definitions; those of the same canonical are replaced.
func (l *Library) Define(set *definition.Set) {
	l.mu.Lock()
	defer l.mu.Unlock()
	own := definition.NewSet()
	own.Merge(l.own)
	own.Merge(set)
	l.own, l.listing = own, nil
	l.rebuild()
	l.terms.Define(set)
}

// Replace puts the definitions that another library has, beyond those stored on
// the server, in the place of this one's. What the other one knows besides
// definitions is left out: policies, severities, messages, releases of code systems.
func (l *Library) Replace(by *Library) {
	by.mu.RLock()
	own := by.own
	by.mu.RUnlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.own, l.listing = own, nil
	l.rebuild()
	l.terms.Replace(by.terms.Definitions())
}

// ChangeStored replaces some of the definitions that are stored on the server. One
// of a url that is built in or configured, which a later program or a command may
// have added, has no effect until that is gone. Only what was compiled of them is
// forgotten.
func (l *Library) ChangeStored(was, now *definition.Set) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.set.Change(was, now.Without(l.builtIn), l.own)
	l.stored.Change(was, now, definition.NewSet())
	l.forget(was, now)
	l.terms.ChangeStored(was, now)
}

// forget drops what was compiled of structures that change, and of those that
// are built on them.
func (l *Library) forget(changed ...*definition.Set) {
	var urls []string
	for _, set := range changed {
		for _, s := range set.Structures {
			urls = append(urls, s.URL)
		}
	}
	if len(urls) == 0 {
		return
	}
	l.names, l.near = nil, nil
	for _, url := range l.snap.Forget(urls...) {
		delete(l.extensions, url)
		for _, key := range l.compiled[url] {
			delete(l.programs, key)
		}
		delete(l.compiled, url)
	}
}

// rebuild puts the layers together and forgets what was compiled of them.
func (l *Library) rebuild() {
	l.set = definition.NewSet()
	l.set.Merge(l.own)
	l.set.Merge(l.stored.Without(l.builtIn))
	l.snap, l.programs, l.extensions = snapshot.New(l.set), map[string]*program{}, map[string]*r4.Extension{}
	l.names, l.near = nil, nil
	l.compiled = map[string][]string{}
}

// Structures lists the canonicals of all profiles and extensions.
func (l *Library) Structures() []string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var out []string
	for _, url := range slices.Sorted(maps.Keys(l.set.Structures)) {
		if !strings.Contains(url, "|") {
			out = append(out, l.set.Structures[url].Canonical())
		}
	}
	return out
}

// Structure finds a definition with its snapshot; nil if there is none.
func (l *Library) Structure(canonical string) (*definition.Structure, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.whole(canonical)
}

// whole is [Library.Structure] of a library that is locked.
func (l *Library) whole(canonical string) (*definition.Structure, error) {
	s := l.snap.Lookup(canonical)
	if s == nil {
		return nil, nil
	}
	list, err := l.snap.Generate(s)
	if err != nil {
		return nil, err
	}
	whole := *s
	whole.Snapshot = list
	return &whole, nil
}

// program is the compiled profile of a canonical; nil when the library does not
// have it or it asks nothing beyond its type. What is not known is not
// remembered: resources may name whatever they like.
func (l *Library) program(canonical string) *program {
	l.mu.RLock()
	p, ok := l.programs[l.key(canonical)]
	known := ok || l.find(canonical) != nil || r4.ExtensionByURL(canonical) != nil
	l.mu.RUnlock()
	if ok || !known {
		return p
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	key := l.key(canonical)
	if p, ok := l.programs[key]; ok {
		return p
	}
	s := l.find(canonical)
	if s == nil && r4.ExtensionByURL(canonical) != nil {
		s = l.snap.Lookup(canonical)
	}
	if s == nil {
		return nil
	}
	p = l.compile(s)
	key = strings.Clone(key) // the text of a canonical may hold a whole resource
	l.programs[key] = p
	l.compiled[s.URL] = append(l.compiled[s.URL], key)
	return p
}

// key is the name in the set that answers to a canonical, which is as it is
// where nothing does: a version must match when both sides have one.
func (l *Library) key(canonical string) string {
	if _, ok := l.set.Structures[canonical]; ok {
		return canonical
	}
	url, version := definition.SplitCanonical(canonical)
	if s, ok := l.set.Structures[url]; ok && (version == "" || s.Version == "") {
		return url
	}
	return canonical
}

// find looks for a definition of this library.
func (l *Library) find(canonical string) *definition.Structure {
	return l.set.Structures[l.key(canonical)]
}

// knows reports whether there is a definition of that canonical, in whatever
// version.
func (l *Library) knows(canonical string) (*definition.Structure, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if s := l.find(canonical); s != nil {
		return s, true
	}
	url, _ := definition.SplitCanonical(canonical)
	s, ok := l.set.Structures[url]
	return s, ok
}

// urls lists the urls of all profiles, without versions. The list is shared.
func (l *Library) urls() []string {
	l.mu.RLock()
	out := l.names
	l.mu.RUnlock()
	if out != nil {
		return out
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	out = []string{}
	for url := range l.set.Structures {
		if !strings.Contains(url, "|") {
			out = append(out, url)
		}
	}
	slices.Sort(out)
	l.names = out
	return out
}

// derived lists the profiles that are based on one.
func (l *Library) derived(base string) []string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var out []string
	for url, s := range l.set.Structures {
		if of, _ := definition.SplitCanonical(s.Base); of == base && !strings.Contains(url, "|") {
			out = append(out, url)
		}
	}
	slices.Sort(out)
	return out
}
