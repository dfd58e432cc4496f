package ledger

import (
	"crypto/sha256"

	"golang.org/x/mod/sumdb/tlog"
)

// width is how many hashes a complete tile holds, and levelBits how many levels of
// the tree it spans: https://c2sp.org/tlog-tiles
const (
	levelBits = 8
	width     = 1 << levelBits
)

// Edge is a tree as far as it is not in complete tiles: the hashes of the last
// tile of each level. The zero value is the tree of no leaves. A copy of it stays as
// it is while the original grows.
type Edge struct {
	size   uint64
	levels [64 / levelBits][]tlog.Hash
}

// Size is how many leaves the tree has.
func (e *Edge) Size() uint64 { return e.size }

// Part returns the hashes of the leaves that are in no complete tile yet.
func (e *Edge) Part() []tlog.Hash { return e.levels[0] }

// Add appends a leaf by its hash, and returns the tiles that it completes.
func (e *Edge) Add(h tlog.Hash) (tiles []Tile) {
	n := e.size
	e.size++
	for level := range e.levels {
		at := e.levels[level]
		if at == nil {
			at = make([]tlog.Hash, 0, width)
		}
		at = append(at, h)
		e.levels[level] = at
		if n >>= levelBits; len(at) < width {
			return tiles
		}
		tiles = append(tiles, Tile{Name: TileName(level, n), Value: joined(at)})
		e.levels[level], h = nil, perfect(at)
	}
	return tiles
}

// Root is the hash of the tree.
func (e *Edge) Root() tlog.Hash {
	root, some := tlog.Hash(sha256.Sum256(nil)), false
	for _, hashes := range e.levels {
		for k := 1; k <= len(hashes); k <<= 1 { // from the right: the smallest subtrees first
			if len(hashes)&k == 0 {
				continue
			}
			left := perfect(hashes[len(hashes)-k:])
			hashes = hashes[:len(hashes)-k]
			if root, some = after(left, root, some), true; len(hashes) == 0 {
				break
			}
		}
	}
	return root
}

// after is the hash of a subtree and of what is to the right of it, if there
// is any.
func after(left, right tlog.Hash, some bool) tlog.Hash {
	if !some {
		return left
	}
	return tlog.NodeHash(left, right)
}

// perfect is the hash of a subtree with a power of two of leaves.
func perfect(hashes []tlog.Hash) tlog.Hash {
	if len(hashes) == 1 {
		return hashes[0]
	}
	half := len(hashes) / 2
	return tlog.NodeHash(perfect(hashes[:half]), perfect(hashes[half:]))
}

func joined(hashes []tlog.Hash) []byte {
	b := make([]byte, 0, len(hashes)*tlog.HashSize)
	for i := range hashes {
		b = append(b, hashes[i][:]...)
	}
	return b
}

func parted(tile []byte) []tlog.Hash {
	hashes := make([]tlog.Hash, len(tile)/tlog.HashSize)
	for i := range hashes {
		copy(hashes[i][:], tile[i*tlog.HashSize:])
	}
	return hashes
}
