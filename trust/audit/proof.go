package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/trust/ledger"
)

// LogName is the name of the audit log among those that a server signs.
const LogName = "audit"

// Opening is an event with what opens its leaf: with it, the leaf can be computed
// anew. Bytes are in base64.
type Opening struct {
	Index  uint64 `json:"index"`
	Number uint64 `json:"number"`
	Salt   []byte `json:"salt"`
	Record []byte `json:"record"`
	Hash   []byte `json:"hash,omitempty"` // of the leaf, as the tree has it
}

// leaf is the hash of the leaf that the opening opens.
func (o *Opening) leaf() (leaf tlog.Hash, ok bool) {
	if len(o.Salt) != len(eventSalt{}) {
		return leaf, false
	}
	var h hasher
	return tlog.RecordHash(leafOf(o.Number, h.commit((*eventSalt)(o.Salt), o.Record))), true
}

// Event reads the record.
func (o *Opening) Event() (*Event, error) {
	e, err := decode(o.Record)
	if err == nil {
		e.Number = o.Number
	}
	return e, err
}

// Line is the event as a line of JSON.
func (e *Event) Line() string { return compact(e) }

var errFound = errors.New("found")

// open is the opening of an event; ErrNoEvent where it is not kept.
func (t *Tree) open(number uint64) (*Opening, error) {
	var o *Opening
	var h hasher
	err := t.log.salted(number, func(n uint64, s *secret, record []byte) error {
		if n == number {
			of := h.salt(s, n)
			o = &Opening{Index: t.Index(n), Number: n, Salt: of[:], Record: bytes.Clone(record)}
		}
		return errFound
	})
	if o == nil && (err == nil || errors.Is(err, errFound)) {
		return nil, ErrNoEvent
	}
	if errors.Is(err, errFound) {
		err = nil
	}
	return o, err
}

// Proof returns the opening of the event of an AuditEvent, and the proof that it is
// in the log that a notary signs, as Parameters.
func (r Records) Proof(ctx context.Context, n *ledger.Notary, id string) (*fhir.Resource, error) {
	if _, err := r.Read(ctx, id); err != nil {
		return nil, err
	}
	number, _, _ := partOf(id)
	o, err := r.Log.tree.open(number)
	if err != nil {
		return nil, err
	}
	p, err := n.Prove(o.Index)
	if err != nil {
		return nil, err
	}
	entry, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	return fhir.Parse(fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(
		fhir.Obj("name", "entry", "valueString", string(entry)),
		fhir.Obj("name", "proof", "valueString", p.String()),
		fhir.Obj("name", "key", "valueString", n.Public()))).JSON())
}

// Parts are the AuditEvents of the event of one.
func (r Records) Parts(ctx context.Context, id string) (list []*fhir.Version, err error) {
	if _, err := r.Read(ctx, id); err != nil {
		return nil, err
	}
	number, _, _ := partOf(id)
	e, err := r.Log.Event(number)
	if err != nil {
		return nil, err
	}
	p := split(e)
	for part := range p.len() {
		list = append(list, r.version(p, part))
	}
	return list, nil
}

// VerifyProof verifies the answer to $proof of an AuditEvent; ErrNoEvent where it is
// one about something else.
func VerifyProof(answer []byte, key note.Verifier) (*Event, ledger.Checkpoint, error) {
	r, err := fhir.Parse(answer)
	if err != nil {
		return nil, ledger.Checkpoint{}, err
	}
	said := map[string]string{}
	for p := range r.Get("parameter").Items() {
		said[p.Get("name").Text()] = p.Get("valueString").Text()
	}
	o := &Opening{}
	d := json.NewDecoder(bytes.NewReader([]byte(said["entry"])))
	d.DisallowUnknownFields()
	if err := d.Decode(o); err != nil || o.Record == nil {
		return nil, ledger.Checkpoint{}, ErrNoEvent
	}
	p, err := ledger.ParseProof(said["proof"])
	if err != nil {
		return nil, ledger.Checkpoint{}, err
	}
	c, err := ledger.OpenCheckpoint(p.Checkpoint, key)
	if err != nil {
		return nil, c, err
	}
	leaf, ok := o.leaf()
	if !ok || p.Index != o.Index || p.Index >= c.Size {
		return nil, c, fmt.Errorf("audit: the proof is of leaf %d, the event is leaf %d of %d", p.Index, o.Index, c.Size)
	}
	if err := tlog.CheckRecord(p.Hashes, int64(c.Size), c.Root, int64(p.Index), leaf); err != nil { //nolint:gosec // parsed as 63 bits
		return nil, c, fmt.Errorf("audit: the event is not what was logged: %w", err)
	}
	e, err := o.Event()
	return e, c, err
}

// leaves reads the hashes of leaves in their order.
type leaves struct {
	tree *Tree
	edge ledger.Edge
	at   uint64 // which tile it has
	tile []byte
}

func (t *Tree) leavesOf(e ledger.Edge) *leaves { return &leaves{tree: t, edge: e, at: math.MaxUint64} }

// hash is that of a leaf, which the tree has; of one that is lost it is zeros.
func (l *leaves) hash(i uint64) (h tlog.Hash, err error) {
	n := i / tileWidth
	if n == l.edge.Size()/tileWidth {
		return l.edge.Part()[i%tileWidth], nil
	}
	if n != l.at {
		if l.tile, err = l.tree.Tile(ledger.TileName(0, n)); err != nil {
			return h, err
		}
		l.at = n
	}
	if len(l.tile) == tileSize {
		copy(h[:], l.tile[i%tileWidth*tlog.HashSize:])
	}
	return h, nil
}

// Recovered records that the history of a checkpoint is lost, and by whom that is
// said, and returns the number of the event.
func (l *Log) Recovered(ctx context.Context, who fhir.Principal, checkpoint []byte, at time.Time) (uint64, error) {
	e := &Event{Access: fhir.Access{Time: at, Interaction: recovered, Status: 200, Address: "local", By: who, Target: string(checkpoint)}}
	err := l.Append(ctx, e)
	return e.Number, err
}
