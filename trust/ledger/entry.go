package ledger

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
)

// Entry is a version as an export holds it: a line of JSON. It opens the leaf:
// with it, the commitments can be computed anew. Bytes are in base64.
type Entry struct {
	Index  uint64 `json:"index"`
	Seq    uint64 `json:"seq"`
	Millis int64  `json:"time"` // of the commit, Unix milliseconds
	Op     byte   `json:"op"`   // 1 create, 2 update, 3 delete

	Type         string   `json:"type"`
	ID           string   `json:"id"`
	Version      string   `json:"version"`
	Agent        string   `json:"agent,omitempty"`
	Display      string   `json:"display,omitempty"`
	Organisation string   `json:"organisation,omitempty"`
	Client       string   `json:"client,omitempty"`
	Roles        []string `json:"roles,omitempty"`
	Purpose      string   `json:"purpose,omitempty"`
	RequestID    string   `json:"requestId,omitempty"`

	EnvelopeSalt []byte `json:"envelopeSalt,omitempty"`
	ContentSalt  []byte `json:"contentSalt,omitempty"`
	// Content is the resource, byte for byte as it is stored; empty for a deletion.
	Content []byte `json:"content,omitempty"`
	// ContentCommit takes the place of content and salt that were purged.
	ContentCommit []byte `json:"contentCommit,omitempty"`

	// Hash is the hash of the leaf as it is stored in the log.
	Hash []byte `json:"hash,omitempty"`
	// Lost says why nothing else is known of the entry: it cannot be read.
	Lost string `json:"lost,omitempty"`
}

func entryOf(r Record) *Entry {
	v := r.Version
	who := &v.Requester
	return &Entry{
		Index: r.Index, Seq: uint64(r.Seq), Millis: r.Millis, Op: ops[v.Done()],
		Type: v.Type, ID: v.ID, Version: v.VersionID,
		Agent: who.Agent, Display: who.Display, Organisation: who.OnBehalf, Client: who.Client, Roles: who.Roles, Purpose: who.Purpose, RequestID: v.RequestID,
		EnvelopeSalt: r.EnvelopeSalt, ContentSalt: r.ContentSalt, Content: v.JSON, ContentCommit: r.ContentCommit,
	}
}

// Row is a version with what is stored of its leaf.
type Row struct {
	Record
	Leaf []byte // its hash in the log; nil where there is none
	// Lost says why the version cannot be read; "" for one that can.
	Lost string
}

func (r Row) entry() *Entry {
	if r.Lost != "" {
		e := &Entry{Index: r.Index, Seq: uint64(r.Seq), Millis: r.Millis, Hash: r.Leaf, Lost: r.Lost}
		if r.Version != nil {
			e.Type, e.Version = r.Version.Type, r.Version.VersionID
		}
		return e
	}
	e := entryOf(r.Record)
	e.Hash = r.Leaf
	return e
}

// hash is the hash of the row in the tree, where none is stored that of its
// record.
func (r Row) hash() (h [32]byte) {
	if r.Leaf == nil && r.Lost == "" {
		return r.Hash()
	}
	copy(h[:], r.Leaf)
	return h
}

// address is the version's address below the base.
func (e *Entry) address() string { return e.Type + "/" + e.ID + "/_history/" + e.Version }

// Tiles are the complete tiles of a tree.
type Tiles interface {
	// Tile returns a complete tile by its name; nil where there is none.
	Tile(name string) ([]byte, error)
}

// Source is the database that a log is of.
type Source interface {
	Tiles
	// Total is how many versions are durable, with the newest commit.
	Total() (uint64, fhir.Seq, error)
	// Wait returns when there is a commit behind one.
	Wait(ctx context.Context, behind fhir.Seq) error
	// AddTiles stores tiles that are missing.
	AddTiles(tiles []Tile) error
	// Rows calls visit for the versions from one on, in the order of the log.
	Rows(ctx context.Context, from uint64, visit func(Row) error) error
	// Commit is Rows for the versions of one commit.
	Commit(ctx context.Context, seq fhir.Seq, visit func(Row) error) error
	// RowOf returns one version, as far as the caller may see it.
	RowOf(ctx context.Context, typ, id, version string) (Row, error)
}

// Tile is a complete tile under its name, "0/x001/234".
type Tile struct {
	Name  string
	Value []byte
}
