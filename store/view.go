package store

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store/kv"
)

// view is the database as of a sequence. What was committed later may stand in
// its reader and is passed over.
type view struct {
	r     kv.Reader
	at    fhir.Seq
	own   search.Own // which absolute references are to this server; nil for none
	now   time.Time  // what the date prefix ap counts from; in a commit its own time
	hot   *hot       // versions that need not be read; nil for none
	fresh []fresh    // versions that are not durable yet, within the committer
	// past are stretches of the index over which a walk may leap, and learns that those
	// which it meets are kept: the reader has nothing but what is committed.
	past   *pastRows
	learns bool
	warms  bool      // what is read is added to hot: the reader has nothing but what is durable
	posts  *postings // resources that have some keys, in memory; nil for none
	lately *lately
	stored *parameters // SearchParameters that are stored; nil for none
	seen   fhir.Seq    // the newest commit that the reader has, 0 where more is on top
	// sight is what the principal sees of it; nil for all.
	sight  *sight
	letter byte // of what the principal does with it, for the reach of their token
}

// head gives the newest commit in the reader, whatever the view's sequence.
func (v view) head() (head, error) {
	b, ok, err := v.r.Get(keyHead)
	if err == nil && !ok {
		err = fmt.Errorf("%w: the head is missing", errCorrupt)
	}
	if err != nil {
		return head{}, err
	}
	return decodeHead(b)
}

// version gives a version that must be there.
func (v view) version(typ string, r rid, n vno) (*fhir.Version, error) {
	p := place{typ, r, n}
	for _, f := range v.fresh {
		if ver := f[p]; ver != nil {
			return ver, nil
		}
	}
	if ver := v.hot.get(p); ver != nil {
		return ver, nil
	}
	b, ok, err := v.r.Get(keyVersion(typ, r, n))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("%w: version %d of %s number %d is missing", errCorrupt, n, typ, r)
	}
	ver, err := decodeVersion(typ, n, b)
	if err == nil && v.warms {
		ver.Keep()
		v.hot.add(p, ver)
	}
	return ver, err
}

// current gives the version that stands, a deletion for what is deleted; nil
// when there was none yet.
func (v view) current(typ, id string) (*fhir.Version, error) {
	ver, _, err := v.numberedCurrent(typ, id)
	return ver, err
}

// bare is current without the content, which is not read where the newest version stands.
func (v view) bare(typ, id string) (*fhir.Version, error) {
	i, ok, err := v.identity(typ, id)
	if err != nil || !ok {
		return nil, about(err, typ, id)
	}
	if i.seq > v.at {
		ver, err := v.standing(typ, i.rid, i.vno)
		if err != nil || ver == nil {
			return nil, about(err, typ, id)
		}
		return &fhir.Version{Type: typ, ID: id, VersionID: ver.VersionID, Seq: ver.Seq, Method: ver.Method}, nil
	}
	ver := &fhir.Version{Type: typ, ID: id, VersionID: i.vno.String(), Seq: i.seq, Method: fhir.Update}
	switch {
	case i.deleted:
		ver.Method = fhir.Delete
	case i.vno == 1:
		ver.Method = fhir.Create
	}
	return ver, nil
}

// shown is current for the principal of the view.
func (v view) shown(typ, id string) (*fhir.Version, error) {
	ver, r, err := v.numberedCurrent(typ, id)
	if err != nil {
		return nil, v.unlessHidden(err, typ, r)
	}
	if ok, err := v.sees(typ, r, ver); !ok || err != nil {
		return nil, err
	}
	return ver, nil
}

// numberedCurrent is current with the number of the resource.
func (v view) numberedCurrent(typ, id string) (*fhir.Version, rid, error) {
	i, ok, err := v.identity(typ, id)
	if err != nil || !ok {
		return nil, 0, about(err, typ, id)
	}
	ver, err := v.version(typ, i.rid, i.vno)
	if i.seq > v.at {
		ver, err = v.standing(typ, i.rid, i.vno)
	}
	return ver, i.rid, about(err, typ, id)
}

// first returns the version that created a resource; nil when there was none yet.
func (v view) first(typ, id string) (*fhir.Version, error) {
	i, ok, err := v.identity(typ, id)
	if err != nil || !ok {
		return nil, about(err, typ, id)
	}
	ver, err := v.version(typ, i.rid, 1)
	if err != nil || ver.Seq > v.at {
		return nil, about(err, typ, id)
	}
	return ver, nil
}

