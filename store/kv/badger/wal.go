package badger

import (
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"strconv"

	badger "github.com/dgraph-io/badger/v4"
)

// The marks of entries in a memtable log: within a transaction, and its end.
const (
	inTransaction = 1 << 6
	endsOne       = 1 << 7
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// fitting makes the memtable large enough for every log of writes in the folder:
// an earlier version had larger ones, and a killed process leaves one. A log is
// made twice as long as its memtable. An opening that was interrupted has cut it
// to what was written; in memory that takes less than twice as much.
func (f *folder) fitting(o badger.Options) badger.Options {
	for name, size := range f.files {
		switch {
		case filepath.Ext(name) != memtableExt || size == 2*memTable:
		case size > 2*memTable:
			o.MemTableSize = max(o.MemTableSize, size/2)
		default:
			o.MemTableSize = max(o.MemTableSize, 2*size)
		}
	}
	return o
}

// validLog reads a memtable log and returns its part up to the last complete
// transaction. What is behind it was being written when the process was killed,
// or is the empty rest of the file; the engine cuts it off when it opens the
// database for writing, and refuses the file when it opens it for reading.
func (f *folder) validLog(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil || len(b) < logHeader {
		return nil, err
	}
	decrypt, err := f.decrypter(b)
	if err != nil {
		return nil, err
	}
	valid, commit := logHeader, ""
	for at := logHeader; at < len(b); {
		size, meta, key, value, ok := logEntry(b[at:], at, decrypt)
		if !ok {
			break
		}
		at += size
		switch {
		case meta&inTransaction != 0:
			if len(key) < 8 {
				return b[:valid], nil
			}
			version := strconv.FormatUint(^binary.BigEndian.Uint64(key[len(key)-8:]), 10)
			if commit == "" {
				commit = version
			}
			if commit != version {
				return b[:valid], nil
			}
		case meta&endsOne != 0:
			if string(value) != commit {
				return b[:valid], nil
			}
			valid, commit = at, ""
		default:
			if commit != "" {
				return b[:valid], nil
			}
			valid = at
		}
	}
	return b[:valid], nil
}

// logEntry reads one entry: two bytes of marks, the lengths of key and value
// and the time of expiry as varints, key and value, which may be encrypted, and
// a CRC-32C of all that.
func logEntry(b []byte, offset int, decrypt func(b []byte, offset int) ([]byte, error)) (size int, meta byte, key, value []byte, ok bool) {
	if len(b) < 2 {
		return
	}
	at := 2
	var fields [3]uint64
	for i := range fields {
		n, width := binary.Uvarint(b[at:])
		if width <= 0 {
			return
		}
		fields[i] = n
		at += width
	}
	keyLen, valueLen := fields[0], fields[1]
	if keyLen == 0 || keyLen > 1<<16 || valueLen > uint64(len(b)) || uint64(at)+keyLen+valueLen+4 > uint64(len(b)) {
		return
	}
	end := at + int(keyLen+valueLen)
	if crc32.Checksum(b[:end], castagnoli) != binary.BigEndian.Uint32(b[end:]) {
		return
	}
	plain, err := decrypt(b[at:end], offset)
	return end + 4, b[0], plain[:keyLen], plain[keyLen:], err == nil
}
