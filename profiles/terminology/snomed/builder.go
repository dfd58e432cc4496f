package snomed

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/internal/sorting"
)

// Builder collects the content of an edition from the files of a release, or
// from another source of the same identifiers such as dm+d. A row that comes
// again with a later date replaces the earlier one.
type Builder struct {
	concepts   []conceptRow
	names      []nameRow
	text       []byte
	isA        []isARow
	attributes []attributeRow
	history    []historyRow
	preferred  map[uint64]uint8 // description -> rank of the reference set that prefers it
	refsets    map[ID][]ID
	modules    map[ID]map[ID]bool // module -> those it depends on
	dates      map[ID]uint32      // of modules
	newest     uint32
	owned      map[uint32]bool // namespaces that a release brings whole
}

type conceptRow struct {
	id    ID
	date  uint32
	flags uint8
}

type nameRow struct {
	id      uint64
	concept ID
	date    uint32
	at      uint32
	size    uint16
	kind    uint8
	lang    uint8
	active  bool
}

type isARow struct {
	id       uint64
	from, to ID
	date     uint32
	active   bool
}

// attributeRow is a relationship besides is-a.
type attributeRow struct {
	id            uint64
	from, typ, to ID
	date          uint32
	group         uint16
	active        bool
}

// historyRow says what became of a concept that is out of use, by a reference set of
// associations.
type historyRow struct{ refset, from, to ID }

// NewBuilder makes an empty one.
func NewBuilder() *Builder {
	return &Builder{preferred: map[uint64]uint8{}, refsets: map[ID][]ID{}, modules: map[ID]map[ID]bool{}, dates: map[ID]uint32{}, owned: map[uint32]bool{}}
}

// Add puts in a concept of another source with its name, unless a release has
// it.
func (b *Builder) Add(id ID, display string, inactive bool) {
	flags := uint8(active)
	if inactive {
		flags = 0
	}
	b.concepts = append(b.concepts, conceptRow{id: id, flags: flags})
	b.name(nameRow{id: uint64(id), concept: id, active: true}, display)
}

// IsA puts one concept below another.
func (b *Builder) IsA(from, to ID) {
	b.isA = append(b.isA, isARow{from: from, to: to, active: true})
}

// Attribute puts in a relationship besides is-a; those of one group other than 0 belong
// together.
func (b *Builder) Attribute(from, typ, to ID, group int) {
	b.attributes = append(b.attributes, attributeRow{from: from, typ: typ, to: to, group: uint16(group), active: true})
}

// Became puts in what a concept that is out of use is the same as, was replaced by …
func (b *Builder) Became(association, from, to ID) {
	b.history = append(b.history, historyRow{association, from, to})
}

// Member puts a concept into a reference set.
func (b *Builder) Member(refset, concept ID) { b.refsets[refset] = append(b.refsets[refset], concept) }

func (b *Builder) name(row nameRow, term string) {
	if len(term) > 1<<16-1 {
		term = strings.ToValidUTF8(term[:1<<16-1], "")
	}
	row.at, row.size = uint32(len(b.text)), uint16(len(term))
	b.text = append(b.text, term...)
	b.names = append(b.names, row)
}

// Edition puts the release together. The builder must not be used any more.
func (b *Builder) Edition() *Edition {
	e := &Edition{version: b.version(), text: b.text, refsets: map[ID][]uint32{}, namespaces: b.owned, compiled: map[string]*answerSet{}}
	sorting.Stably(b.concepts, func(x, y conceptRow) int { return cmp.Or(cmp.Compare(x.id, y.id), cmp.Compare(x.date, y.date)) })
	for i, c := range b.concepts {
		if i+1 < len(b.concepts) && b.concepts[i+1].id == c.id {
			continue
		}
		e.ids = append(e.ids, c.id)
		e.flags = append(e.flags, c.flags)
	}
	e.ids, e.flags = slices.Clip(e.ids), slices.Clip(e.flags)
	b.concepts = nil
	b.hierarchy(e)
	b.relate(e)
	b.nameAll(e)
	for refset, members := range b.refsets {
		var list []uint32
		for _, m := range members {
			if n, ok := e.find(m); ok {
				list = append(list, n)
			}
		}
		slices.Sort(list)
		e.refsets[refset] = slices.Compact(list)
	}
	return e
}

