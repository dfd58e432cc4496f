// Package ledger proves that the history of the database was not rewritten. Every
// version is a leaf of a Merkle tree (RFC 6962), in the order of the change log,
// and is hashed in the commit that makes it; the tree's root is signed soon after,
// in the formats of C2SP (https://c2sp.org): signed-note, tlog-checkpoint,
// tlog-tiles, tlog-proof and tlog-cosignature.
//
// A leaf commits to a version by two salted hashes, so that nothing that leaves
// the database with the tree tells of a patient. docs/proof.md describes every
// format so that others can be verified with it alone.
package ledger

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/pestle-fhir/pestle/fhir"
)

// Record is what a leaf commits to: one version.
type Record struct {
	Index   uint64 // 0, 1, 2, … over all versions in the order of the log
	Seq     fhir.Seq
	Millis  int64         // time of the commit, Unix milliseconds
	Version *fhir.Version // with method, type, id, version, requester and content as stored
	// EnvelopeSalt and ContentSalt are 32 random bytes each.
	EnvelopeSalt, ContentSalt []byte
	// ContentCommit takes the place of content and ContentSalt that were purged.
	ContentCommit []byte
}

// magic begins a leaf and names its layout.
const magic = "PL1\x00"

// leafSize is the length of a leaf in bytes.
const leafSize = len(magic) + 8 + 8 + 1 + sha256.Size

// ops are the methods by their byte in a leaf.
var ops = map[fhir.Method]byte{fhir.Create: 1, fhir.Update: 2, fhir.Delete: 3}

// Hash returns the hash of the record's leaf in the tree.
func (r Record) Hash() [sha256.Size]byte { return tlog.RecordHash(r.Leaf()) }

// Leaf returns the bytes that are hashed into the tree: magic, sequence, time and
// operation, and the commitment to the envelope.
func (r Record) Leaf() []byte {
	e := entryOf(r)
	return e.leaf(e.contentCommit())
}

// leaf is the leaf of an entry with a commitment to its content.
func (e *Entry) leaf(content []byte) []byte {
	b := make([]byte, 0, leafSize)
	b = append(b, magic...)
	b = binary.BigEndian.AppendUint64(b, e.Seq)
	b = binary.BigEndian.AppendUint64(b, uint64(e.Millis)) //nolint:gosec // not before 1970
	b = append(b, e.Op)
	return append(b, e.envelopeCommit(content)...)
}

// envelopeCommit is the HMAC-SHA256 under the envelope's salt of the texts that
// say what the version is and whose, each behind its length, and of the
// commitment to the content.
func (e *Entry) envelopeCommit(content []byte) []byte {
	mac := hmac.New(sha256.New, e.EnvelopeSalt)
	var b []byte
	for _, s := range [...]string{e.Type, e.ID, e.Version, e.Agent, e.Display, e.Organisation, e.Client, strings.Join(e.Roles, "\x00"), e.Purpose, e.RequestID} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s))) //nolint:gosec // shorter than a resource
		b = append(b, s...)
	}
	_, _ = mac.Write(append(b, content...))
	return mac.Sum(nil)
}

// contentCommit is the HMAC-SHA256 of the content under its salt, or the one that
// was left when both were purged.
func (e *Entry) contentCommit() []byte {
	if e.ContentCommit != nil {
		return e.ContentCommit
	}
	commit := Commitment(e.ContentSalt, e.Content)
	return commit[:]
}

// Commitment is the HMAC-SHA256 of a content under its salt: what stays of a version
// that is purged.
func Commitment(contentSalt, content []byte) (commit [sha256.Size]byte) {
	mac := hmac.New(sha256.New, contentSalt)
	_, _ = mac.Write(content)
	mac.Sum(commit[:0])
	return commit
}
