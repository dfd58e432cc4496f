package store_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/badger"
	"github.com/pestle-fhir/pestle/store/kv/kvtest"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// twin is a database on an engine that can crash, and its own id source.
type twin struct {
	t      *testing.T
	inside kv.Engine
	faulty *kvtest.Faulty
	db     *store.DB
	ids    int
}

func (w *twin) open() {
	w.faulty = &kvtest.Faulty{Engine: w.inside}
	w.db = openDB(w.t, w.faulty, store.Options{NewID: w.newID, Random: zeros{}, Purge: anyPurge})
}

func (w *twin) newID() string {
	w.ids++
	return fmt.Sprintf("new-%d", w.ids)
}

// TestMetamorphic runs random histories of commits, reads, pages, searches and
// crashes: the two engines and the naive model must agree on all of it.
func TestMetamorphic(t *testing.T) {
	seeds, ops := 3, 400
	if os.Getenv("PESTLE_LONG") != "" {
		seeds, ops = 20, 1500
	}
	defer store.SetStretches(2, 2, 5, 40, 3)()
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			durable, err := badger.Open(t.TempDir(), nil)
			require.NoError(t, err)
			defer func() { require.NoError(t, durable.Close()) }()
			r := &run{
				t: t, rnd: rand.New(rand.NewPCG(uint64(seed), 7)), m: &model{}, now: epoch,
				twins: []*twin{{t: t, inside: kvtest.Poisoned{Engine: mem.New()}}, {t: t, inside: durable}},
			}
			for _, w := range r.twins {
				w.open()
			}
			for range ops {
				r.step()
			}
			for _, w := range r.twins {
				require.Equal(t, len(r.m.versions), sound(t, w.db).Versions)
				require.NoError(t, w.db.Close())
			}
			require.Equal(t, dump(t, r.twins[0].inside), dump(t, r.twins[1].inside), "the commits are a function of what went in")
		})
	}
}

type run struct {
	t     *testing.T
	rnd   *rand.Rand
	m     *model
	ids   int
	now   time.Time
	twins []*twin
}

func (r *run) step() {
	r.now = r.now.Add(time.Duration(r.rnd.IntN(3)) * time.Millisecond)
	switch r.rnd.IntN(10) {
	case 0:
		r.crash()
	case 1:
		r.read()
	case 2:
		r.history()
	case 3:
		r.find()
	default:
		r.commit()
	}
}

func (r *run) id() string     { return fmt.Sprintf("p%d", r.rnd.IntN(5)) }
func (r *run) number() string { return fmt.Sprint(r.rnd.IntN(4)) }
func (r *run) seq() fhir.Seq  { return fhir.Seq(1 + r.rnd.IntN(int(r.m.seq)+1)) }

func (r *run) transaction() *fhir.Transaction {
	tx := &fhir.Transaction{Time: r.now}
	for range 1 + r.rnd.IntN(3) {
		c := fhir.Change{Type: "Patient", Method: []fhir.Method{fhir.Create, fhir.Update, fhir.Update, fhir.Delete}[r.rnd.IntN(4)]}
		if c.Method != fhir.Delete {
			c.Resource = patient(r.t, r.number(), fmt.Sprintf("Family%d", r.rnd.IntN(3)))
		}
		if c.Method != fhir.Create || r.rnd.IntN(3) == 0 {
			c.ID = r.id()
		}
		switch r.rnd.IntN(6) {
		case 0, 1:
			c.Condition = "identifier=https://fhir.nhs.uk/Id/nhs-number|" + r.number()
			if r.rnd.IntN(3) > 0 {
				c.ID = ""
			}
			if c.Method == fhir.Create {
				c.ID = ""
			}
		case 2:
			c.IfMatch = fmt.Sprint(1 + r.rnd.IntN(3))
		case 3:
			c.IfAbsent = c.Method != fhir.Delete
		}
		if c.Method == fhir.Create {
			c.IfMatch = ""
		}
		if c.Method == fhir.Delete && c.Condition != "" {
			c.ID = ""
		}
		if c.Method == fhir.Delete && r.rnd.IntN(2) == 0 {
			c.Purge, c.Condition, c.ID = true, "", r.id()
			tx.Requester.Agent = "Practitioner/purger"
		}
		tx.Changes = append(tx.Changes, c)
	}
	return tx
}

func (r *run) newID() string {
	r.ids++
	return fmt.Sprintf("new-%d", r.ids)
}

