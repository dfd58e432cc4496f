package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/trust/ledger"
)

// IsProof reports whether an export begins as one that proves what it holds.
func IsProof(start []byte) bool { return bytes.Contains(start, []byte(`"`+proofFormat+`"`)) }

// VerifyExport verifies an export that proves what it holds, as docs/proof.md has it.
func VerifyExport(in io.Reader, trust ledger.Trust) (*ledger.Report, error) {
	d := json.NewDecoder(in)
	v := &verifier{trust: trust, known: map[place]bool{}, whole: true, roots: map[uint64]tlog.Hash{}, lost: map[string]uint64{}}
	if err := d.Decode(&v.head); err != nil || v.head.Format != proofFormat {
		return nil, fmt.Errorf("audit: this is not an export that proves what it holds: its first line does not say the format %q", proofFormat)
	}
	v.open()
	for n := 2; ; n++ {
		var line struct {
			Opening
			Level int    `json:"level"`
			Root  []byte `json:"root"`
		}
		err := d.Decode(&line)
		switch {
		case errors.Is(err, io.EOF):
			v.end()
			return v.report()
		case err != nil:
			return nil, fmt.Errorf("audit: line %d of the export: %w", n, err)
		case line.Root != nil:
			v.subtree(line.Index, line.Level, line.Root)
		default:
			v.event(&line.Opening)
		}
	}
}

// verifier goes through an export.
type verifier struct {
	trust  ledger.Trust
	head   ProofHeader
	signed []ledger.Checkpoint
	found  []ledger.Finding
	known  map[place]bool // which of them there are

	tree    ledger.Range
	next    uint64 // leaf
	whole   bool   // no leaf before it is missing
	roots   map[uint64]tlog.Hash
	absent  []run             // of whose events there are hashes
	expired []run             // numbers of which a later event says that they were kept as long as they must be
	lost    map[string]uint64 // checkpoints of which an event says that they are of a lost history
}

// place is what is found once.
type place struct {
	kind  ledger.Kind
	index uint64
}

// run is the places or numbers from one up to another.
type run struct{ from, to uint64 }

func (v *verifier) find(kind ledger.Kind, index uint64, format string, args ...any) {
	if v.known[place{kind, index}] {
		return
	}
	v.known[place{kind, index}] = true
	v.found = append(v.found, ledger.Finding{Kind: kind, Index: index, Text: fmt.Sprintf(format, args...)})
}

// open reads the checkpoints with which the tree is compared.
func (v *verifier) open() {
	if v.trust.Key == nil {
		if key, err := note.NewVerifier(v.head.Key); err == nil {
			v.trust.Key = key
		}
	}
	for _, text := range append(slices.Clone(v.trust.Checkpoints), checkpointTexts(v.head.Checkpoints)...) {
		if v.trust.Key == nil {
			v.find(ledger.Unsigned, 0, "there is no key to verify checkpoints with")
			return
		}
		c, err := ledger.OpenCheckpoint(text, v.trust.Key)
		if err != nil {
			v.find(ledger.Unsigned, 0, "%v", err)
			continue
		}
		v.signed = append(v.signed, c)
	}
	if len(v.signed) == 0 {
		v.find(ledger.Unsigned, 0, "there is no checkpoint to compare with")
	}
	v.rooted()
}

func checkpointTexts(list []string) (all [][]byte) {
	for _, s := range list {
		all = append(all, []byte(s))
	}
	return all
}

// rooted keeps the root where a checkpoint is of the leaves so far.
func (v *verifier) rooted() {
	if v.whole && slices.ContainsFunc(v.signed, func(c ledger.Checkpoint) bool { return c.Size == v.next }) {
		v.roots[v.next] = v.tree.Root()
	}
}

// follows reports whether a line is the next one.
func (v *verifier) follows(index uint64) bool {
	switch {
	case index < v.next:
		v.find(ledger.Extra, index, "leaf %d is there twice, or not in its place", index)
		return false
	case index > v.next:
		v.find(ledger.Missing, v.next, "%s missing", v.named(run{v.next, index}))
		v.whole, v.next = false, index
	}
	return true
}

// named are events by their numbers.
func (v *verifier) named(r run) string {
	if r.to == r.from+1 {
		return fmt.Sprintf("event %d is", v.head.Base+r.from)
	}
	return fmt.Sprintf("events %d to %d are", v.head.Base+r.from, v.head.Base+r.to-1)
}

func (v *verifier) add(s ledger.Subtree) {
	v.next = s.Index + 1<<s.Level
	v.whole = v.whole && v.tree.Add(s)
	v.rooted()
}

// subtree takes the hash of leaves whose events are not in the export.
func (v *verifier) subtree(index uint64, level int, root []byte) {
	if !v.follows(index) {
		return
	}
	if level < 0 || level > 57 || len(root) != tlog.HashSize || index&(1<<level-1) != 0 {
		v.find(ledger.Extra, index, "the hash at leaf %d is not that of a subtree", index)
		return
	}
	v.absent = append(v.absent, run{index, index + 1<<level})
	v.add(ledger.Subtree{Index: index, Level: level, Hash: tlog.Hash(root)})
}

