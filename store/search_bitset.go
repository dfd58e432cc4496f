package store

import "math/bits"

// bitset is a set of resource numbers for when they are many: a bit for each
// number there is.
type bitset struct {
	words []uint64
	added int // how often a number was
}

func (b *bitset) add(r rid) {
	b.added++
	word := int(r / 64)
	if word >= len(b.words) {
		b.words = append(b.words, make([]uint64, word+1+word/4-len(b.words))...)
	}
	b.words[word] |= 1 << (r % 64)
}

func (b *bitset) remove(r rid) {
	if word := int(r / 64); word < len(b.words) {
		b.words[word] &^= 1 << (r % 64)
	}
}

func (b *bitset) seek(r rid) (rid, error) {
	word := int(r / 64)
	if word >= len(b.words) {
		return 0, nil
	}
	for rest := b.words[word] &^ (1<<(r%64) - 1); ; rest = b.words[word] {
		if rest != 0 {
			return rid(word*64 + bits.TrailingZeros64(rest)), nil
		}
		if word++; word == len(b.words) {
			return 0, nil
		}
	}
}

func (b *bitset) close() error { return nil }
