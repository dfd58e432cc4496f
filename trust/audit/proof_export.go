package audit

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/trust/ledger"
)

// Proof is the format of an export that proves what it holds; see docs/proof.md.
const Proof = "proof"

const proofFormat = "pestle-audit/1"

// ProofHeader is the first line of an export that proves what it holds.
type ProofHeader struct {
	Format string `json:"format"`
	Key    string `json:"key,omitempty"` // with which the checkpoints are verified
	Base   uint64 `json:"base"`          // number of the event that is the first leaf
	Size   uint64 `json:"size"`          // of the tree
	// Part says that not all events were asked for, but those with an index from From
	// up to To.
	Part bool   `json:"part,omitempty"`
	From uint64 `json:"from,omitempty"`
	To   uint64 `json:"to,omitempty"`
	// Checkpoints are signed notes; what is in the export is compared with them.
	Checkpoints []string `json:"checkpoints,omitempty"`
}

// subtreeLine is a line with the hash of leaves whose events are not in the export.
type subtreeLine struct {
	Index uint64 `json:"index"`
	Level int    `json:"level"`
	Root  []byte `json:"root"`
}

// ExportProof writes the events that were recorded from a time until another, zero
// times are not bounds, with what proves that they are all in their places. Of the
// others it writes hashes, such that the tree of each of some sizes can be computed.
// The header says who signs; it is for who may see every event.
func (r Records) ExportProof(ctx context.Context, w io.Writer, h ProofHeader, from, until time.Time, sizes ...uint64) error {
	if r.organisations(ctx) != nil {
		return fhir.E("export", fhir.Forbidden, fhir.Issue{Message: "A proof is of the whole log, of which the caller sees a part.", Fix: "Have it done by who sees every event: an auditor."})
	}
	x := &proofExport{tree: &r.Log.tree, lines: json.NewEncoder(w), sizes: sizes}
	x.lines.SetEscapeHTML(false)
	x.edge, _, _ = x.tree.Committed()
	for _, text := range h.Checkpoints {
		if c, err := ledger.ReadCheckpoint([]byte(text)); err == nil {
			x.sizes = append(x.sizes, c.Size)
		}
	}
	h.Format, h.Base, h.Size = proofFormat, x.tree.base, x.edge.Size()
	first, end := uint64(0), h.Size
	if h.Part = !from.IsZero() || !until.IsZero(); h.Part {
		var err error
		if first, end, err = x.within(ctx, from, until); err != nil {
			return err
		}
		h.From, h.To = first, end
	}
	if err := x.lines.Encode(h); err != nil {
		return err
	}
	return errors.Join(x.events(ctx, first, end), x.skip(h.Size))
}

// proofExport writes leaves in their order.
type proofExport struct {
	tree  *Tree
	edge  ledger.Edge
	lines *json.Encoder
	sizes []uint64
	next  uint64 // leaf
}

// within are the places of the events of a time, and of those between them.
func (x *proofExport) within(ctx context.Context, from, until time.Time) (first, end uint64, err error) {
	q := Query{From: from, Until: until, Head: x.tree.base + x.edge.Size() - 1}
	if x.edge.Size() == 0 {
		return 0, 0, nil
	}
	err = x.tree.log.Find(ctx, q, func(h *Hit) (bool, error) {
		first, end = x.tree.Index(h.Number), x.tree.Index(h.Number)+1
		return false, nil
	})
	if err != nil || end == 0 {
		return 0, 0, err
	}
	q.Newest = true
	err = x.tree.log.Find(ctx, q, func(h *Hit) (bool, error) { end = x.tree.Index(h.Number) + 1; return false, nil })
	return first, end, err
}

// events writes the events from a leaf up to another one.
func (x *proofExport) events(ctx context.Context, from, to uint64) error {
	if from >= to {
		return nil
	}
	stored := x.tree.leavesOf(x.edge)
	var h hasher
	err := x.tree.log.salted(x.tree.base+from, func(number uint64, s *secret, record []byte) error {
		i := x.tree.Index(number)
		if i >= to {
			return errFound
		}
		if err := errors.Join(ctx.Err(), x.skip(i)); err != nil {
			return err
		}
		of := h.salt(s, number)
		hash, err := stored.hash(i)
		if err != nil {
			return err
		}
		x.next++
		return x.lines.Encode(Opening{Index: i, Number: number, Salt: of[:], Record: record, Hash: hash[:]})
	})
	if errors.Is(err, errFound) {
		return nil
	}
	return err
}

// skip writes the hashes of what is not in the export, up to a leaf.
func (x *proofExport) skip(to uint64) error {
	for x.next < to {
		end := to
		for _, size := range slices.Concat(x.sizes, []uint64{to}) {
			if size > x.next {
				end = min(end, size)
			}
		}
		list, err := x.edge.Subtrees(x.tree, x.next, end)
		if err != nil {
			return err
		}
		for i := range list {
			if err := x.lines.Encode(subtreeLine{list[i].Index, list[i].Level, list[i].Hash[:]}); err != nil {
				return err
			}
		}
		x.next = end
	}
	return nil
}
