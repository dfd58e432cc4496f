package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"golang.org/x/mod/sumdb/tlog"
)

// The leaf of an event in the tree of the log: a magic, its number, and the HMAC of
// its record under a salt. The salt is the HMAC of the number under the secret of
// its segment, which is deleted with the segment: what is left then proves that
// there was an event, and nobody can find out by trying which one.
const (
	leafMagic = "PA1\x00"
	leafSize  = len(leafMagic) + 8 + sha256.Size
)

type (
	secret    [32]byte // of a segment
	eventSalt [32]byte
)

// leafOf is the leaf of an event.
func leafOf(number uint64, commit [sha256.Size]byte) []byte {
	b := make([]byte, 0, leafSize)
	b = append(b, leafMagic...)
	b = binary.BigEndian.AppendUint64(b, number)
	return append(b, commit[:]...)
}

// hasher computes leaves without allocating. One goroutine uses it at a time.
type hasher struct {
	sha  hash.Hash
	pad  [sha256.BlockSize]byte
	sum  [sha256.Size]byte
	text [leafSize]byte
}

// mac is HMAC-SHA256 (RFC 2104) under a key that is shorter than a block.
func (h *hasher) mac(key *[32]byte, message []byte) [sha256.Size]byte {
	if h.sha == nil {
		h.sha = sha256.New()
	}
	h.padded(key, 0x36)
	_, _ = h.sha.Write(message)
	h.sha.Sum(h.sum[:0])
	h.padded(key, 0x5c)
	_, _ = h.sha.Write(h.sum[:])
	h.sha.Sum(h.sum[:0])
	return h.sum
}

// padded begins a hash with the key.
func (h *hasher) padded(key *[32]byte, pad byte) {
	for i := range h.pad {
		h.pad[i] = pad
	}
	for i, c := range key {
		h.pad[i] ^= c
	}
	h.sha.Reset()
	_, _ = h.sha.Write(h.pad[:])
}

// salt is that of an event of a segment.
func (h *hasher) salt(s *secret, number uint64) eventSalt {
	binary.BigEndian.PutUint64(h.text[:], number)
	return h.mac((*[32]byte)(s), h.text[:8])
}

// commit is what a leaf holds of a record.
func (h *hasher) commit(s *eventSalt, record []byte) [sha256.Size]byte {
	return h.mac((*[32]byte)(s), record)
}

// leaf is the hash of the leaf of an event in the tree.
func (h *hasher) leaf(s *secret, number uint64, record []byte) tlog.Hash {
	of := h.salt(s, number)
	commit := h.commit(&of, record)
	copy(h.text[:], leafMagic)
	binary.BigEndian.PutUint64(h.text[len(leafMagic):], number)
	copy(h.text[len(leafMagic)+8:], commit[:])
	return tlog.RecordHash(h.text[:])
}
