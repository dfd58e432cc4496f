package store

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// The tables of docs/keys.md; each is a first byte.
const (
	tableMeta     = 'm'
	tableIdentity = 'i'
	tableVersion  = 'v'
	tableIndex    = 'x'
	tableCustom   = 'y' // index rows of stored SearchParameters
	tableLog      = 'l'
	tableHistory  = 'h'
	tableCursor   = 'c'
	tableReceipt  = 'r'
	tableName     = 'n'
	tableTile     = 't'
	tableOwner    = 'o' // intervals
	tableOwned    = 'w' // what decides on them
	tableHeir     = 'e'
	tablePurge    = 'p'
)

// formatVersion is the version of the layout that this code reads and writes.
const formatVersion = 2

var (
	keyFormat = []byte("mformat")
	keyIndex  = []byte("mindex")
	keyHead   = []byte("mhead")
	keyAudit  = []byte("maudit") // of this engine alone
	keyOwners = []byte("mowners")
	// keyParameters holds the stored SearchParameters, and how far their rows are.
	keyParameters = []byte("mparameters")
	keyErased     = []byte("merased") // of this engine alone
	// keyProgram names the program that opened the database last.
	keyProgram = []byte("mprogram") // of this engine alone
	// keyApplied says how much of its log a database holds.
	keyApplied = []byte("mapplied")
)

// rid is a resource's number: short, and in the order of creation. 0 is none.
type rid uint64

// vno is a version's number within its resource, the number in its version id.
type vno uint32

// The widths of numbers in keys, in bytes.
const (
	ridLen   = 5
	seqLen   = 6
	vnoLen   = 4
	placeLen = 4
)

// Limits that the widths of numbers set.
const (
	maxRid = rid(1)<<(8*ridLen) - 1
	maxSeq = fhir.Seq(1)<<(8*seqLen) - 1
	maxVno = vno(math.MaxUint32)
)

func appendUint(b []byte, n uint64, width int) []byte {
	for shift := 8 * (width - 1); shift >= 0; shift -= 8 {
		b = append(b, byte(n>>shift))
	}
	return b
}

func getUint(b []byte) (n uint64) {
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}

func appendRid(b []byte, r rid) []byte      { return appendUint(b, uint64(r), ridLen) }
func appendSeq(b []byte, s fhir.Seq) []byte { return appendUint(b, uint64(s), seqLen) }

// appendDown appends a sequence so that the largest sorts first.
func appendDown(b []byte, s fhir.Seq) []byte { return appendUint(b, uint64(maxSeq-s), seqLen) }

// keyTable begins a key of a table whose next field is a type (or nothing yet
// where typ is "").
func keyTable(table byte, typ string) []byte {
	b := make([]byte, 0, 96)
	b = append(b, table)
	if typ != "" {
		b = append(append(b, typ...), 0)
	}
	return b
}

func keyIdentity(typ, id string) []byte { return append(keyTable(tableIdentity, typ), id...) }

// keyVersions is the prefix of all versions of a resource.
func keyVersions(typ string, r rid) []byte { return appendRid(keyTable(tableVersion, typ), r) }

func keyVersion(typ string, r rid, n vno) []byte {
	return binary.BigEndian.AppendUint32(keyVersions(typ, r), uint32(maxVno-n))
}

func keyLog(seq fhir.Seq) []byte { return appendSeq([]byte{tableLog}, seq) }

func keyHistory(typ string, at fhir.LogPlace) []byte {
	b := appendSeq(keyTable(tableHistory, typ), at.Seq)
	return binary.BigEndian.AppendUint32(b, uint32(at.Place))
}

func keyCursor(name string) []byte { return append([]byte{tableCursor}, name...) }
func keyName(name string) []byte   { return append([]byte{tableName}, name...) }
func keyTile(name string) []byte   { return append([]byte{tableTile}, name...) }
func keyReceipt(key string) []byte { return append([]byte{tableReceipt}, key...) }

