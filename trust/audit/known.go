package audit

import (
	"hash/maphash"
	"sync/atomic"
)

// knownTerms are the terms of those who asked lately: most events are of a few people,
// programs and organisations, and a term is a hash that takes a while.
type knownTerms struct {
	slots [256]atomic.Pointer[knownTerm]
}

type knownTerm struct {
	kind byte
	text string
	term uint64
}

var knownSeed = maphash.MakeSeed()

// term is that of a text of a kind, which compute finds where it is not known.
func (k *knownTerms) term(kind byte, text string, compute func(text string) uint64) uint64 {
	slot := &k.slots[(maphash.String(knownSeed, text)+uint64(kind))%uint64(len(k.slots))]
	if t := slot.Load(); t != nil && t.kind == kind && t.text == text {
		return t.term
	}
	t := &knownTerm{kind, text, compute(text)}
	slot.Store(t)
	return t.term
}
