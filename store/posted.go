package store

import (
	"bytes"
	"cmp"
	"slices"
	"sync"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store/kv"
)

// postings keeps in memory which resources have some keys of the index: those in whose
// rows searches leap to and fro, since another stream is about few of them, such as what an
// organisation owns among all that is active. A leap is a search in the files of the
// engine, and to ask a set of bits is none. It is kept in memory alone, made beside other
// work, and kept up by what is written. nil keeps nothing.
type postings struct {
	db       *DB
	mu       sync.Mutex
	by       map[string]*posting // by key with its parameter and type
	touched  [1 << 12]fhir.Seq   // by the hash of a key: the last commit that wrote rows of it
	used     uint64              // how often one was asked for
	learning bool
}

// posting are the resources that have a key.
type posting struct {
	ready   bool
	bits    *bitset  // as of base; it never changes. nil where there are too many
	base    fhir.Seq // it is not known what held before
	changes []gained // since, in the order of the commits
	used    uint64
}

// gained says that a resource got a key with a commit, or lost it.
type gained struct {
	seq fhir.Seq
	rid rid
	has bool
}

// postedLimits say after how many leaps of one search the resources of a key are kept, how
// many rows it may have, how many keys are kept with how many bytes altogether, how many
// changes are remembered beside the bits, and whether a key is read beside other work.
// Variables, so that tests can make them small.
var postedLimits = struct {
	leaps, rows, keys, bytes, changes int
	beside                            bool
}{leaps: 32, rows: 1 << 21, keys: 64, bytes: 32 << 20, changes: 256, beside: true}

// get is the stream of a key as of a sequence, where it is known.
func (p *postings) get(key string, at fhir.Seq) (stream, bool) {
	if p == nil {
		return nil, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.by[key]
	if one == nil || one.bits == nil || one.base > at {
		return nil, false
	}
	p.used++
	one.used = p.used
	n := len(one.changes)
	for n > 0 && one.changes[n-1].seq > at {
		n--
	}
	return postedStream(one.bits, one.changes[:n]), true
}

// want has a key learned, unless that is done already or another one is.
func (p *postings) want(typ, param string, key []byte) {
	full := string(append(keyParam(typ, param), key...))
	p.mu.Lock()
	if p.learning || p.by[full] != nil {
		p.mu.Unlock()
		return
	}
	p.learning = true
	p.mu.Unlock()
	read := func() {
		_ = p.db.look("learn", 0, func(v view) error { return p.learn(v, typ, param, key, full) }) // it is asked for again
		p.mu.Lock()
		p.learning = false
		p.mu.Unlock()
	}
	if !postedLimits.beside {
		read()
		return
	}
	go read()
}

// learn reads the rows of a key.
func (p *postings) learn(v view, typ, param string, key []byte, full string) error {
	one := &posting{base: v.at}
	if !p.begin(full, one) {
		return nil
	}
	w, bits, n := v.rows(typ, param, search.Range{Lo: key, Exact: true}, false), &bitset{}, 0
	for w.next() && n <= postedLimits.rows && !(n%1024 == 0 && p.db.isClosing()) {
		n++
		bits.add(w.rid)
	}
	err := w.close()
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.by[full] != one: // it was given up meanwhile
	case err != nil || p.db.isClosing():
		delete(p.by, full)
	case n > postedLimits.rows:
		one.ready, one.changes = true, nil
	default:
		one.ready, one.bits = true, bits
		p.evict()
	}
	return err
}

// begin has the changes of a key gathered from its base on; false where some are missed.
func (p *postings) begin(full string, one *posting) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.touched[bucket([]byte(full))] > one.base {
		return false
	}
	if p.by == nil {
		p.by = map[string]*posting{}
	}
	p.used++
	one.used = p.used
	p.by[full] = one
	return true
}

