package store

import (
	"bytes"
	"fmt"

	"github.com/pestle-fhir/pestle/fhir"
)

// resources checks every resource by its identity, and that no version belongs
// to none.
func (c *checker) resources() error {
	owned := 0
	err := c.each(tableIdentity, func(key, value []byte) error {
		typ, id, _ := bytes.Cut(key[1:], []byte{0})
		now, err := decodeIdentity(value)
		if err != nil {
			c.wrong("%s/%s: %v", typ, id, err)
			return nil
		}
		c.newest(string(typ), string(id), now)
		owned += int(now.vno)
		c.f.Resources++
		return c.resource(string(typ), string(id), now)
	})
	if err != nil {
		return err
	}
	if c.f.Versions != owned {
		c.wrong("%d versions are numbered, %d are stored", owned, c.f.Versions)
	}
	listed := uint64(0)
	for _, n := range c.counts {
		listed += n
	}
	if listed != uint64(owned) {
		c.wrong("the log lists %d versions, %d are stored", listed, owned)
	}
	return nil
}

// newest checks an identity against the version it names.
func (c *checker) newest(typ, id string, now identity) {
	ver, err := c.v.version(typ, now.rid, now.vno)
	if err != nil {
		c.wrong("%s/%s: %v", typ, id, err)
	} else if ver.Seq != now.seq || ver.Deleted() != now.deleted {
		c.wrong("%s/%s: its identity and its newest version %s differ", typ, id, ver.VersionID)
	}
}

// resource checks the versions of one resource from the newest to the first,
// and its index rows.
func (c *checker) resource(typ, id string, now identity) error {
	versions, err := c.v.versions(typ, now.rid)
	if err != nil {
		c.wrong("%s/%s: %v", typ, id, err)
		return nil
	}
	c.f.Versions += len(versions)
	for i, ver := range versions {
		c.version(id, i, ver)
		if i > 0 && versions[i-1].Seq >= ver.Seq {
			c.wrong("%s/_history/%s is not later than the version before it", ver.Ref(), ver.VersionID)
		}
	}
	return c.extracted(typ, now.rid, versions)
}

func (c *checker) version(id string, i int, ver *fhir.Version) {
	if ver.ID != id || ver.VersionID != fmt.Sprint(i+1) {
		c.wrong("%s/_history/%s is filed as version %d of %s", ver.Ref(), ver.VersionID, i+1, id)
	}
	r, err := ver.Resource()
	if ver.Deleted() != (len(ver.JSON) == 0) {
		c.wrong("%s/_history/%s: a deletion has no content, another version has", ver.Ref(), ver.VersionID)
	}
	if err != nil {
		c.wrong("%s/_history/%s: %v", ver.Ref(), ver.VersionID, err)
		return
	}
	if r != nil && (r.ID() != id || r.VersionID() != ver.VersionID || r.Type() != ver.Type) {
		c.wrong("%s/_history/%s holds %s/%s version %s", ver.Ref(), ver.VersionID, r.Type(), r.ID(), r.VersionID())
	}
}

// extracted checks that every index row of a resource is there, by extracting
// its versions again.
func (c *checker) extracted(typ string, r rid, versions []*fhir.Version) error {
	if c.stale {
		return nil
	}
	rows, err := timeline(c.ctx, typ, r, versions)
	if err != nil {
		c.wrong("%s: %v", versions[0].Ref(), err)
		return nil
	}
	c.f.Rows += len(rows)
	for _, row := range rows {
		value, ok, err := c.v.r.Get(row.Key)
		if err != nil {
			return err
		}
		if !ok || !bytes.Equal(row.Value, value) {
			c.wrong("%s: the index row %q should end with %x, it ends with %x (%v)", versions[0].Ref(), row.Key, row.Value, value, ok)
		}
	}
	return nil
}

// index checks that there are no rows besides those that were extracted.
func (c *checker) index() error {
	rows := 0
	err := c.each(tableIndex, func([]byte, []byte) error {
		rows++
		return nil
	})
	if err == nil && rows != c.f.Rows && !c.stale {
		c.wrong("the index has %d rows, extraction gives %d", rows, c.f.Rows)
	}
	return err
}
