package store

import (
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// errCorrupt is what reading a record gives that this package has not written.
var errCorrupt = errors.New("store: a record cannot be read")

// identity is the newest state of a resource's numbers.
type identity struct {
	rid     rid
	vno     vno
	seq     fhir.Seq
	deleted bool
}

func (i identity) encode() []byte {
	b := binary.AppendUvarint(nil, uint64(i.rid))
	b = binary.AppendUvarint(b, uint64(i.vno))
	b = binary.AppendUvarint(b, uint64(i.seq))
	return appendBool(b, i.deleted)
}

func decodeIdentity(b []byte) (identity, error) {
	d := decoder{b: b}
	i := identity{rid: rid(d.uint()), vno: vno(d.uint()), seq: fhir.Seq(d.uint()), deleted: d.byte() != 0}
	return i, d.end()
}

// methods by their byte in a version record.
var methods = [...]fhir.Method{fhir.Create, fhir.Update, fhir.Delete}

// encodeVersion leaves out what the key says: type and version number. salts are
// those of the version, see [salted].
func encodeVersion(v *fhir.Version, salts []byte) []byte {
	b := make([]byte, 0, len(v.JSON)+len(v.ID)+len(v.RequestID)+len(v.Requester.Agent)+len(salts)+64)
	b = binary.AppendUvarint(b, uint64(v.Seq))
	b = binary.AppendVarint(b, v.LastUpdated.UnixMilli())
	for i, m := range methods {
		if m == v.Method {
			b = append(b, byte(i))
		}
	}
	who := &v.Requester
	for _, s := range [...]string{v.ID, who.Agent, who.Display, who.OnBehalf, who.Client, strings.Join(who.Roles, roleMark), who.Purpose, v.RequestID} {
		b = appendText(b, s)
	}
	b = append(binary.AppendUvarint(b, uint64(len(salts))), salts...)
	return append(b, v.JSON...)
}

// roleMark stands between the roles of a requester.
const roleMark = "\x00"

// decodeVersion reads the record of a version. The JSON shares b's bytes.
func decodeVersion(typ string, n vno, b []byte) (*fhir.Version, error) {
	v, _, err := decodeSalted(typ, n, b)
	return v, err
}

// idOf is the id in the record of a version, "" where it cannot be read.
func idOf(b []byte) string {
	d := decoder{b: b}
	d.uint() // sequence
	d.int()  // time
	d.byte() // method
	return d.text()
}

// decodeSalted is decodeVersion with the salts, which share b's bytes too: both, or
// that of the envelope of a version that was purged.
func decodeSalted(typ string, n vno, b []byte) (v *fhir.Version, salts []byte, err error) {
	d := decoder{b: b}
	v = &fhir.Version{Type: typ, VersionID: n.String()}
	v.Seq = fhir.Seq(d.uint())
	v.LastUpdated = instant(d.int())
	m := d.byte()
	purged := m&purgedMark != 0
	if m &^= purgedMark; int(m) >= len(methods) {
		return nil, nil, errCorrupt
	}
	v.Method = methods[m]
	who, roles := &v.Requester, ""
	for _, s := range [...]*string{&v.ID, &who.Agent, &who.Display, &who.OnBehalf, &who.Client, &roles, &who.Purpose, &v.RequestID} {
		*s = d.text()
	}
	if roles != "" {
		who.Roles = strings.Split(roles, roleMark)
	}
	salts = d.bytes()
	if d.failed {
		return nil, nil, errCorrupt
	}
	switch {
	case purged:
		left, err := decodeRemains(d.b)
		if err != nil {
			return nil, nil, err
		}
		v.Method, v.Purged = fhir.Delete, &fhir.Purged{Was: v.Method, Seq: left.seq, Time: instant(left.millis), By: left.by}
	case len(d.b) > 0:
		v.JSON = d.b
	}
	return v, salts, nil
}

// String is the version id.
func (n vno) String() string { return strconv.FormatUint(uint64(n), 10) }

// parseVno reads a version id; 0 for what is none.
func parseVno(id string) vno {
	n, err := strconv.ParseUint(id, 10, 32)
	if err != nil || vno(n).String() != id {
		return 0
	}
	return vno(n)
}

func instant(millis int64) time.Time { return time.UnixMilli(millis).UTC() }

// commitRecord is one commit in the log.
type commitRecord struct {
	millis   int64
	total    uint64 // versions up to and with this commit
	versions []place
	leaves   []byte // the leaf of each version, 32 bytes each; none without [Options.Leaf]
	chain    sum    // of all commits up to and with this one, see [commitRecord.link]
}

// place names a version.
type place struct {
	typ string
	rid rid
	vno vno
}

func (c commitRecord) encode() []byte { return append(c.body(), c.chain[:]...) }

// body is the record without its chain.
func (c commitRecord) body() []byte {
	b := binary.AppendVarint(nil, c.millis)
	b = binary.AppendUvarint(b, c.total)
	b = binary.AppendUvarint(b, uint64(len(c.versions)))
	for _, p := range c.versions {
		b = appendText(b, p.typ)
		b = binary.AppendUvarint(b, uint64(p.rid))
		b = binary.AppendUvarint(b, uint64(p.vno))
	}
	return append(binary.AppendUvarint(b, uint64(len(c.leaves))), c.leaves...)
}

func decodeCommit(b []byte) (commitRecord, error) {
	d := decoder{b: b}
	c := commitRecord{millis: d.int(), total: d.uint()}
	n := d.uint()
	if n > uint64(len(b)) {
		return c, errCorrupt
	}
	c.versions = make([]place, n)
	for i := range c.versions {
		c.versions[i] = place{d.text(), rid(d.uint()), vno(d.uint())}
	}
	if leaves := d.text(); leaves != "" {
		c.leaves = []byte(leaves)
	}
	if len(d.b) != len(c.chain) || len(c.leaves) != 0 && len(c.leaves) != len(c.chain)*len(c.versions) {
		return c, errCorrupt
	}
	d.b = d.b[copy(c.chain[:], d.b):]
	return c, d.end()
}

// historyRecord is one row of the history of a type.
type historyRecord struct {
	rid   rid
	vno   vno
	total uint64 // versions of the type up to and with this one
}

func (h historyRecord) encode() []byte {
	b := binary.AppendUvarint(nil, uint64(h.rid))
	b = binary.AppendUvarint(b, uint64(h.vno))
	return binary.AppendUvarint(b, h.total)
}

func decodeHistory(b []byte) (historyRecord, error) {
	d := decoder{b: b}
	h := historyRecord{rid(d.uint()), vno(d.uint()), d.uint()}
	return h, d.end()
}

func (h head) encode() []byte {
	b := binary.AppendUvarint(nil, uint64(h.seq))
	b = binary.AppendVarint(b, h.millis)
	return binary.AppendUvarint(b, uint64(h.rid))
}

func decodeHead(b []byte) (head, error) {
	d := decoder{b: b}
	h := head{fhir.Seq(d.uint()), d.int(), rid(d.uint())}
	return h, d.end()
}

func encodeSeq(s fhir.Seq) []byte { return binary.AppendUvarint(nil, uint64(s)) }

func decodeSeq(b []byte) (fhir.Seq, error) {
	d := decoder{b: b}
	s := fhir.Seq(d.uint())
	return s, d.end()
}

func encodeReceipt(s fhir.Seq, body []byte) []byte { return append(encodeSeq(s), body...) }

func decodeReceipt(b []byte) (fhir.Seq, []byte, error) {
	d := decoder{b: b}
	s := fhir.Seq(d.uint())
	if d.failed {
		return 0, nil, errCorrupt
	}
	return s, d.b, nil
}

// target names a resource.
type target struct {
	typ string
	rid rid
}

// ownership is what decides on the owners of a resource, as of its newest commit.
type ownership struct {
	since            fhir.Seq // when the owners, or whether it is deleted, last changed
	deleted          bool
	writers, named   []string // in order
	inherits, shares []target // what it refers to
	heirs            uint64   // how many inherit from it
	owners           []share  // in the order of the owner, also those that it had once
}

// share is how many reasons there are for an owner: being its writer or named,
// what it inherits from, what shares with it.
type share struct {
	owner   string
	reasons uint64
}

func (o *ownership) encode() []byte {
	b := appendBool(encodeSeq(o.since), o.deleted)
	for _, list := range [...][]string{o.writers, o.named} {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for _, s := range list {
			b = appendText(b, s)
		}
	}
	for _, list := range [...][]target{o.inherits, o.shares} {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for _, t := range list {
			b = binary.AppendUvarint(appendText(b, t.typ), uint64(t.rid))
		}
	}
	b = binary.AppendUvarint(b, o.heirs)
	b = binary.AppendUvarint(b, uint64(len(o.owners)))
	for _, s := range o.owners {
		b = binary.AppendUvarint(appendText(b, s.owner), s.reasons)
	}
	return b
}

func decodeOwnership(b []byte) (o ownership, err error) {
	d := decoder{b: b}
	o.since, o.deleted = fhir.Seq(d.uint()), d.byte() != 0
	for _, list := range [...]*[]string{&o.writers, &o.named} {
		for n := d.uint(); n > 0 && !d.failed; n-- {
			*list = append(*list, d.text())
		}
	}
	for _, list := range [...]*[]target{&o.inherits, &o.shares} {
		for n := d.uint(); n > 0 && !d.failed; n-- {
			*list = append(*list, target{d.text(), rid(d.uint())})
		}
	}
	o.heirs = d.uint()
	for n := d.uint(); n > 0 && !d.failed; n-- {
		o.owners = append(o.owners, share{d.text(), d.uint()})
	}
	return o, d.end()
}

// holds is the value of an index row whose entry still stands.
var holds = []byte{}

// heldAt reports whether an index row with this value, begun at or before a
// sequence, holds at it.
func heldAt(value []byte, at fhir.Seq) bool {
	return len(value) == 0 || at < fhir.Seq(getUint(value))
}

// until is the value of a row that ended with a commit.
func until(s fhir.Seq) []byte { return appendSeq(nil, s) }
