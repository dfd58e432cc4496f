package store

import (
	"bytes"
	"fmt"

	"github.com/pestle-fhir/pestle/fhir"
)

// resources checks every resource by its identity, and that no version belongs
// to none.
func (c *checker) resources() (through bool, err error) {
	a := c.a
	through, err = c.each([]byte{tableIdentity}, func(key, value []byte) error {
		typ, id, _ := bytes.Cut(key[1:], []byte{0})
		ref := string(typ) + "/" + string(id)
		now, err := decodeIdentity(value)
		if err != nil {
			c.wrong(ref, "%s: %v", ref, err)
			return nil
		}
		c.newestOf(string(typ), ref, now)
		c.resource(string(typ), string(id), now)
		return nil
	})
	if !through || err != nil || a.Partial {
		return through, err
	}
	if a.Versions != a.Owned {
		c.wrong("", "%d versions are numbered, %d are stored", a.Owned, a.Versions)
	}
	if listed := sumOf(a.Counts); listed != uint64(a.Owned) {
		c.wrong("", "the log lists %d versions, %d are stored", listed, a.Owned)
	}
	return true, nil
}

func sumOf(counts map[string]uint64) (sum uint64) {
	for _, n := range counts {
		sum += n
	}
	return sum
}

// newestOf checks an identity against the version it names.
func (c *checker) newestOf(typ, ref string, now identity) {
	ver, err := c.v.version(typ, now.rid, now.vno)
	if err != nil {
		c.wrong(ref, "%s: %v", ref, err)
	} else if ver.Seq != now.seq || ver.Deleted() != now.deleted {
		c.wrong(ref, "%s: its identity and its newest version %s differ", ref, ver.VersionID)
	}
}

// resource checks the versions of one resource, up to the commit of the audit,
// and its index rows.
func (c *checker) resource(typ, id string, now identity) {
	ref := typ + "/" + id
	versions, err := c.v.versions(typ, now.rid)
	if err != nil {
		c.wrong(ref, "%s: %v", ref, err)
		c.a.Partial = true
		return
	}
	if len(versions) != int(now.vno) {
		c.wrong(ref, "%s: its identity numbers %d versions, %d are stored", ref, now.vno, len(versions))
	}
	later := int(now.vno) - len(versions) // as far as they are of the audit, they count as numbered
	versions = upTo(versions, c.a.AsOf)
	if len(versions) == 0 {
		return // created since
	}
	c.a.Resources++
	c.a.Versions += len(versions)
	c.a.Owned += len(versions) + later
	for i, ver := range versions {
		c.version(id, i, ver)
		if i > 0 && versions[i-1].Seq >= ver.Seq {
			c.wrong(versionRef(ver), "%s is not later than the version before it", versionRef(ver))
		}
	}
	c.extracted(typ, ref, now.rid, versions)
}

// upTo are the versions up to a commit.
func upTo(versions []*fhir.Version, at fhir.Seq) []*fhir.Version {
	n := len(versions)
	for n > 0 && versions[n-1].Seq > at {
		n--
	}
	return versions[:n]
}

func (c *checker) version(id string, i int, ver *fhir.Version) {
	ref := versionRef(ver)
	if ver.ID != id || ver.VersionID != fmt.Sprint(i+1) {
		c.wrong(ref, "%s is filed as version %d of %s", ref, i+1, id)
	}
	r, err := ver.Resource()
	if ver.Deleted() != (len(ver.JSON) == 0) {
		c.wrong(ref, "%s: a deletion has no content, another version has", ref)
	}
	if err != nil {
		c.wrong(ref, "%s: %v", ref, err)
		return
	}
	if r != nil && (r.ID() != id || r.VersionID() != ver.VersionID || r.Type() != ver.Type) {
		c.wrong(ref, "%s holds %s/%s version %s", ref, r.Type(), r.ID(), r.VersionID())
	}
}
