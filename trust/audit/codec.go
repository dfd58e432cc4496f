package audit

import (
	"encoding/binary"
	"errors"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// The record of an event: a format byte, the time in milliseconds, the status,
// how many others it stands for, the texts of [texts] and the roles, each
// with its length, and the number of resources. Each resource has its three texts
// and its patients, of which one that is that of the resource before is written
// as 0, and another one as its length and 1.

const recordFormat = 1

// texts are the texts of an event in the order of the record.
func texts(e *fhir.Access) [10]*string {
	return [...]*string{&e.Interaction, &e.By.Agent, &e.By.Display, &e.By.OnBehalf, &e.By.Client, &e.By.Purpose,
		&e.Address, &e.RequestID, &e.Method, &e.Target}
}

// encode appends the record of an event, without its number, which is its place.
func encode(b []byte, e *fhir.Access) []byte {
	b = append(b, recordFormat)
	b = binary.AppendVarint(b, e.Time.UnixMilli())
	b = binary.AppendUvarint(b, uint64(e.Status))     //nolint:gosec // a status of HTTP
	b = binary.AppendUvarint(b, uint64(e.Unrecorded)) //nolint:gosec // not negative
	for _, s := range texts(e) {
		b = appendText(b, *s)
	}
	b = appendText(b, strings.Join(e.By.Roles, " "))
	b = binary.AppendUvarint(b, uint64(len(e.Shown)))
	var before shown
	for i := range e.Shown {
		s := &e.Shown[i]
		b = before.append(b, &before.typ, s.Type)
		b = before.append(b, &before.id, s.ID)
		b = before.append(b, &before.version, s.VersionID)
		b = binary.AppendUvarint(b, uint64(len(s.Patients)))
		for _, p := range s.Patients {
			b = before.append(b, &before.patient, p)
		}
	}
	return b
}

// shown are the texts of the resource before.
type shown struct{ typ, id, version, patient string }

func (*shown) append(b []byte, was *string, s string) []byte {
	if s == *was {
		return append(b, 0)
	}
	*was = s
	return append(binary.AppendUvarint(b, uint64(len(s))+1), s...)
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
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
	e.Status = int(min(d.uvarint(), 999))       //nolint:gosec // bounded
	e.Unrecorded = int(min(d.uvarint(), 1<<31)) //nolint:gosec // bounded
	for _, s := range texts(&e.Access) {
		*s = d.text(d.uvarint())
	}
	e.By.Roles = strings.Fields(d.text(d.uvarint()))
	if len(e.By.Roles) == 0 {
		e.By.Roles = nil
	}
	var before shown
	for n := d.count(); n > 0; n-- {
		s := fhir.Shown{Type: d.changed(&before.typ), ID: d.changed(&before.id), VersionID: d.changed(&before.version)}
		for k := d.count(); k > 0; k-- {
			s.Patients = append(s.Patients, d.changed(&before.patient))
		}
		e.Shown = append(e.Shown, s)
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

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.bad = true
		return 0
	}
	c := d.b[0]
	d.b = d.b[1:]
	return c
}

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

// count is a number of things of at least a byte each.
func (d *decoder) count() uint64 {
	n := d.uvarint()
	if n > uint64(len(d.b)) {
		d.bad, d.b = true, nil
		return 0
	}
	return n
}

func (d *decoder) read(n int) {
	if n <= 0 {
		d.bad, d.b = true, nil
		return
	}
	d.b = d.b[n:]
}

func (d *decoder) text(n uint64) string {
	if n > uint64(len(d.b)) {
		d.bad, d.b = true, nil
		return ""
	}
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}

func (d *decoder) changed(was *string) string {
	if n := d.uvarint(); n > 0 {
		*was = d.text(n - 1)
	}
	return *was
}
