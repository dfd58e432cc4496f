package store

import (
	"bytes"

	"github.com/pestle-fhir/pestle/fhir"
)

// log reads every commit and each version that it lists.
func (c *checker) log() (through bool, err error) {
	a := c.a
	seq := fhir.Seq(1)
	if a.Next != nil {
		seq = fhir.Seq(getUint(a.Next))
	}
	before, known := c.v.chainAt(seq - 1)
	for ; seq <= a.AsOf && !c.over(); seq++ {
		record, err := c.v.record(seq)
		if err != nil {
			c.wrong("", "log entry %d: %v", seq, err)
			known = false
			continue
		}
		a.Commits++
		if a.Total += uint64(len(record.versions)); record.total != a.Total {
			c.wrong("", "log entry %d counts %d versions, there are %d", seq, record.total, a.Total)
			a.Total = record.total
		}
		if record.millis < a.Millis {
			c.wrong("", "log entry %d is earlier than the one before it", seq)
		}
		a.Millis = record.millis
		if linked, err := c.v.linked(record, before); known && err == nil && linked != record.chain {
			c.wrong("", "log entry %d does not continue the chain of the log: it, a version that it lists or the commit before it was changed", seq)
		}
		before, known = record.chain, true
		for i, p := range record.versions {
			c.listed(seq, i, p, record.millis)
		}
	}
	a.Next = appendSeq(nil, seq)
	return seq > a.AsOf, c.ctx.Err()
}

// listed checks a version that a log entry lists, and its row in the history of
// its type.
func (c *checker) listed(seq fhir.Seq, i int, p place, millis int64) {
	c.a.Counts[p.typ]++
	ver, err := c.v.version(p.typ, p.rid, p.vno)
	switch {
	case err != nil:
		c.wrong(c.named(p), "%s, which log entry %d lists: %v", c.named(p), seq, err)
	case ver.Seq != seq || ver.LastUpdated.UnixMilli() != millis:
		c.wrong(versionRef(ver), "%s says commit %d at %v, the log says %d at %v", versionRef(ver), ver.Seq, ver.LastUpdated, seq, instant(millis))
	}
	if ver != nil {
		c.owner(ver, p)
		c.recorded(ver, p)
	}
	b, ok, err := c.v.r.Get(keyHistory(p.typ, fhir.LogPlace{Seq: seq, Place: i}))
	want := historyRecord{p.rid, p.vno, c.a.Counts[p.typ]}
	if h, e := decodeHistory(b); err != nil || !ok || e != nil || h != want {
		c.wrong(c.named(p), "the history of %s at %d, %d holds %v, the log %v (%s)", p.typ, seq, i, h, want, c.named(p))
	}
}

// owner checks that the resource of a version is known by its id.
func (c *checker) owner(ver *fhir.Version, p place) {
	now, ok, err := c.v.identity(p.typ, ver.ID)
	if err != nil || !ok || now.rid != p.rid || now.vno < p.vno {
		c.wrong(versionRef(ver), "%s is in the log, and the resource cannot be found by its id (%v)", versionRef(ver), err)
	}
}

func versionRef(ver *fhir.Version) string { return ver.Ref() + "/_history/" + ver.VersionID }

// named is a version by the id of its resource, as far as that is known.
func (c *checker) named(p place) string {
	if len(c.a.Wrong) == MaxWrong { // it is not listed
		return idNames(nil).named(p)
	}
	if c.names == nil {
		c.names = map[string]idNames{}
	}
	if c.names[p.typ] == nil {
		c.names[p.typ] = c.v.idsByNumber(p.typ)
	}
	return c.names[p.typ].named(p)
}

// histories checks that the histories of types hold nothing else.
func (c *checker) histories() (through bool, err error) {
	newest, err := c.newest()
	if err != nil {
		return false, err
	}
	through, err = c.each([]byte{tableHistory}, func(key, value []byte) error {
		typ, rest, _ := bytes.Cut(key[1:], []byte{0})
		h, err := decodeHistory(value)
		if len(rest) != seqLen+placeLen || err != nil {
			c.wrong("", "the history of %s has a row %x that cannot be read", typ, key)
			return nil
		}
		switch at := fhir.Seq(getUint(rest[:seqLen])); {
		case at > newest:
			c.wrong(c.named(place{string(typ), h.rid, h.vno}), "the history of %s has a row of commit %d, the log ends at %d", typ, at, newest)
		case at <= c.a.AsOf:
			c.a.Filed[string(typ)]++
		}
		return nil
	})
	if !through || err != nil || c.a.Partial {
		return through, err
	}
	for typ, n := range c.a.Filed {
		if n != c.a.Counts[typ] {
			c.wrong("", "the history of %s has %d rows, the log has %d versions", typ, n, c.a.Counts[typ])
		}
	}
	return true, nil
}

func (c *checker) cursors() (through bool, err error) {
	newest, err := c.newest()
	if err != nil {
		return false, err
	}
	return c.each([]byte{tableCursor}, func(key, value []byte) error {
		c.a.Cursors++
		if seq, err := decodeSeq(value); err != nil || seq > newest {
			c.wrong("", "the cursor %s stands at %d, the log ends at %d (%v)", key[1:], seq, newest, err)
		}
		return nil
	})
}

func (c *checker) receipts() (through bool, err error) {
	return c.each([]byte{tableReceipt}, func(key, value []byte) error {
		c.a.Receipts++
		if _, _, err := decodeReceipt(value); err != nil {
			c.wrong("", "the receipt %q: %v", key[1:], err)
		}
		return nil
	})
}
