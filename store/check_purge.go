package store

import (
	"bytes"

	"github.com/pestle-fhir/pestle/fhir"
)

// recorded checks that the purge of a version is one of the commit that it names.
func (c *checker) recorded(ver *fhir.Version, p place) {
	if ver.Purged == nil {
		return
	}
	ref := versionRef(ver)
	if ver.Purged.Was == fhir.Delete || ver.Purged.Seq <= ver.Seq {
		c.wrong(ref, "%s says that commit %d has purged a %s", ref, ver.Purged.Seq, ver.Purged.Was)
	}
	_, ok, err := c.v.r.Get(keyPurge(ver.Purged.Seq, keyVersion(p.typ, p.rid, p.vno)))
	if err != nil || !ok {
		c.wrong(ref, "%s says that commit %d has purged it, and the purges do not list it (%v)", ref, ver.Purged.Seq, err)
	}
}

// purges checks that what commits have purged is empty.
func (c *checker) purges() (through bool, err error) {
	return c.each([]byte{tablePurge}, func(key, value []byte) error {
		seq, row, ok := splitPurge(key)
		if !ok || len(value) > 0 || seq == 0 {
			c.wrong("", "the purges have a row %x that cannot be read", key)
			return nil
		}
		if row[0] == tableReceipt {
			c.receiptPurged(seq, row)
			return nil
		}
		p, ok := placeOf(row)
		if !ok {
			c.wrong("", "commit %d has purged %x, which is no version and no receipt", seq, row)
			return nil
		}
		if _, err := c.v.record(seq); err != nil {
			c.wrong(c.named(p), "%s was purged by commit %d: %v", c.named(p), seq, err)
		}
		ver, err := c.v.version(p.typ, p.rid, p.vno)
		if err != nil || ver.Purged == nil || ver.Purged.Seq != seq {
			c.wrong(c.named(p), "%s was purged by commit %d, and is stored otherwise (%v)", c.named(p), seq, err)
		}
		return nil
	})
}

func (c *checker) receiptPurged(seq fhir.Seq, row []byte) {
	b, ok, err := c.v.r.Get(row)
	_, body, e := decodeReceipt(b)
	if err != nil || !ok || e != nil || !bytes.Equal(body, fhir.PurgedReceipt) {
		c.wrong("", "the receipt %q was purged by commit %d, and is stored otherwise (%v)", row[1:], seq, err)
	}
}
