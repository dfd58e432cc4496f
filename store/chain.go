package store

import (
	"crypto/sha256"

	"github.com/pestle-fhir/pestle/fhir"
)

type sum = [sha256.Size]byte

// link is the chain of a commit: the SHA-256 of the chain before it, of its record
// in the log and of the records of its versions. It depends on nothing but what
// was committed, in which order, so it is the same however commits were grouped;
// a commit that is missing, added or changed shows in all that follow.
func (c commitRecord) link(before sum, versions []sum) sum {
	h := sha256.New()
	body := sha256.Sum256(c.body())
	_, _ = h.Write(before[:])
	_, _ = h.Write(body[:])
	for i := range versions {
		_, _ = h.Write(versions[i][:])
	}
	var out sum
	h.Sum(out[:0])
	return out
}

// linked is the chain of a commit by what is stored of its versions.
func (v view) linked(c commitRecord, before sum) (sum, error) {
	sums := make([]sum, len(c.versions))
	for i, p := range c.versions {
		b, ok, err := v.r.Get(keyVersion(p.typ, p.rid, p.vno))
		if err == nil && !ok {
			err = errCorrupt
		}
		if err != nil {
			return sum{}, err
		}
		if sums[i], err = recordSum(b); err != nil {
			return sum{}, err
		}
	}
	return c.link(before, sums), nil
}

// chainAt is the chain up to a commit, if it can be read.
func (v view) chainAt(seq fhir.Seq) (chain sum, known bool) {
	if seq == 0 {
		return sum{}, true
	}
	c, err := v.record(seq)
	return c.chain, err == nil
}

// A version has two salts, random and stored with it, for commitments to it that
// tell nothing: deleting one with what it salts leaves nothing to guess from.
const (
	saltLen  = 32
	saltsLen = 2 * saltLen // of the envelope and of the content
)

// salted are the salts of a change among those that were drawn for a transaction.
func salted(drawn []byte, change int) []byte {
	return drawn[change*saltsLen : (change+1)*saltsLen]
}

// LeafRecord is what a leaf of a Merkle log commits to: one version, as it is
// being committed. Its parts are not to be kept or changed.
type LeafRecord struct {
	Index   uint64 // 0, 1, 2, … over all versions in the order of the log
	Seq     fhir.Seq
	Millis  int64         // time of the commit, Unix milliseconds
	Version *fhir.Version // with method, type, id, version, requester and content as stored
	// EnvelopeSalt and ContentSalt are 32 random bytes each.
	EnvelopeSalt, ContentSalt []byte
	// ContentCommit takes the place of content and ContentSalt where the version was
	// purged: what [Commitment] has returned of them.
	ContentCommit []byte
}

// Commitment returns what stays of the content of a version that is purged: what
// its leaf commits to. It must depend on its arguments alone.
type Commitment func(contentSalt, content []byte) [sha256.Size]byte

// Leaf returns the hash of the leaf for a version. It is called inside the commit,
// so it must be quick, and depend on the record alone.
type Leaf func(LeafRecord) [sha256.Size]byte

// Checkpoint returns the tiles of a Merkle log that are complete once leaves, 32
// bytes each, are added behind the first ones. They are written with the commits
// that the leaves are of. It must depend on all leaves so far alone; after a
// failed write it is not called again before the database is opened anew.
type Checkpoint func(first uint64, leaves []byte) []Tile

// Tile is a part of a Merkle log that is complete, under a name of its own.
type Tile struct {
	Name  string
	Value []byte
}

// tiles writes what a group completes of the Merkle log.
func (c *committer) tiles() {
	if checkpoint := c.db.opts.Checkpoint; checkpoint != nil && len(c.leaves) > 0 {
		for _, t := range checkpoint(c.first, c.leaves) {
			c.over.Set(keyTile(t.Name), t.Value)
		}
	}
	c.leaves = c.leaves[:0]
}

// leafOf appends the leaf of a version to the record of its commit.
func (a *applier) leafOf(ver *fhir.Version, salts []byte) {
	if a.leaf == nil {
		return
	}
	hash := a.leaf(LeafRecord{
		Index: a.last.total + uint64(len(a.log.leaves)/sha256.Size), Seq: ver.Seq, Millis: a.head.millis, Version: ver,
		EnvelopeSalt: salts[:saltLen], ContentSalt: salts[saltLen:],
	})
	a.log.leaves = append(a.log.leaves, hash[:]...)
}
