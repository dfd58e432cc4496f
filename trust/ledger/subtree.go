package ledger

import (
	"crypto/sha256"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// Subtree is the hash of 2^Level leaves, of which the first is Index, a multiple of
// their number.
type Subtree struct {
	Index uint64
	Level int
	Hash  tlog.Hash
}

// Subtrees are the hashes of the largest subtrees of which the leaves from one up to
// another are made, of a tree that has them.
func (e *Edge) Subtrees(t Tiles, from, to uint64) (list []Subtree, err error) {
	tree := e.in(t)
	for from < to {
		level := bits.Len64(to-from) - 1
		if from > 0 {
			level = min(level, bits.TrailingZeros64(from))
		}
		hashes, err := tree.ReadHashes([]int64{tlog.StoredHashIndex(level, int64(from>>level))}) //nolint:gosec // less than 2^58 leaves
		if err != nil {
			return nil, err
		}
		list = append(list, Subtree{from, level, hashes[0]})
		from += 1 << level
	}
	return list, nil
}

// Range is a tree that is made of subtrees, one behind another. The zero value has
// no leaves.
type Range struct {
	size  uint64
	stack []Subtree // ever smaller ones
}

// Size is how many leaves there are.
func (r *Range) Size() uint64 { return r.size }

// Add appends a subtree; false where it does not follow the leaves before.
func (r *Range) Add(s Subtree) bool {
	if s.Level < 0 || s.Level > 62 || s.Index != r.size || s.Index&(1<<s.Level-1) != 0 {
		return false
	}
	r.size += 1 << s.Level
	for n := len(r.stack); n > 0 && r.stack[n-1].Level == s.Level; n = len(r.stack) {
		left := r.stack[n-1]
		s = Subtree{left.Index, s.Level + 1, tlog.NodeHash(left.Hash, s.Hash)}
		r.stack = r.stack[:n-1]
	}
	r.stack = append(r.stack, s)
	return true
}

// Root is the hash of the tree.
func (r *Range) Root() tlog.Hash {
	root, some := tlog.Hash(sha256.Sum256(nil)), false
	for n := len(r.stack); n > 0; n-- {
		root, some = after(r.stack[n-1].Hash, root, some), true
	}
	return root
}
