package store

import (
	"context"
	"errors"

	"github.com/pestle-fhir/pestle/fhir"
)

// Findings is what [DB.Check] has counted and what it has found wrong.
type Findings struct {
	AsOf                               fhir.Seq
	Resources, Versions, Commits, Rows int
	Cursors, Receipts                  int
	Contents, Strays                   int       `json:",omitempty"` // contents that versions refer to, and those to which none does: see [DB.Sweep]
	Unerased                           fhir.Seq  `json:",omitempty"` // see [DB.Unerased]
	Wrong                              []Finding // at most [MaxWrong]
	More                               int       // how many further things are wrong
}

// Finding is one thing that is wrong.
type Finding struct {
	Resource string // Patient/1, or Patient/1/_history/2 where it is about one version; "" where it is about none
	Text     string // a sentence for the operator that names it
	// Unreadable says that reads are refused for it. Else they may be answered,
	// and wrongly.
	Unreadable bool
}

// String is the sentence.
func (f Finding) String() string { return f.Text }

// MaxWrong is how many things a check lists.
const MaxWrong = 100

// Add adds what was found.
func (f *Findings) Add(all ...Finding) {
	for _, w := range all {
		if len(f.Wrong) == MaxWrong {
			f.More++
			continue
		}
		f.Wrong = append(f.Wrong, w)
	}
}

// Check proves on the stored bytes what the store promises:
//
//   - the versions of each resource are numbered without gaps, belong to commits
//     in rising order and carry the id, version and time that they are filed under;
//   - the log lists each version once, its commits are numbered without gaps,
//     their times never fall and their counts are right, as are those of the
//     histories of types, and the chain of hashes over them leads to each;
//   - the index rows of each resource are those that its versions have when they
//     are extracted again, over all time, and there are no others;
//   - whose each resource is, and was, is what the log says by the rules of ownership;
//   - what was purged is what the purges say, and has no rows in the index;
//   - no cursor is after the end of the log;
//   - every block and every value on disk can be read and has its checksum;
//   - every content that versions refer to is there, and has its SHA-256.
//
// It reads everything and runs beside other work, as of the newest commit.
func (db *DB) Check(ctx context.Context) (*Findings, error) {
	damaged, err := db.Verify(ctx, nil)
	if err != nil {
		return nil, failed("check", err)
	}
	a := &Audit{}
	for _, d := range damaged {
		a.Add(d.Findings()...)
	}
	err = db.Audit(ctx, a, nil)
	if err == nil {
		a.Unerased, err = db.Unerased()
	}
	if err == nil && db.opts.Contents != nil {
		err = db.eachContent(ctx, func(fhir.Content) error { a.Contents++; return nil })
		list, e := db.strayContents(ctx)
		a.Findings.Strays, err = len(list), errors.Join(err, e)
	}
	return &a.Findings, err
}
