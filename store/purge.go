package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store/kv"
)

// A purge erases the content of all versions of a resource. The record of a version
// stays under its key, with the envelope and its salt, and in the place of the
// content and its salt what the proofs and the owners need: see [remains]. The rows
// of the index go, and receipts that may hold the content are emptied. The table of
// purges lists which rows a commit has emptied, for backups that continue older ones.

// purgedMark is set in the byte of the method of a version that was purged.
const purgedMark = 0x80

// remains are what is stored in the place of the content.
type remains struct {
	commit sum            // of the content, as its leaf has it
	sum    sum            // of the record as it was, as the chain has it
	said   fhir.Ownership // what the content said of whose the resource is
	seq    fhir.Seq       // of the commit that purged it
	millis int64          // its time
	by     string         // the agent of its requester
}

// erasure is a version that a purge empties: its record up to the commit that does.
type erasure struct {
	vno    vno
	record []byte
}

// encode is the record of a version whose content is purged by a commit.
func (e erasure) encode(seq fhir.Seq, millis int64, by string) []byte {
	b := binary.AppendUvarint(e.record[:len(e.record):len(e.record)], uint64(seq))
	return appendText(binary.AppendVarint(b, millis), by)
}

// erase makes the erasure of a version of its record.
func erase(n vno, record []byte, ver *fhir.Version, salts []byte, said fhir.Ownership, commitment Commitment) (erasure, error) {
	if len(salts) != saltsLen {
		return erasure{}, errCorrupt
	}
	left := remains{sum: sha256.Sum256(record)}
	if commitment != nil {
		left.commit = commitment(salts[saltLen:], ver.JSON)
	}
	bare := *ver
	bare.JSON = nil
	b := encodeVersion(&bare, salts[:saltLen])
	d := decoder{b: b}
	d.uint()
	d.int()
	b[len(b)-len(d.b)] |= purgedMark
	b = append(append(b, left.commit[:]...), left.sum[:]...)
	for _, list := range [...][]string{said.Writers, said.Named, said.Through, said.Inherits, said.Shares} {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for _, s := range list {
			b = appendText(b, s)
		}
	}
	return erasure{n, appendBool(b, said.Server)}, nil
}

func decodeRemains(b []byte) (left remains, err error) {
	d := decoder{b: b}
	left.commit, left.sum = sum(d.fixed(sha256.Size)), sum(d.fixed(sha256.Size))
	said := &left.said
	for _, list := range [...]*[]string{&said.Writers, &said.Named, &said.Through, &said.Inherits, &said.Shares} {
		for n := d.uint(); n > 0 && !d.failed; n-- {
			*list = append(*list, d.text())
		}
	}
	said.Server = d.byte() != 0
	left.seq, left.millis, left.by = fhir.Seq(d.uint()), d.int(), d.text()
	return left, d.end()
}

// tail is what a record has behind its salts, and whether the version was purged.
func tail(record []byte) (rest []byte, purged bool, err error) {
	d := decoder{b: record}
	d.uint()
	d.int()
	purged = d.byte()&purgedMark != 0
	for range 9 { // texts, and the salts
		d.bytes()
	}
	if d.failed {
		return nil, false, errCorrupt
	}
	return d.b, purged, nil
}

// remainsOf is what is left of a version by its record.
func remainsOf(record []byte) (remains, error) {
	rest, purged, err := tail(record)
	if err == nil && !purged {
		err = errCorrupt
	}
	if err != nil {
		return remains{}, err
	}
	return decodeRemains(rest)
}

// recordSum is the SHA-256 of the record of a version as it was committed.
func recordSum(record []byte) (sum, error) {
	rest, purged, err := tail(record)
	switch {
	case err != nil:
		return sum{}, err
	case !purged:
		return sha256.Sum256(record), nil
	}
	left, err := decodeRemains(rest)
	return left.sum, err
}