// standing gives the version of a resource that stands at the view's sequence,
// given its newest one; nil when there was none yet.
func (v view) standing(typ string, r rid, newest vno) (*fhir.Version, error) {
	ver, err := v.version(typ, r, newest)
	if err == nil && ver.Seq <= v.at || err != nil && !errors.Is(err, kv.ErrDamaged) {
		return ver, err
	}
	if err != nil { // it may be later
		if seq, e := v.seqOf(typ, r, newest); e != nil || seq <= v.at {
			return nil, err
		}
	}
	n, err := v.lastBefore(typ, r, newest)
	if err != nil || n == 0 {
		return nil, err
	}
	return v.version(typ, r, n)
}

// lastBefore bisects for the last version at or before the view's sequence, 0
// for none. The version behind is one that is later than it.
func (v view) lastBefore(typ string, r rid, behind vno) (vno, error) {
	low, high := vno(0), behind // low stands, high does not
	for high-low > 1 {
		middle := low + (high-low)/2
		seq, err := v.seqOf(typ, r, middle)
		if err != nil {
			return 0, err
		}
		if seq <= v.at {
			low = middle
		} else {
			high = middle
		}
	}
	return low, nil
}

// numbered gives the standing versions of resources of one type by their
// numbers, with one iterator for all of them. It must be closed.
type numbered struct {
	v       view
	typ     string
	it      kv.Iterator
	at      rid // whose version the iterator stands at; 0 for none
	salvage salvage
}

func (v view) numbered(typ string) *numbered {
	n := &numbered{v: v, typ: typ, salvage: salvage{v: v}}
	n.open()
	return n
}

func (n *numbered) open() {
	prefix := keyTable(tableVersion, n.typ)
	n.it = n.v.r.Iterate(prefix, after(prefix), false)
}

// get returns the version that is current at the view's sequence, or its placeholder where
// it cannot be read; nil when there was none yet.
func (n *numbered) get(r rid) (*fhir.Version, error) {
	ver, err := n.sought(r)
	if errors.Is(err, kv.ErrDamaged) {
		return n.salvage.standing(n.typ, r, err)
	}
	return ver, err
}

// beside is how far the number of the next resource may be off so that it is tried
// whether its newest version follows where the iterator stands: to go on is cheaper
// than to seek, and of what is listed most follow each other.
const beside = 8

// reach moves the iterator to the newest version of a resource, and reports whether
// there is one.
func (n *numbered) reach(r rid) (prefix []byte, found bool) {
	prefix = keyVersions(n.typ, r)
	follows := false
	if n.at > 0 && n.at < r && r-n.at <= beside {
		if n.it.Next() {
			follows = bytes.Compare(n.it.Key(), prefix) >= 0
		} else {
			_ = n.again() // what is damaged there is of another resource
		}
	}
	n.at = 0
	if !follows && !n.it.Seek(prefix) {
		return prefix, false
	}
	if len(n.it.Key()) == len(prefix)+vnoLen && bytes.HasPrefix(n.it.Key(), prefix) {
		n.at = r
	}
	return prefix, true
}

func (n *numbered) sought(r rid) (*fhir.Version, error) {
	prefix, found := n.reach(r)
	if !found {
		return nil, n.again()
	}
	if n.at != r {
		return nil, nil
	}
	newest := maxVno - vno(getUint(n.it.Key()[len(prefix):]))
	record := append([]byte(nil), n.it.Value()...)
	ver, err := decodeVersion(n.typ, newest, record)
	if err != nil {
		return nil, cmp.Or(n.again(), err)
	}
	if ver.Seq <= n.v.at {
		return ver, nil
	}
	return n.v.standing(n.typ, r, newest)
}

// id is the id of a resource, which each of its versions tells; "" where none can be read.
func (n *numbered) id(r rid) string {
	if _, found := n.reach(r); !found || n.at != r {
		return ""
	}
	return idOf(n.it.Value())
}

// again begins with a new iterator, and returns the error that ended the last one.
func (n *numbered) again() error {
	err := n.it.Close()
	n.at = 0
	n.open()
	return err
}

func (n *numbered) close() error { return n.it.Close() }

// ended closes an iterator and gives the first error.
func ended(it kv.Iterator, err error) error {
	if e := it.Close(); err == nil && e != nil {
		return fmt.Errorf("store: walk: %w", e)
	}
	return err
}
