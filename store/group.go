package store

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/log"
)

// group is what is written at once: the operations that take the database from
// one head to the next, and the requests that they answer.
type group struct {
	before, after head
	ops           []kv.Op
	origins       []*request
}

// groupRecord is a group as a record of the log that the databases of a log follow.
type groupRecord struct {
	term     uint64 // of who leads
	leader   string
	begins   bool // the term, with this record
	previous sum  // SHA-256 of the record before; zeros for the first
	group
}

// Each record begins with these bytes and the number of its format.
var recordMark = []byte{'P', 'L', recordFormat}

const recordFormat = 1

// castagnoli is the polynomial of the checksum at the end of a record: the chain
// tells of damage in all records but the newest one.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (r groupRecord) encode() []byte {
	size := 128
	for _, op := range r.ops {
		size += len(op.Key) + len(op.Value) + 8
	}
	b := append(make([]byte, 0, size), recordMark...)
	b = appendText(binary.AppendUvarint(b, r.term), r.leader)
	b = appendBool(b, r.begins)
	b = binary.AppendUvarint(b, formatVersion)
	b = binary.AppendUvarint(b, indexVersion)
	b = appendText(b, string(r.before.encode()))
	b = appendText(b, string(r.after.encode()))
	b = append(b, r.previous[:]...)
	b = binary.AppendUvarint(b, uint64(len(r.ops)))
	for _, op := range r.ops {
		b = appendBool(b, op.Value != nil)
		b = append(binary.AppendUvarint(b, uint64(len(op.Key))), op.Key...)
		if op.Value != nil {
			b = append(binary.AppendUvarint(b, uint64(len(op.Value))), op.Value...)
		}
	}
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// decodeGroup reads a record; keys and values share its bytes.
func decodeGroup(b []byte) (r groupRecord, err error) {
	n := len(b) - crc32.Size
	if n < len(recordMark) || [2]byte(b) != [2]byte(recordMark) || binary.BigEndian.Uint32(b[n:]) != crc32.Checksum(b[:n], castagnoli) {
		return r, errors.New("the record is damaged: its checksum does not add up")
	}
	if b[2] != recordFormat {
		return r, fmt.Errorf("store: the record has format %d and this program reads format %d", b[2], recordFormat)
	}
	d := decoder{b: b[len(recordMark):n]}
	r.term, r.leader, r.begins = d.uint(), d.text(), d.byte() != 0
	if layout, index := d.uint(), d.uint(); !d.failed && (layout != formatVersion || index != indexVersion) {
		return r, fmt.Errorf("store: the record has layout %d and index %d and this program writes %d and %d", layout, index, formatVersion, indexVersion)
	}
	if r.before, err = decodeHead(d.bytes()); err != nil {
		return r, err
	}
	if r.after, err = decodeHead(d.bytes()); err != nil {
		return r, err
	}
	r.previous = sum(d.fixed(sha256.Size))
	for n := d.uint(); n > 0 && !d.failed; n-- {
		var op kv.Op
		set := d.byte() != 0
		if op.Key = d.bytes(); set {
			op.Value = d.bytes()
		}
		r.ops = append(r.ops, op)
	}
	return r, d.end()
}

// applied says how much of its log a database holds.
type applied struct {
	place log.Place
	term  uint64 // the newest that it has seen
	chain sum    // SHA-256 of the newest record that it holds
}

func (a applied) encode() []byte {
	b := binary.AppendUvarint(nil, uint64(a.place))
	return append(binary.AppendUvarint(b, a.term), a.chain[:]...)
}

func decodeApplied(b []byte) (applied, error) {
	d := decoder{b: b}
	a := applied{place: log.Place(d.uint()), term: d.uint(), chain: sum(d.fixed(sha256.Size))}
	return a, d.end()
}

// op keeps how much is held with what it is of.
func (a applied) op() kv.Op { return kv.Op{Key: keyApplied, Value: a.encode()} }
