package store

import (
	"sync"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
)

// lately keeps what is current of the resources that were written or read lately, and
// the records of the latest commits: whoever decides on the next one asks for the same
// few, every follower reads the log, and each commit is linked to the one before it.
// Only what is durable is added. nil keeps nothing.
type lately struct {
	mu         sync.Mutex
	young, old map[[2]string]identity // by type and id
	upto       fhir.Seq               // the newest commit that was added
	records    [latelyRecords]numberedRecord
}

type numberedRecord struct {
	seq fhir.Seq
	commitRecord
}

// Bounds of what is kept: the young become old when they are so many, and the old are
// forgotten. A record of many versions is not kept.
const (
	latelyRecords  = 256
	latelyVersions = 64
)

// latelyResources is a variable for tests.
var latelyResources = 8192

// numbers returns the newest numbers of a resource, zero where its id was never used;
// false where they are not kept, or are later than what is asked as of: then the reader's
// own are to be read.
func (l *lately) numbers(typ, id string, at fhir.Seq) (identity, bool) {
	if l == nil {
		return identity{}, false
	}
	key := [2]string{typ, id}
	l.mu.Lock()
	defer l.mu.Unlock()
	i, young, ok := l.find(key)
	if ok && !young {
		l.put(key, i)
	}
	return i, ok && i.seq <= at
}

func (l *lately) find(key [2]string) (i identity, young, ok bool) {
	if i, ok = l.young[key]; ok {
		return i, true, true
	}
	i, ok = l.old[key]
	return i, false, ok
}

// read adds numbers that were read where the newest commit was seen: not where another
// has been added since, which may have written the resource.
func (l *lately) read(typ, id string, i identity, seen fhir.Seq) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.upto <= seen {
		l.put([2]string{typ, id}, i)
	}
}

func (l *lately) put(key [2]string, i identity) {
	if len(l.young) >= latelyResources {
		l.old, l.young = l.young, nil
	}
	if l.young == nil {
		l.young = map[[2]string]identity{}
	}
	l.young[owned(key)] = i
}

// owned is a key with memory of its own: a part of the text of a message would keep
// all of it.
func owned(key [2]string) [2]string {
	text := key[0] + key[1]
	return [2]string{text[:len(key[0])], text[len(key[0]):]}
}

// add adds commits that are durable, before anybody can see them: the newest of the
// versions of each resource, and the records. After a purge nothing older is kept.
func (l *lately) add(seq fhir.Seq, versions fresh, records []numberedRecord, purged bool) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.upto = max(l.upto, seq)
	if purged {
		l.young, l.old, l.records = nil, nil, [latelyRecords]numberedRecord{}
		return
	}
	for p, ver := range versions {
		key := [2]string{ver.Type, ver.ID}
		if had, _, ok := l.find(key); !ok || had.vno < p.vno {
			l.put(key, identity{rid: p.rid, vno: p.vno, seq: ver.Seq, deleted: ver.Deleted()})
		}
	}
	for _, r := range records {
		if len(r.versions) <= latelyVersions {
			l.records[r.seq%latelyRecords] = r
		}
	}
}

// record returns the record of a commit; false where it is not kept.
func (l *lately) record(seq fhir.Seq) (commitRecord, bool) {
	if l == nil {
		return commitRecord{}, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	r := &l.records[seq%latelyRecords]
	return r.commitRecord, r.seq == seq && seq > 0
}

// identity gives the newest numbers of a resource, whatever the view's sequence; false
// when the id has never been used. What is not durable yet comes before what is kept.
func (v view) identity(typ, id string) (i identity, ok bool, err error) {
	key := keyIdentity(typ, id)
	var b []byte
	if over, is := v.r.(*kv.Overlay); is && v.lately != nil {
		if b, ok = over.Changed(key); ok && b == nil {
			return identity{}, false, nil
		}
	}
	if !ok {
		if i, ok := v.lately.numbers(typ, id, v.at); ok {
			return i, i.vno > 0, nil
		}
		if b, ok, err = v.r.Get(key); err != nil {
			return identity{}, false, err
		}
	}
	if ok {
		if i, err = decodeIdentity(b); err != nil {
			return identity{}, false, err
		}
	}
	if v.seen > 0 {
		v.lately.read(typ, id, i, v.seen)
	}
	return i, ok, nil
}
