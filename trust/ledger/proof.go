package ledger

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/pestle-fhir/pestle/fhir"
)

// proofHead begins a proof: https://c2sp.org/tlog-proof
const proofHead = "c2sp.org/tlog-proof@v1\n"

// Proof is that a leaf is in a log: it is verified without the log.
type Proof struct {
	Index      uint64
	Hashes     tlog.RecordProof
	Checkpoint []byte
}

// String is the proof in the form of tlog-proof.
func (p Proof) String() string {
	text := proofHead + fmt.Sprintf("index %d\n", p.Index)
	for _, h := range p.Hashes {
		text += h.String() + "\n"
	}
	return text + "\n" + string(p.Checkpoint)
}

// ParseProof reads a proof. Extra data is passed over: nothing vouches for it.
func ParseProof(text string) (p Proof, err error) {
	head, checkpoint, ok := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimPrefix(head, proofHead), "\n")
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:]
	}
	if !ok || !strings.HasPrefix(text, proofHead) || len(lines) == 0 {
		return p, fmt.Errorf("ledger: this is not a proof: it does not begin with %q", strings.TrimSpace(proofHead))
	}
	number, ok := strings.CutPrefix(lines[0], "index ")
	if p.Index, err = strconv.ParseUint(number, 10, 63); !ok || err != nil {
		return p, fmt.Errorf("ledger: the proof has no index: %q", lines[0])
	}
	for _, line := range lines[1:] {
		b, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(b) != tlog.HashSize {
			return p, fmt.Errorf("ledger: the proof has the line %q, which is not a hash", line)
		}
		p.Hashes = append(p.Hashes, tlog.Hash(b))
	}
	p.Checkpoint = []byte(checkpoint)
	return p, nil
}

// Verify verifies that the entry is what the proof proves, and returns the
// checkpoint that it is proved to be in.
func (p Proof) Verify(e *Entry, key note.Verifier) (Checkpoint, error) {
	c, err := OpenCheckpoint(p.Checkpoint, key)
	if err != nil {
		return c, err
	}
	leaf := tlog.RecordHash(e.leaf(e.contentCommit()))
	if p.Index != e.Index || p.Index >= c.Size {
		return c, fmt.Errorf("ledger: the proof is of leaf %d, the entry is leaf %d of %d", p.Index, e.Index, c.Size)
	}
	if err := tlog.CheckRecord(p.Hashes, int64(c.Size), c.Root, int64(p.Index), leaf); err != nil { //nolint:gosec // parsed as 63 bits
		return c, fmt.Errorf("ledger: the entry is not what was logged: %w", err)
	}
	return c, nil
}

// Prove proves that a leaf is in the newest signed tree.
func (n *Notary) Prove(index uint64) (Proof, error) {
	c, t := n.signed()
	if index >= c.Size {
		return Proof{}, fhir.E("proof", fhir.Conflict, fhir.Issue{Message: "This was stored a moment ago, and is not signed yet.", Fix: "Ask again in a second."})
	}
	hashes, err := tlog.ProveRecord(int64(c.Size), int64(index), t) //nolint:gosec // sizes of a tree
	return Proof{Index: index, Hashes: hashes, Checkpoint: c.Note}, err
}

// Proof returns the opening of a version, and the proof that it is in the log, as
// Parameters.
func (l *Log) Proof(ctx context.Context, typ, id, version string) (*fhir.Resource, error) {
	row, err := l.source.RowOf(ctx, typ, id, version)
	if err != nil {
		return nil, err
	}
	if row.Lost != "" {
		return nil, fmt.Errorf("ledger: %s", row.Lost)
	}
	p, err := l.Prove(row.Index)
	if err != nil {
		return nil, err
	}
	entry, err := json.Marshal(row.entry())
	if err != nil {
		return nil, err
	}
	return parameters(
		fhir.Obj("name", "entry", "valueString", string(entry)),
		fhir.Obj("name", "proof", "valueString", p.String()),
		fhir.Obj("name", "key", "valueString", l.Public()))
}

// VerifyProof verifies the answer to $proof, with a key and at best not the one in
// it.
func VerifyProof(answer []byte, key note.Verifier) (*Entry, Checkpoint, error) {
	r, err := fhir.Parse(answer)
	if err != nil {
		return nil, Checkpoint{}, err
	}
	said := map[string]string{}
	for p := range r.Get("parameter").Items() {
		said[p.Get("name").Text()] = p.Get("valueString").Text()
	}
	e := &Entry{}
	d := json.NewDecoder(bytes.NewReader([]byte(said["entry"])))
	d.DisallowUnknownFields()
	if err := d.Decode(e); err != nil {
		return nil, Checkpoint{}, fmt.Errorf("ledger: the parameter entry is not an entry: %w", err)
	}
	p, err := ParseProof(said["proof"])
	if err != nil {
		return nil, Checkpoint{}, err
	}
	c, err := p.Verify(e, key)
	return e, c, err
}

func parameters(list ...any) (*fhir.Resource, error) {
	return fhir.Parse(fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(list...)).JSON())
}
