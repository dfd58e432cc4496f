package ledger

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/pestle-fhir/pestle/fhir"
)

// File returns what is served under a path of https://c2sp.org/tlog-tiles,
// "checkpoint" or "tile/0/x001/234", and whether it will never change. ok is
// false where there is nothing.
func (n *Notary) File(ctx context.Context, path string) (data []byte, fixed, ok bool, err error) {
	if path == "checkpoint" {
		newest := n.Newest().Note
		return newest, false, newest != nil, nil
	}
	rest, isTile := strings.CutPrefix(path, "tile/")
	a, ok := parseTile(rest)
	if !isTile || !ok {
		return nil, false, false, nil
	}
	_, t := n.signed()
	if a.level == entryTiles {
		data, err = n.entries(ctx, t, a)
	} else if data, err = t.tile(a.level, a.n); err == nil {
		data = data[:min(len(data), a.partial*tlog.HashSize)]
		ok = len(data) == a.partial*tlog.HashSize
	}
	ok = ok && len(data) > 0
	return data, a.partial == width, ok && err == nil, err
}

// entries are leaves, each behind its length of two bytes; none where there are
// not as many, or not all of them are known.
func (n *Notary) entries(ctx context.Context, t *tree, a address) (data []byte, err error) {
	next := a.n << levelBits
	end := next + uint64(a.partial) //nolint:gosec // at most a tile
	if end > t.size {
		return nil, nil
	}
	err = n.of.Leaves(ctx, next, func(index uint64, leaf []byte) error {
		if index != next || next == end {
			return errEnough
		}
		next++
		data = append(binary.BigEndian.AppendUint16(data, uint16(len(leaf))), leaf...) //nolint:gosec // some 50 bytes
		return nil
	})
	if next < end {
		data = nil
	}
	return data, ended(err)
}

// Consistency proves that the tree of one size begins with that of another, as
// Parameters; the sizes are those of the parameters from and to, and to the
// newest signed one where it is left out.
func (n *Notary) Consistency(_ context.Context, from, to string) (*fhir.Resource, error) {
	c, t := n.signed()
	if to == "" {
		to = strconv.FormatUint(c.Size, 10)
	}
	older, err := sizeOf("from", from, c.Size)
	if err != nil {
		return nil, err
	}
	newer, err := sizeOf("to", to, c.Size)
	if err != nil {
		return nil, err
	}
	if older > newer {
		return nil, fhir.E("proof", fhir.Invalid, fhir.Issue{Code: fhir.ValueCode, Expression: "from", Message: "A tree begins with a smaller one.", Expected: "at most " + to, Found: from})
	}
	var hashes tlog.TreeProof
	if older > 0 {
		if hashes, err = tlog.ProveTree(int64(newer), int64(older), t); err != nil { //nolint:gosec // sizes of a tree
			return nil, err
		}
	}
	list := []any{fhir.Obj("name", "from", "valueString", from), fhir.Obj("name", "to", "valueString", to)}
	for _, h := range hashes {
		list = append(list, fhir.Obj("name", "hash", "valueBase64Binary", h.String()))
	}
	return parameters(append(list, fhir.Obj("name", "checkpoint", "valueString", string(c.Note)))...)
}

func sizeOf(name, text string, most uint64) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, 63)
	if err == nil && n <= most && strconv.FormatUint(n, 10) == text {
		return n, nil
	}
	return 0, fhir.E("proof", fhir.Invalid, fhir.Issue{Code: fhir.ValueCode, Expression: name, Message: "This is not the size of a tree that was signed.",
		Expected: fmt.Sprintf("a number up to %d, the size in /checkpoint", most), Found: text})
}
