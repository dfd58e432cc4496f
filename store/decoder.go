package store

import (
	"encoding/binary"
)

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// decoder reads a record field by field and remembers whether that failed.
type decoder struct {
	b      []byte
	failed bool
}

func (d *decoder) uint() uint64 {
	n, size := binary.Uvarint(d.b)
	return n * d.skip(size)
}

func (d *decoder) int() int64 {
	n, size := binary.Varint(d.b)
	return n * int64(d.skip(size))
}

// skip goes on by a field of that size and gives 1, or 0 where there is none.
func (d *decoder) skip(size int) uint64 {
	if size <= 0 || size > len(d.b) {
		d.failed, d.b = true, nil
		return 0
	}
	d.b = d.b[size:]
	return 1
}

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.failed = true
		return 0
	}
	c := d.b[0]
	d.b = d.b[1:]
	return c
}

func (d *decoder) text() string { return string(d.bytes()) }

// bytes are those of a text, which share those of the record.
func (d *decoder) bytes() []byte {
	n := d.uint()
	if n > uint64(len(d.b)) {
		d.failed, d.b = true, nil
		return nil
	}
	b := d.b[:n:n]
	d.b = d.b[n:]
	return b
}

// fixed are n bytes, zeros where there are not so many.
func (d *decoder) fixed(n int) []byte {
	b := d.b
	if d.skip(n) == 0 {
		return make([]byte, n)
	}
	return b[:n]
}

// end reports whether the record was read whole and no more.
func (d *decoder) end() error {
	if d.failed || len(d.b) > 0 {
		return errCorrupt
	}
	return nil
}
