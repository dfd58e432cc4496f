package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/pestle-fhir/pestle/fhir"
)

// Digest is the SHA-256 of all that a database holds, as of the newest commit:
// each key and value with their lengths (32 bits, big-endian), in the order of
// the keys. It is taken over the port of the engine, so what an engine keeps for
// itself, such as its journal and its files, is left out, and so are its shelf,
// how far its verification is, what it has erased, how far the index of stored SearchParameters is and how much of a log it holds: two databases that hold the same commits have the
// same digest, whatever their engines are.
//
// Cursors and receipts are part of commits, and so of the digest.
func (db *DB) Digest(ctx context.Context) (digest string, at fhir.Seq, err error) {
	err = db.look("digest", 0, func(v view) error {
		at = v.at
		sum := sha256.New()
		add := func(b []byte) {
			sum.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b))))
			sum.Write(b)
		}
		it := v.r.Iterate(nil, nil, false)
		var err error
		for err == nil && it.Next() {
			if !bytes.Equal(it.Key(), keyAudit) && !bytes.Equal(it.Key(), keyApplied) && !bytes.Equal(it.Key(), keyErased) && !bytes.Equal(it.Key(), keyProgram) && !bytes.Equal(it.Key(), keyParameters) && it.Key()[0] != tableCustom && it.Key()[0] != tableShelf && it.Key()[0] != tableMessages {
				add(it.Key())
				add(it.Value())
			}
			err = ctx.Err()
		}
		digest = hex.EncodeToString(sum.Sum(nil))
		return ended(it, err)
	})
	return digest, at, err
}