func (v *verifier) event(o *Opening) {
	if !v.follows(o.Index) {
		return
	}
	leaf, ok := o.leaf()
	if !ok || o.Number != v.head.Base+o.Index || len(o.Hash) != tlog.HashSize || tlog.Hash(o.Hash) != leaf {
		v.find(ledger.Changed, o.Index, "event %d is not what was logged", v.head.Base+o.Index)
	}
	if len(o.Hash) == tlog.HashSize {
		leaf = tlog.Hash(o.Hash)
	}
	if e, err := o.Event(); err != nil {
		v.find(ledger.Changed, o.Index, "event %d cannot be read", o.Number)
	} else {
		v.statement(e, o.Index)
	}
	v.add(ledger.Subtree{Index: o.Index, Hash: leaf})
}

// said is how an event says of others that they were kept as long as they must be.
var said = regexp.MustCompile(`^events ([0-9]{1,19}) to ([0-9]{1,19}),`)

// statement keeps what the log says of itself.
func (v *verifier) statement(e *Event, index uint64) {
	switch e.Interaction {
	case retained:
		if m := said.FindStringSubmatch(e.Target); m != nil {
			from, _ := strconv.ParseUint(m[1], 10, 64)
			to, _ := strconv.ParseUint(m[2], 10, 64)
			if to < e.Number {
				v.expired = append(v.expired, run{from, to + 1})
			}
		}
	case recovered:
		v.lost[e.Target] = index
	}
}

// end judges what is not in the export, and compares the tree with what was signed.
func (v *verifier) end() {
	if v.next < v.head.Size {
		v.find(ledger.Missing, v.next, "%s missing", v.named(run{v.next, v.head.Size}))
	}
	for _, r := range joined(v.absent, v.head.From, v.head.To) {
		switch {
		case v.head.Part && (r.to <= v.head.From || r.from >= v.head.To):
			v.find(ledger.Outside, r.from, "%s not in this export, which is of a part of the log", v.named(r))
		case v.over(run{v.head.Base + r.from, v.head.Base + r.to}):
			v.find(ledger.Expired, r.from, "%s kept no longer: later events of the log say so", v.named(r))
		default:
			v.find(ledger.Missing, r.from, "%s missing, and no event says that they were kept as long as they must be", v.named(r))
		}
	}
	for i, c := range v.signed {
		for _, other := range v.signed[:i] {
			if c.Size == other.Size && c.Root != other.Root {
				v.find(ledger.Forked, c.Size, "two trees of %d events were signed: %s and %s", c.Size, c.Root, other.Root)
			}
		}
	}
}

// joined are runs, those that follow each other together, but for two places.
func joined(list []run, places ...uint64) (out []run) {
	for _, r := range list {
		if n := len(out); n > 0 && out[n-1].to == r.from && !slices.Contains(places, r.from) {
			out[n-1].to = r.to
			continue
		}
		out = append(out, r)
	}
	return out
}

// over reports whether events were kept as long as they must be.
func (v *verifier) over(numbers run) bool {
	sorting.By(v.expired, func(a, b run) int { return int(min(max(int64(a.from-b.from), -1), 1)) }) //nolint:gosec // the sign alone
	for _, r := range v.expired {
		if r.from <= numbers.from && r.to > numbers.from {
			numbers.from = r.to
		}
	}
	return numbers.from >= numbers.to
}

func (v *verifier) report() (*ledger.Report, error) {
	r := &ledger.Report{Size: v.next, Root: v.tree.Root()}
	for _, c := range v.signed {
		root, known := v.roots[c.Size]
		at, lost := v.lostAt(c)
		switch {
		case lost:
			v.find(ledger.Recovered, at, "event %d says that what was signed is lost: %s", v.head.Base+at, c)
		case c.Size > v.next:
			v.find(ledger.Truncated, c.Size, "there are %d events, %d were signed", v.next, c.Size)
		case !known && !v.whole: // what is missing was said
		case !known:
			v.find(ledger.Unsigned, c.Size, "the tree of the first %d events cannot be computed of this export: make it with --checkpoint", c.Size)
		case root != c.Root:
			v.find(ledger.Forked, c.Size, "the first %d events are not those that were signed: their root is %s, %s was signed", c.Size, root, c.Root)
		default:
			r.Checkpoints = append(r.Checkpoints, c)
		}
	}
	r.Findings = ledger.Sorted(v.found)
	return r, nil
}

func (v *verifier) lostAt(c ledger.Checkpoint) (uint64, bool) {
	for text, at := range v.lost {
		if lost, err := ledger.OpenCheckpoint([]byte(text), v.trust.Key); err == nil && lost.Size == c.Size && lost.Root == c.Root {
			return at, true
		}
	}
	return 0, false
}
