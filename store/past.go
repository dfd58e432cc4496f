package store

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"slices"
	"sync"

	"github.com/pestle-fhir/pestle/fhir"
)

// stretch is resource numbers among which none has a key any more: every row of the
// key with one of them had ended by a commit.
type stretch struct {
	from, to rid
	rows     int
	by       fhir.Seq
}

// pastRows keeps the stretches that walks over the index have met, so that the next walk
// leaps over them: a list of what is to be done costs what is on it, and not what ever
// was. It is kept in memory alone. The zero value is empty; nil keeps nothing.
type pastRows struct {
	mu    sync.Mutex
	keys  map[string][]stretch // by key with its parameter and type; in order, and none touches another
	size  int                  // stretches
	begun [1 << 12]fhir.Seq    // by the hash of a key: the last commit that gave it to a known resource
}

// stretches say from how many rows on a stretch is looked for and kept, how many it
// has at most, how many are kept, and after how many rows that do not hold a stream lets
// others go on. Variables, so that tests can make them small.
var stretches = struct{ look, least, most, kept, some int }{look: 8, least: 64, most: 8192, kept: 1 << 14, some: 16}

var pastSeed = maphash.MakeSeed()

func bucket(key []byte) uint64 { return maphash.Bytes(pastSeed, key) % (1 << 12) }

// at returns the stretch in which a number stands, as of a sequence.
func (p *pastRows) at(key []byte, r rid, seq fhir.Seq) (stretch, bool) {
	if p == nil {
		return stretch{}, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.keys[string(key)]
	if i := behind(list, r); i < len(list) && list[i].from <= r && list[i].by <= seq {
		return list[i], true
	}
	return stretch{}, false
}

// behind is the place of the first stretch that ends at or behind a number.
func behind(list []stretch, r rid) int {
	i, _ := slices.BinarySearchFunc(list, r, func(s stretch, r rid) int { return cmp.Compare(s.to, r) })
	return i
}

// add keeps a stretch that was met as of a sequence, in the place of those in it.
func (p *pastRows) add(key []byte, s stretch, seq fhir.Seq) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.begun[bucket(key)] > seq {
		return // one of its numbers may have the key again since
	}
	if p.size >= stretches.kept {
		p.keys, p.size = nil, 0
	}
	if p.keys == nil {
		p.keys = map[string][]stretch{}
	}
	list := p.keys[string(key)]
	i := behind(list, s.from)
	j := i
	for j < len(list) && list[j].from <= s.to {
		j++
	}
	p.size += 1 - (j - i)
	p.keys[string(key)] = slices.Replace(list, i, j, s)
}

// begins notes that a known resource gets a key with a commit that is being made.
func (p *pastRows) begins(key []byte, r rid, seq fhir.Seq) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	b := bucket(key)
	p.begun[b] = max(p.begun[b], seq)
	list := p.keys[string(key)]
	if i := behind(list, r); i < len(list) && list[i].from <= r {
		p.size--
		p.keys[string(key)] = slices.Delete(list, i, i+1)
	}
}

// passing is the stretch that a walk over rows is in.
type passing struct {
	key []byte
	stretch
}

// pass notes that a row does not hold, and returns behind which number the walk may go
// on, 0 where it must go to the next row.
func (p *passing) pass(r *rows, key []byte, id rid, ended bool, by fhir.Seq, look bool) rid {
	if !ended { // it begins later than what the walk sees
		p.keep(r)
		return 0
	}
	if p.rows > 0 && (p.rows >= stretches.most || !bytes.Equal(p.key, key)) {
		p.keep(r)
	}
	if p.rows == 0 {
		p.key, p.stretch, look = append(p.key[:0], key...), stretch{from: id}, true
	}
	p.to, p.by = id, max(p.by, by)
	p.rows++
	if !look {
		return 0
	}
	known, ok := r.past.at(key, id, r.at)
	if !ok {
		return 0
	}
	if known.rows >= stretches.most { // it is whole: what was passed before it is another one
		p.keep(r)
		return known.to
	}
	p.from, p.to, p.rows, p.by = min(p.from, known.from), known.to, p.rows+known.rows, max(p.by, known.by)
	return known.to
}

// keep ends the stretch, and keeps it where it is long.
func (p *passing) keep(r *rows) {
	if r.learns && p.rows >= stretches.least {
		r.past.add(p.key, p.stretch, r.at)
	}
	p.stretch = stretch{}
}