func (v view) remains(p place) (remains, error) {
	b, ok, err := v.r.Get(keyVersion(p.typ, p.rid, p.vno))
	if err == nil && !ok {
		err = errCorrupt
	}
	if err != nil {
		return remains{}, err
	}
	return remainsOf(b)
}

// purge works out what the purges of the transaction erase.
func (p *planner) purge() error {
	if !p.tx.Purges() {
		return nil
	}
	commits, refs := map[fhir.Seq]bool{}, map[string]bool{}
	for i := range p.steps {
		s := &p.steps[i]
		if !p.tx.Changes[i].Purge || s.now.rid == 0 {
			continue
		}
		refs[s.ref()] = true
		if err := p.erase(s, commits); err != nil {
			return err
		}
	}
	return p.empty(commits, refs)
}

// erase finds the versions of one resource with their index rows.
func (p *planner) erase(s *step, commits map[fhir.Seq]bool) error {
	if p.owners != nil && p.owners.Public(s.typ) { // whose other resources are follows from it
		return fhir.E("commit", fhir.BusinessRule, fhir.Issue{Message: s.ref() + " cannot be purged: it is of a type that everybody sees.", Expected: "a resource of a record of a patient"})
	}
	v := p.v.whole()
	var versions []*fhir.Version
	for n := vno(1); n <= s.now.vno; n++ {
		if err := p.ctx.Err(); err != nil {
			return err
		}
		record, ok, err := v.r.Get(keyVersion(s.typ, s.now.rid, n))
		if err == nil && !ok {
			err = errCorrupt
		}
		if err != nil {
			return about(err, s.typ, s.id)
		}
		ver, salts, err := decodeSalted(s.typ, n, record)
		if err != nil {
			return err
		}
		versions = append(versions, ver)
		commits[ver.Seq] = true
		if ver.Deleted() {
			continue // it has no content, or none any more
		}
		said := fhir.Ownership{}
		if p.owners != nil {
			if said, err = v.said(p.owners, place{s.typ, s.now.rid, n}, ver); err != nil {
				return err
			}
		}
		e, err := erase(n, record, ver, salts, said, p.commitment)
		if err != nil {
			return err
		}
		s.erased = append(s.erased, e)
	}
	all := []extraction{allEntries(p.ctx), storedEntries(p.stored)}
	if p.v.stored != nil { // of definitions that are no more, rows may be left
		for _, one := range p.v.stored.List {
			if one.Gone {
				all = append(all, storedEntries(search.NewCustom([]*search.Definition{one.Of})))
			}
		}
	}
	for _, entries := range all {
		rows, err := timeline(entries, s.typ, s.now.rid, versions)
		if err != nil {
			return err
		}
		for _, row := range rows {
			s.rows = append(s.rows, row.Key)
		}
	}
	return nil
}

// empty finds the receipts that may hold what is purged: those of the commits that
// wrote it, and those that name it. A receipt says what was answered, and by a hash
// what was asked, which could be guessed from.
func (p *planner) empty(commits map[fhir.Seq]bool, refs map[string]bool) error {
	it := p.v.r.Iterate([]byte{tableReceipt}, after([]byte{tableReceipt}), false)
	var err error
	for err == nil && it.Next() {
		if err = p.ctx.Err(); err != nil {
			break
		}
		seq, body, e := decodeReceipt(it.Value())
		if err = e; err == nil && (commits[seq] || names(body, refs)) && !bytes.Equal(body, fhir.PurgedReceipt) {
			p.emptied = append(p.emptied, kv.Op{Key: bytes.Clone(it.Key()), Value: encodeReceipt(seq, fhir.PurgedReceipt)})
		}
	}
	return ended(it, err)
}

// names reports whether a text holds one of the references.
func names(text []byte, refs map[string]bool) (found bool) {
	fhir.Mentions(text, func(ref []byte) bool {
		found = refs[string(ref)]
		return !found
	})
	return found
}