// keyPurges is the prefix of the rows that a commit has emptied.
func keyPurges(seq fhir.Seq) []byte { return appendSeq([]byte{tablePurge}, seq) }

func keyPurge(seq fhir.Seq, row []byte) []byte { return append(keyPurges(seq), row...) }

// splitPurge is the commit and the row that a key names.
func splitPurge(key []byte) (seq fhir.Seq, row []byte, ok bool) {
	if len(key) <= 1+seqLen {
		return 0, nil, false
	}
	return fhir.Seq(getUint(key[1 : 1+seqLen])), key[1+seqLen:], true
}

// keyParam is the prefix of all index rows of a parameter.
func keyParam(typ, param string) []byte {
	return append(append(keyTable(indexOf(param), typ), param...), 0)
}

// indexOf is the table in which the rows of a parameter are.
func indexOf(param string) byte {
	if search.IsCustom(param) {
		return tableCustom
	}
	return tableIndex
}

// keyEntry is the prefix of the rows of one entry of one resource.
func keyEntry(typ, param string, key []byte, r rid) []byte {
	return appendRid(append(keyParam(typ, param), key...), r)
}

// keyRow is one index row: the entry holds from a commit on.
func keyRow(typ, param string, key []byte, r rid, from fhir.Seq) []byte {
	return appendDown(keyEntry(typ, param, key, r), from)
}

// keyRows are the rows of many entries of one resource, in one piece of memory.
func keyRows(typ string, entries []search.Entry, r rid, from fhir.Seq) [][]byte {
	size := 0
	for _, e := range entries {
		size += 1 + len(typ) + 1 + len(e.Param) + 1 + len(e.Key) + ridLen + seqLen
	}
	keys, b := make([][]byte, len(entries)), make([]byte, 0, size)
	for i, e := range entries {
		start := len(b)
		b = append(append(append(b, indexOf(e.Param)), typ...), 0)
		b = append(append(append(b, e.Param...), 0), e.Key...)
		b = appendDown(appendRid(b, r), from)
		keys[i] = b[start:len(b):len(b)]
	}
	return keys
}

// keyOwner is the prefix of the rows of an owner among the resources of a type.
func keyOwner(typ, owner string) []byte {
	return append(append(keyTable(tableOwner, typ), owner...), 0)
}

// keyOwnerRow is one row: the resource has the owner from a commit on.
func keyOwnerRow(typ, owner string, r rid, from fhir.Seq) []byte {
	return appendDown(appendRid(keyOwner(typ, owner), r), from)
}

func keyOwned(t target) []byte { return appendRid(keyTable(tableOwned, t.typ), t.rid) }

// keyHeirs is the prefix of those that inherit the owners of a resource.
func keyHeirs(of target) []byte { return appendRid(keyTable(tableHeir, of.typ), of.rid) }

func keyHeir(of, heir target) []byte {
	return appendRid(append(append(keyHeirs(of), heir.typ...), 0), heir.rid)
}

// splitHeir is the heir that a key names; prefix is how long keyHeirs is.
func splitHeir(key []byte, prefix int) target {
	end := len(key) - ridLen
	return target{string(key[prefix : end-1]), rid(getUint(key[end:]))}
}

// splitRow takes the end of an index row's key apart. entry is the key as it
// was extracted; prefix is how long keyParam of the row is.
func splitRow(row []byte, prefix int) (entry []byte, r rid, from fhir.Seq) {
	end := len(row) - ridLen - seqLen
	return row[prefix:end],
		rid(getUint(row[end : end+ridLen])),
		maxSeq - fhir.Seq(getUint(row[end+ridLen:]))
}

// after is the smallest key greater than all that begin with prefix.
func after(prefix []byte) []byte {
	b := bytes.Clone(prefix)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i]++; b[i] != 0 {
			return b[:i+1]
		}
	}
	return nil
}

// head is the state of the committer between two commits.
type head struct {
	seq    fhir.Seq
	millis int64 // time of the newest commit, Unix milliseconds
	rid    rid   // the largest number given to a resource
}
