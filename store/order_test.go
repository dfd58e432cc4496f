package store

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// opened is a database with one patient, p.
func opened(t testing.TB, e kv.Engine) *DB {
	db, err := Open(e, Options{})
	require.NoError(t, err)
	_, err = db.Commit(context.Background(), updates(t, "p", "first"))
	require.NoError(t, err)
	return db
}

func updates(t testing.TB, id, family string) *fhir.Transaction {
	return &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Update, Type: "Patient", ID: id, Resource: named(t, family)}}}
}

// planned is a request with the plan of now.
func planned(t testing.TB, db *DB, tx *fhir.Transaction) *request {
	ids := make([]string, len(tx.Changes))
	for i := range ids {
		ids[i] = db.opts.NewID()
	}
	p, err := db.plan(context.Background(), tx, ids, nil)
	require.NoError(t, err)
	return &request{ctx: context.Background(), tx: tx, ids: ids, salts: make([]byte, saltsLen*len(ids)), plan: p, done: make(chan struct{})}
}

// TestRefusalsFollowTheLog: what was to be refused when it was planned is done
// where the commits ahead of it make it right, and the other way round.
func TestRefusalsFollowTheLog(t *testing.T) {
	db := opened(t, mem.New())
	defer func() { require.NoError(t, db.Close()) }()
	wants2 := updates(t, "p", "third")
	wants2.Changes[0].IfMatch = "2"
	r := planned(t, db, wants2)
	require.Error(t, r.plan.denied)
	_, err := db.Commit(t.Context(), updates(t, "p", "second"))
	require.NoError(t, err)
	done, err := db.submit(r)
	require.NoError(t, err)
	require.Equal(t, "3", done.Results[0].Version.VersionID)

	wants3 := updates(t, "p", "fourth")
	wants3.Changes[0].IfMatch = "3"
	r, late := planned(t, db, wants3), planned(t, db, wants3)
	_, err = db.submit(r)
	require.NoError(t, err)
	_, err = db.submit(late)
	require.Equal(t, fhir.Conflict, fhir.KindOf(err))
	require.Equal(t, fhir.Seq(4), db.Head())
}

// TestPlansFromBeforeTheCommitter: a committer that takes over knows nothing of
// what was written ahead of it, so a plan from before is checked as a whole.
func TestPlansFromBeforeTheCommitter(t *testing.T) {
	e := mem.New()
	db := opened(t, e)
	defer func() { require.NoError(t, db.Close()) }()
	create := creates(t, 7, 1, "identifier=urn:mrn|n%d")
	r := planned(t, db, create)
	_, err := db.Commit(t.Context(), creates(t, 7, 1, "identifier=urn:mrn|n%d"))
	require.NoError(t, err)
	var h head
	require.NoError(t, db.look("test", 0, func(v view) (err error) {
		h, err = v.head()
		return err
	}))
	successor := newCommitter(db, h)
	successor.add(r)
	require.NoError(t, r.err)
	require.Equal(t, fhir.Matched, r.commit.Results[0].Applied, "no second resource")
	successor.flush()
}

// TestReceiptsOfOtherRequests: the commit itself tells a repeat from another
// request under the same key.
func TestReceiptsOfOtherRequests(t *testing.T) {
	db := opened(t, mem.New())
	defer func() { require.NoError(t, db.Close()) }()
	with := func(family, digest string) *request {
		tx := updates(t, "p", family)
		tx.Receipt = (&fhir.Call{Receipt: fhir.Receipt{Key: "key", Body: []byte(digest)}}).Answer(&fhir.Reply{})
		return planned(t, db, tx)
	}
	first, repeat, other := with("a", "one"), with("a", "one"), with("b", "two")
	_, err := db.submit(first)
	require.NoError(t, err)
	done, err := db.submit(repeat)
	require.NoError(t, err)
	require.True(t, done.Repeated)
	_, err = db.submit(other)
	require.Equal(t, fhir.Conflict, fhir.KindOf(err))
	require.ErrorContains(t, err, "was used before")
	require.Equal(t, fhir.Seq(2), db.Head())
}

// stuck is an engine whose writes wait.
type stuck struct {
	kv.Engine
	from, until chan struct{}
	fails       error
}

func (s *stuck) Write(ops []kv.Op) error {
	if s.from != nil {
		close(s.from)
		<-s.until
	}
	return errors.Join(s.fails, s.Engine.Write(ops))
}

// TestUnknownOutcomes: a caller who gives up before the write is told that nothing
// was written, one who gives up during it that it is not known.
func TestUnknownOutcomes(t *testing.T) {
	defer func(was time.Duration) { grace = was }(grace)
	grace = 10 * time.Millisecond
	e := &stuck{Engine: mem.New()}
	db := opened(t, e)
	e.from, e.until = make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	under := make(chan error)
	go func() { _, err := db.Commit(ctx, updates(t, "p", "a")); under <- err }()
	<-e.from
	waiting, give := context.WithCancel(t.Context())
	behind := make(chan error)
	go func() { _, err := db.Commit(waiting, updates(t, "p", "b")); behind <- err }()
	cancel()
	require.ErrorIs(t, <-under, ErrUnknown)
	give()
	err := <-behind
	require.Equal(t, fhir.Timeout, fhir.KindOf(err))
	require.NotErrorIs(t, err, ErrUnknown)
	e.from, e.fails = nil, errors.New("the disk is gone")
	close(e.until)
	require.NoError(t, db.Close())
}

// TestFailedWriteIsNotKnown: of the requests of a write that failed nobody can say
// what became of them; later ones were not written.
func TestFailedWriteIsNotKnown(t *testing.T) {
	e := &stuck{Engine: mem.New()}
	db := opened(t, e)
	defer func() { require.NoError(t, db.Close()) }()
	e.fails = errors.New("the disk is gone")
	_, err := db.Commit(t.Context(), updates(t, "p", "a"))
	require.ErrorIs(t, err, ErrUnknown)
	require.Equal(t, fhir.NoStore, fhir.KindOf(err))
	_, err = db.Commit(t.Context(), updates(t, "p", "a"))
	require.Equal(t, fhir.NoStore, fhir.KindOf(err))
	require.NotErrorIs(t, err, ErrUnknown)
	require.ErrorContains(t, err, "Nothing was written")
}

// TestConditionsUseTheTimeOfTheCommit: approximately 2020 means other dates the
// later it is asked.
func TestConditionsUseTheTimeOfTheCommit(t *testing.T) {
	db := opened(t, mem.New())
	defer func() { require.NoError(t, db.Close()) }()
	born := updates(t, "b", "born")
	r, err := fhir.Parse([]byte(`{"resourceType":"Patient","birthDate":"2018-06-01"}`))
	require.NoError(t, err)
	born.Changes[0].Resource = r
	at := func(year int) *fhir.Transaction {
		tx := creates(t, year, 1, "")
		tx.Changes[0].Condition = "birthdate=ap2020-01-01"
		tx.Time = time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		return tx
	}
	born.Time = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	early := planned(t, db, at(2021)) // within a tenth of one year: another date
	_, err = db.Commit(t.Context(), born)
	require.NoError(t, err)
	done, err := db.submit(early)
	require.NoError(t, err)
	require.Equal(t, fhir.Matched, done.Results[0].Applied, "its commit is not before the last, of 2100")
}
