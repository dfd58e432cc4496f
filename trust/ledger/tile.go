package ledger

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// TileName is the name of a tile behind /tile/: level and number, the number in
// groups of three digits of which all but the last begin with x.
func TileName(level int, n uint64) string {
	text := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		text = fmt.Sprintf("x%03d/%s", n%1000, text)
	}
	return strconv.Itoa(level) + "/" + text
}

// address is a tile as a path asks for it.
type address struct {
	level   int // entryTiles for those with the leaves themselves
	n       uint64
	partial int // how many hashes of it; width for a complete one
}

// entryTiles is the level of the tiles with leaves.
const entryTiles = -1

// parseTile reads the path of a tile, "0/x001/234.p/17".
func parseTile(path string) (a address, ok bool) {
	level, rest, found := strings.Cut(path, "/")
	if !found {
		return a, false
	}
	a.partial = width
	if head, w, cut := strings.Cut(rest, ".p/"); cut {
		n, err := strconv.Atoi(w)
		if err != nil || n < 1 || n >= width || strconv.Itoa(n) != w {
			return a, false
		}
		rest, a.partial = head, n
	}
	digits := ""
	for group := range strings.SplitSeq(rest, "/") {
		digits += strings.TrimPrefix(group, "x")
	}
	n, err := strconv.ParseUint(digits, 10, 55)
	if err != nil {
		return a, false
	}
	a.n = n
	if level == "entries" {
		a.level = entryTiles
	} else if a.level, err = strconv.Atoi(level); err != nil || a.level < 0 || a.level > 6 {
		return a, false
	}
	return a, a.name() == level+"/"+rest // written as it has to be
}

func (a address) name() string {
	if a.level == entryTiles {
		return "entries" + strings.TrimPrefix(TileName(0, a.n), "0")
	}
	return TileName(a.level, a.n)
}

// tree is the log at one size, to read hashes of.
type tree struct {
	Edge
	source Tiles
	read   map[string][]byte // complete tiles
}

func (e *Edge) in(s Tiles) *tree { return &tree{Edge: *e, source: s, read: map[string][]byte{}} }

// tile returns the hashes of a tile as far as they are there.
func (t *tree) tile(level int, n uint64) ([]byte, error) {
	if last := t.size >> (levelBits * (level + 1)); n == last {
		return joined(t.levels[level]), nil
	} else if n > last {
		return nil, nil
	}
	name := TileName(level, n)
	if b, known := t.read[name]; known {
		return b, nil
	}
	b, err := t.source.Tile(name)
	if err == nil && len(b) != width*tlog.HashSize {
		err = fmt.Errorf("ledger: the tile %s is missing or not whole", name)
	}
	if err == nil {
		t.read[name] = b
	}
	return b, err
}

// ReadHashes reads hashes of the tree, as of package tlog.
func (t *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		at := tlog.TileForIndex(levelBits, index)
		data, err := t.tile(at.L, uint64(at.N)) //nolint:gosec // not negative
		if err != nil {
			return nil, err
		}
		if hashes[i], err = tlog.HashFromTile(at, data, index); err != nil {
			return nil, err
		}
	}
	return hashes, nil
}

// rootAt is the root that the tree had at a size.
func (t *tree) rootAt(size uint64) (tlog.Hash, error) {
	if size == 0 {
		return (&Edge{}).Root(), nil
	}
	return tlog.TreeHash(int64(size), t) //nolint:gosec // a size of the tree
}