func (r *run) commit() {
	tx := r.transaction()
	drafts, refused := r.m.commit(tx, r.newID, r.now)
	for _, w := range r.twins {
		got, err := w.db.Commit(ctx, tx)
		require.Equal(r.t, refused != nil, err != nil, "%v %+v", err, tx)
		require.Equal(r.t, r.m.seq, w.db.Head())
		if err != nil {
			continue
		}
		require.Equal(r.t, r.m.seq, got.Seq)
		for i, d := range drafts {
			require.Equal(r.t, d.applied, got.Results[i].Applied)
			if d.applied == fhir.Matched {
				require.Equal(r.t, d.id, got.Results[i].Version.ID)
			} else if d.applied != fhir.Unchanged {
				require.Equal(r.t, r.m.current(d.id, r.m.seq).Version, got.Results[i].Version)
			}
		}
	}
}

// crash breaks the engine during a commit and opens the database anew. Whether
// the write counts is for the engine to say, not half of it.
func (r *run) crash() {
	tx := r.transaction()
	written := r.rnd.IntN(2) == 0
	before := *r.m
	before.versions = slices.Clone(r.m.versions) // a purge changes them
	_, refused := r.m.commit(tx, r.newID, r.now)
	if refused != nil || !written {
		*r.m = before
	}
	for _, w := range r.twins {
		w.faulty.Break(1, written)
		_, err := w.db.Commit(ctx, tx)
		if refused == nil && written && r.m.seq > before.seq {
			require.ErrorIs(r.t, err, kvtest.ErrFault)
		}
		require.NoError(r.t, w.db.Close())
		w.open()
		require.Equal(r.t, r.m.seq, w.db.Head())
	}
}

func (r *run) read() {
	id, at := r.id(), r.seq()
	want := r.m.current(id, at)
	for _, w := range r.twins {
		got, err := w.db.ReadAt(ctx, "Patient", id, at)
		if at > r.m.seq {
			require.Equal(r.t, fhir.Conflict, fhir.KindOf(err), "not lowered to what there is")
			continue
		}
		if want == nil {
			require.Equal(r.t, fhir.NotFound, fhir.KindOf(err))
			continue
		}
		require.NoError(r.t, err)
		require.Equal(r.t, want.Version, got)
		got, err = w.db.VRead(ctx, "Patient", id, want.VersionID)
		require.NoError(r.t, err)
		require.Equal(r.t, want.Version, got)
	}
}

func (r *run) find() {
	number, at := r.number(), min(r.seq(), r.m.seq)
	want := r.m.find(number, at)
	for _, w := range r.twins {
		got, err := w.db.StateAt(ctx, at).Find("Patient", "identifier=https://fhir.nhs.uk/Id/nhs-number|"+number)
		require.NoError(r.t, err)
		require.ElementsMatch(r.t, want, got)
	}
}

func (r *run) history() {
	if r.m.seq == 0 {
		return
	}
	q := fhir.HistoryQuery{Count: 1 + r.rnd.IntN(5), AsOf: min(r.seq(), r.m.seq)}
	q.Oldest = r.rnd.IntN(2) == 0
	switch r.rnd.IntN(4) {
	case 0:
		q.Type, q.ID = "Patient", r.id()
	case 1:
		q.Type = "Patient"
	case 2:
		q.Types = []string{"Basic", "Patient"}
	}
	ago := func() time.Time { return epoch.Add(time.Duration(r.rnd.Int64N(int64(r.now.Sub(epoch)) + 1))) }
	switch r.rnd.IntN(3) {
	case 0:
		q.Since = ago()
	case 1:
		if q.At = ago(); r.rnd.IntN(2) == 0 {
			q.Until = q.At.Add(time.Duration(1+r.rnd.IntN(60)) * time.Millisecond)
		}
	}
	for _, w := range r.twins {
		r.pages(w.db, q)
	}
}

// pages reads a history page by page and compares the whole of it.
func (r *run) pages(db *store.DB, q fhir.HistoryQuery) {
	want := r.m.history(q)
	var got []*fhir.Version
	for {
		h, err := db.History(ctx, q)
		if q.ID != "" && r.m.current(q.ID, q.AsOf) == nil {
			require.Equal(r.t, fhir.NotFound, fhir.KindOf(err))
			return
		}
		require.NoError(r.t, err)
		require.LessOrEqual(r.t, len(h.Versions), q.Count)
		if h.Total >= 0 {
			require.Equal(r.t, len(want), h.Total, "%+v", q)
		}
		got = append(got, h.Versions...)
		if q.Before = h.Next; q.Before == (fhir.LogPlace{}) {
			break
		}
	}
	require.Equal(r.t, len(want), len(got), "%+v", q)
	for i := range want {
		require.Equal(r.t, want[i], got[i], "%+v", q)
	}
}