func (b *Builder) hierarchy(e *Edition) {
	sorting.Stably(b.isA, func(x, y isARow) int { return cmp.Or(cmp.Compare(x.id, y.id), cmp.Compare(x.date, y.date)) })
	up := make([]edge, 0, len(b.isA))
	for i, r := range b.isA {
		if r.id != 0 && i+1 < len(b.isA) && b.isA[i+1].id == r.id || !r.active {
			continue
		}
		from, ok := e.find(r.from)
		to, known := e.find(r.to)
		if ok && known && from != to {
			up = append(up, edge{from, to})
		}
	}
	b.isA = nil
	e.parents = newRuns(len(e.ids), up)
	for i := range up {
		up[i].from, up[i].to = up[i].to, up[i].from
	}
	e.children = newRuns(len(e.ids), up)
	e.ancestors = closed(e.parents)
}

// nameAll gives each concept its names, the one to display first: the synonym
// that the language reference set of the highest rank prefers, else any synonym,
// else the fully specified name without its tag.
func (b *Builder) nameAll(e *Edition) {
	sorting.Stably(b.names, func(x, y nameRow) int { return cmp.Or(cmp.Compare(x.id, y.id), cmp.Compare(x.date, y.date)) })
	rows := b.names[:0]
	for i, r := range b.names {
		if (i+1 == len(b.names) || b.names[i+1].id != r.id) && r.active {
			rows = append(rows, r)
		}
	}
	rank := func(r nameRow) int {
		if r.kind == fsn {
			return -1
		}
		return int(b.preferred[r.id])
	}
	sorting.Stably(rows, func(x, y nameRow) int {
		return cmp.Or(cmp.Compare(x.concept, y.concept), cmp.Compare(rank(y), rank(x)))
	})
	e.names, e.namesFrom = make([]name, 0, len(rows)), make([]uint32, len(e.ids)+1)
	i := 0
	for n, id := range e.ids {
		for i < len(rows) && rows[i].concept < id {
			i++ // of a concept that the release lacks
		}
		e.namesFrom[n] = uint32(len(e.names))
		first := i
		for ; i < len(rows) && rows[i].concept == id; i++ {
			r := rows[i]
			if r.id == uint64(id) && (i > first || i+1 < len(rows) && rows[i+1].concept == id) {
				continue // a name of another source, where the release has its own
			}
			d := name{at: r.at, size: r.size, kind: r.kind, lang: r.lang, rank: b.preferred[r.id]}
			if e.namesFrom[n] == uint32(len(e.names)) && r.kind == fsn { // there is no synonym: show it without its tag
				bare := d
				bare.kind, bare.size = synonym, uint16(len(untagged(string(e.text[d.at:d.at+uint32(d.size)]))))
				e.names = append(e.names, bare)
			}
			e.names = append(e.names, d)
		}
	}
	e.namesFrom[len(e.ids)] = uint32(len(e.names))
	b.names, b.preferred = nil, nil
}

// untagged is a fully specified name without the semantic tag in brackets.
func untagged(s string) string {
	if i := strings.LastIndex(s, " ("); i > 0 && strings.HasSuffix(s, ")") {
		return s[:i]
	}
	return s
}

// version is the URI of the edition: the module that no other depends on, with
// its date. https://confluence.ihtsdotools.org/display/DOCURI
func (b *Builder) version() string {
	if b.newest == 0 {
		return ""
	}
	under := map[ID]bool{}
	for _, needs := range b.modules {
		for m := range needs {
			under[m] = true
		}
	}
	var top ID
	for m, needs := range b.modules {
		if !under[m] && (top == 0 || len(needs) > len(b.modules[top]) || len(needs) == len(b.modules[top]) && m < top) {
			top = m
		}
	}
	if top == 0 {
		return ""
	}
	date := b.dates[top]
	if date == 0 {
		date = b.newest
	}
	return System + "/" + top.String() + "/version/" + ID(date).String()
}
