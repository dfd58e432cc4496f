package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/pestle-fhir/pestle/fhir"
)

// Findings is what [DB.Check] has counted and what it has found wrong.
type Findings struct {
	AsOf                               fhir.Seq
	Resources, Versions, Commits, Rows int
	Cursors, Receipts                  int
	Wrong                              []string // at most [MaxWrong]
	More                               int      // how many further things are wrong
}

// MaxWrong is how many things a check lists.
const MaxWrong = 100

// Check proves on the stored bytes what the store promises:
//
//   - the versions of each resource are numbered without gaps, belong to commits
//     in rising order and carry the id, version and time that they are filed under;
//   - the log lists each version once, its commits are numbered without gaps,
//     their times never fall and their counts are right, as are those of the
//     histories of types;
//   - the index rows of each resource are those that its versions give when they
//     are extracted again, over all time;
//   - no cursor stands behind the log;
//   - every block on disk can be read and has its checksum.
//
// It reads everything and runs beside other work, as of the newest commit.
func (db *DB) Check(ctx context.Context) (f *Findings, err error) {
	damaged, err := db.engine.Verify(ctx, nil)
	if err != nil {
		return nil, failed("check", err)
	}
	err = db.look("check", 0, func(v view) error {
		if h, err := v.head(); err != nil || h.seq != v.at {
			return errors.Join(err, fmt.Errorf("%w: the head says %d, the database was opened at %d", errCorrupt, h.seq, v.at))
		}
		c := &checker{ctx: ctx, v: v, f: &Findings{AsOf: v.at}, counts: map[string]uint64{}}
		f = c.f
		if b, _, err := v.r.Get(keyIndex); err != nil {
			return err
		} else if n, err := decodeSeq(b); err != nil || n != indexVersion {
			c.stale = true
			c.wrong("the index has version %d and this program writes %d: start the server once, which makes it anew", n, indexVersion)
		}
		if err := c.damaged(damaged); err != nil {
			return err
		}
		for _, part := range []func() error{c.log, c.resources, c.index, c.histories, c.cursors} {
			if err := c.part(part); err != nil {
				return err
			}
		}
		return nil
	})
	return f, err
}

type checker struct {
	ctx    context.Context
	v      view
	f      *Findings
	counts map[string]uint64 // versions by type, from the log
	stale  bool              // the index was made by another version of the extraction
}

func (c *checker) wrong(format string, args ...any) {
	if len(c.f.Wrong) == MaxWrong {
		c.f.More++
		return
	}
	c.f.Wrong = append(c.f.Wrong, fmt.Sprintf(format, args...))
}

// each walks a table.
func (c *checker) each(table byte, f func(key, value []byte) error) error {
	low := []byte{table}
	it := c.v.r.Iterate(low, after(low), false)
	var err error
	for err == nil && it.Next() {
		if err = c.ctx.Err(); err == nil {
			err = f(it.Key(), it.Value())
		}
	}
	return ended(it, err)
}

// log reads every commit and each version that it lists.
func (c *checker) log() error {
	total, millis := uint64(0), int64(0)
	for seq := fhir.Seq(1); seq <= c.v.at; seq++ {
		record, err := c.v.record(seq)
		if err != nil {
			c.wrong("log entry %d: %v", seq, err)
			continue
		}
		c.f.Commits++
		if total += uint64(len(record.versions)); record.total != total {
			c.wrong("log entry %d counts %d versions, there are %d", seq, record.total, total)
			total = record.total
		}
		if record.millis < millis {
			c.wrong("log entry %d is earlier than the one before it", seq)
		}
		millis = record.millis
		for i, p := range record.versions {
			c.listed(seq, i, p, millis)
		}
	}
	return c.ctx.Err()
}

// listed checks a version that a log entry lists, and its row in the history of
// its type.
func (c *checker) listed(seq fhir.Seq, i int, p place, millis int64) {
	c.counts[p.typ]++
	ver, err := c.v.version(p.typ, p.rid, p.vno)
	switch {
	case err != nil:
		c.wrong("log entry %d, version %d: %v", seq, i, err)
	case ver.Seq != seq || ver.LastUpdated.UnixMilli() != millis:
		c.wrong("%s/_history/%s says commit %d at %v, the log says %d at %v", ver.Ref(), ver.VersionID, ver.Seq, ver.LastUpdated, seq, instant(millis))
	}
	b, ok, err := c.v.r.Get(keyHistory(p.typ, fhir.LogPlace{Seq: seq, Place: i}))
	want := historyRecord{p.rid, p.vno, c.counts[p.typ]}
	if h, e := decodeHistory(b); err != nil || !ok || e != nil || h != want {
		c.wrong("the history of %s at %d, %d holds %v, the log %v", p.typ, seq, i, h, want)
	}
}

// histories checks that the histories of types hold nothing else.
func (c *checker) histories() error {
	rows := map[string]uint64{}
	err := c.each(tableHistory, func(key, _ []byte) error {
		typ, rest, _ := bytes.Cut(key[1:], []byte{0})
		if at := fhir.Seq(getUint(rest[:seqLen])); at > c.v.at {
			c.wrong("the history of %s has a row of commit %d, the log ends at %d", typ, at, c.v.at)
		}
		rows[string(typ)]++
		return nil
	})
	for typ, n := range rows {
		if n != c.counts[typ] {
			c.wrong("the history of %s has %d rows, the log has %d versions", typ, n, c.counts[typ])
		}
	}
	return err
}

func (c *checker) cursors() error {
	err := c.each(tableCursor, func(key, value []byte) error {
		c.f.Cursors++
		if seq, err := decodeSeq(value); err != nil || seq > c.v.at {
			c.wrong("the cursor %s stands at %d, the log ends at %d (%v)", key[1:], seq, c.v.at, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.each(tableReceipt, func(key, value []byte) error {
		c.f.Receipts++
		if _, _, err := decodeReceipt(value); err != nil {
			c.wrong("the receipt %q: %v", key[1:], err)
		}
		return nil
	})
}
