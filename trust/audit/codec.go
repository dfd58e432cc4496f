package audit

import (
	"encoding/binary"
	"errors"
	"time"
)

// The record of an event: a format byte, the time in milliseconds, the status,
// the texts of [Event.texts] each with its length, and the number of resources,
// each with its four texts, of which a type or patient that is the one of the
// resource before is written as a length of 0 after the marker.

const recordFormat = 1

// texts are the texts of an event in the order of the record.
func (e *Event) texts() [12]*string {
	return [...]*string{&e.Interaction, &e.Agent, &e.Display, &e.Organisation, &e.Client, &e.Roles, &e.Purpose, &e.Token,
		&e.Address, &e.RequestID, &e.Method, &e.Target}
}

func (r *Resource) texts() [4]*string { return [...]*string{&r.Type, &r.ID, &r.VersionID, &r.Patient} }

// encode appends the record of an event, without its number, which is its place.
func (e *Event) encode(b []byte) []byte {
	b = append(b, recordFormat)
	b = binary.AppendVarint(b, e.Time.UnixMilli())
	b = binary.AppendUvarint(b, uint64(e.Status)) //nolint:gosec // a status of HTTP
	for _, s := range e.texts() {
		b = appendText(b, *s)
	}
	b = binary.AppendUvarint(b, uint64(len(e.Shown)))
	before := &Resource{}
	for i := range e.Shown {
		r := &e.Shown[i]
		was := before.texts()
		for k, s := range r.texts() {
			b = appendChanged(b, *s, *was[k])
		}
		before = r
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendChanged writes 0 for a text that is as it was, else its length and 1.
func appendChanged(b []byte, s, was string) []byte {
	if s == was {
		return append(b, 0)
	}
	return append(binary.AppendUvarint(b, uint64(len(s))+1), s...)
}

var errRecord = errors.New("audit: the record is not one of an event")

// decode reads a record.
func decode(b []byte) (*Event, error) {
	d := decoder{b: b}
	e := &Event{}
	if d.byte() != recordFormat {
		return nil, errRecord
	}
	e.Time = time.UnixMilli(d.varint()).UTC()
	e.Status = int(min(d.uvarint(), 999)) //nolint:gosec // bounded
	for _, s := range e.texts() {
		*s = d.text(d.uvarint())
	}
	n := d.uvarint()
	if n > uint64(len(d.b)) {
		return nil, errRecord
	}
	before := &Resource{}
	for range n {
		r := Resource{}
		was := before.texts()
		for k, s := range r.texts() {
			if *s = *was[k]; d.peek() != 0 {
				*s = d.text(d.uvarint() - 1)
			} else {
				d.byte()
			}
		}
		e.Shown = append(e.Shown, r)
		before = &r
	}
	if d.bad || len(d.b) != 0 {
		return nil, errRecord
	}
	return e, nil
}

// decoder reads from a record; bad says that it ended too early.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) peek() byte {
	if len(d.b) == 0 {
		d.bad = true
		return 0
	}
	return d.b[0]
}

func (d *decoder) byte() byte {
	c := d.peek()
	d.skip(1)
	return c
}

func (d *decoder) skip(n int) { d.b = d.b[min(n, len(d.b)):] }

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	d.read(n)
	return v
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	d.read(n)
	return v
}

func (d *decoder) read(n int) {
	if n <= 0 {
		d.bad, d.b = true, nil
		return
	}
	d.skip(n)
}

func (d *decoder) text(n uint64) string {
	if n > uint64(len(d.b)) {
		d.bad, d.b = true, nil
		return ""
	}
	s := string(d.b[:n])
	d.skip(int(n)) //nolint:gosec // bounded by the record
	return s
}