// mayPurge asks the guard of purges, in the state before the commit.
func (a *applier) mayPurge(ctx context.Context, guard fhir.PurgeGuard, before fhir.Seq) error {
	if !a.p.tx.Purges() {
		return nil
	}
	if !a.changes() {
		return fhir.E("commit", fhir.Invalid, fhir.Issue{Message: "The purge is not recorded: the transaction writes no version.", Fix: "Write an AuditEvent that names what is purged in the same transaction."})
	}
	if guard == nil {
		return fhir.E("commit", fhir.Forbidden, fhir.Issue{Message: "This server purges nothing."})
	}
	v := a.view()
	v.at, v.fresh = before, []fresh{a.group}
	err := ask(ctx, func(ctx context.Context, s fhir.State, tx *fhir.Transaction, _, _ *fhir.Version) error {
		return guard(ctx, s, tx)
	},
		state{ctx, v, &finds{}}, a.p.tx, nil, nil)
	if ctx.Err() != nil {
		return errSlow
	}
	if err != nil {
		return vetoed(err, "")
	}
	return nil
}

// purge writes what the transaction purges.
func (a *applier) purge() error {
	for i := range a.p.steps {
		s := &a.p.steps[i]
		for _, e := range s.erased {
			key := keyVersion(s.typ, s.now.rid, e.vno)
			b, _, err := a.out.Get(key)
			if err != nil {
				return err
			}
			_, purged, err := tail(b)
			if err != nil {
				return err
			}
			if purged { // by another purge, meanwhile
				continue
			}
			record := e.encode(a.head.seq, a.head.millis, a.p.tx.Requester.Agent)
			ver, err := decodeVersion(s.typ, e.vno, record)
			if err != nil {
				return err
			}
			p := place{s.typ, s.now.rid, e.vno}
			a.fresh[p], a.purged = ver, append(a.purged, p)
			a.out.Set(key, record)
			a.out.Set(keyPurge(a.head.seq, key), holds)
		}
		for _, key := range s.rows {
			a.out.Delete(key)
		}
	}
	for _, op := range a.p.emptied {
		a.out.Set(op.Key, op.Value)
		a.out.Set(keyPurge(a.head.seq, op.Key), holds)
	}
	return nil
}

// eachPurge calls visit for the rows that commits from one on have emptied.
func (v view) eachPurge(ctx context.Context, from fhir.Seq, visit func(key []byte, seq fhir.Seq, row []byte) error) error {
	it := v.r.Iterate(keyPurges(from), after([]byte{tablePurge}), false)
	var err error
	for err == nil && it.Next() {
		seq, row, ok := splitPurge(it.Key())
		if err = ctx.Err(); err == nil && !ok {
			err = errCorrupt
		}
		if err == nil {
			err = visit(it.Key(), seq, row)
		}
	}
	return ended(it, err)
}

// Purges counts the times that content was erased since the database was opened, each
// after it is no longer read: what was read at another count may hold such content.
func (db *DB) Purges() uint64 { return db.purges.Load() }

// purgedBy are the versions that operations purge.
func purgedBy(ops []kv.Op) (list []place) {
	for _, op := range ops {
		if len(op.Key) == 0 || op.Key[0] != tablePurge {
			continue
		}
		if _, row, ok := splitPurge(op.Key); ok {
			if p, ok := placeOf(row); ok {
				list = append(list, p)
			}
		}
	}
	return list
}

// placeOf is the version of which a key is.
func placeOf(row []byte) (place, bool) {
	typ, rest, ok := bytes.Cut(row, []byte{0})
	if !ok || len(typ) < 2 || typ[0] != tableVersion || len(rest) != ridLen+vnoLen {
		return place{}, false
	}
	return place{string(typ[1:]), rid(getUint(rest[:ridLen])), maxVno - vno(getUint(rest[ridLen:]))}, true
}