// evict gives up those that were asked for the longest ago, where there are too many.
func (p *postings) evict() {
	size := 0
	for _, one := range p.by {
		size += one.size()
	}
	for len(p.by) > postedLimits.keys || size > postedLimits.bytes {
		oldest := ""
		for key, one := range p.by {
			if one.ready && (oldest == "" || one.used < p.by[oldest].used) {
				oldest = key
			}
		}
		if oldest == "" {
			return
		}
		size -= p.by[oldest].size()
		delete(p.by, oldest)
	}
}

func (one *posting) size() int {
	if one.bits == nil {
		return 0
	}
	return 8 * len(one.bits.words)
}

// wrote takes what was written with the commits behind one, up to another one, before
// anybody sees it.
func (p *postings) wrote(behind, upTo fhir.Seq, ops []kv.Op) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var grown []*posting
	for _, op := range ops {
		if op.Key[0] != tableIndex {
			continue
		}
		key, r, from := splitRow(op.Key, 0)
		b := bucket(key)
		p.touched[b] = max(p.touched[b], upTo)
		one := p.by[string(key)]
		switch {
		case one == nil || one.ready && one.bits == nil:
			continue
		case op.Value == nil: // what is purged has no history
			delete(p.by, string(key))
			continue
		}
		if !slices.Contains(grown, one) {
			grown = append(grown, one)
		}
		if from > behind {
			one.changes = append(one.changes, gained{from, r, true})
		}
		if len(op.Value) == seqLen {
			one.changes = append(one.changes, gained{fhir.Seq(getUint(op.Value)), r, false})
		}
	}
	for _, one := range grown {
		one.settle(behind, upTo)
	}
}

// settle brings the changes into the order of the commits, and into the bits where there
// are many of them. Who reads has the slice as it was.
func (one *posting) settle(behind, upTo fhir.Seq) {
	n := len(one.changes)
	for n > 0 && one.changes[n-1].seq > behind {
		n--
	}
	slices.SortStableFunc(one.changes[n:], func(a, b gained) int { return cmp.Compare(a.seq, b.seq) })
	if one.bits == nil || len(one.changes) <= postedLimits.changes {
		return
	}
	bits := &bitset{words: slices.Clone(one.bits.words)}
	for _, c := range one.changes {
		if c.has {
			bits.add(c.rid)
		} else {
			bits.remove(c.rid)
		}
	}
	one.bits, one.base, one.changes = bits, upTo, nil
}

// postedStream is a set of bits with what has changed since.
func postedStream(bits *bitset, changes []gained) stream {
	if len(changes) == 0 {
		return bits
	}
	last := make(map[rid]bool, len(changes))
	for _, c := range changes {
		last[c.rid] = c.has
	}
	s := &amended{bits: bits, lost: map[rid]bool{}}
	for r, has := range last {
		if has {
			s.got = append(s.got, r)
		} else {
			s.lost[r] = true
		}
	}
	slices.Sort(s.got)
	return s
}

// amended is a set of bits without some numbers, and with others.
type amended struct {
	bits *bitset
	lost map[rid]bool
	got  list
}

func (c *amended) seek(r rid) (rid, error) {
	added, err := c.got.seek(r)
	at, _ := c.bits.seek(r)
	for at != 0 && c.lost[at] {
		at, _ = c.bits.seek(at + 1)
	}
	if at == 0 || added != 0 && added < at {
		at = added
	}
	return at, err
}

func (c *amended) close() error { return nil }

// posted is the stream of the resources that have a key: of those that are kept in memory,
// else of the rows, and then they are kept once it has leapt far.
func (v view) posted(typ, param string, key []byte) stream {
	if v.posts == nil || search.IsCustom(param) {
		return v.keyStream(typ, param, key)
	}
	if s, ok := v.posts.get(string(append(keyParam(typ, param), key...)), v.at); ok {
		return s
	}
	s := v.keyStream(typ, param, key)
	key = bytes.Clone(key)
	s.wish = func() { v.posts.want(typ, param, key) }
	return s
}
