package store_test

import (
	"context"
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/kvtest"
	"github.com/pestle-fhir/pestle/store/kv/mem"
	logmem "github.com/pestle-fhir/pestle/store/log/mem"
)

// anyPurge allows every purge.
func anyPurge(context.Context, fhir.State, *fhir.Transaction) error { return nil }

func purge(typ, id, ifMatch string) fhir.Change {
	return fhir.Change{Method: fhir.Delete, Type: typ, ID: id, IfMatch: ifMatch, Purge: true}
}

// note is a record of a purge.
func note(t testing.TB) fhir.Change { return post(parse(t, `{'resourceType':'Basic'}`)) }

var purger = fhir.Principal{Agent: "Practitioner/gov", Display: "Gail Governor"}

func committed(ver *fhir.Version) [sha256.Size]byte { return sha256.Sum256([]byte(ver.ID)) }

// planted is a database in which the name Plantagenet was stored: in versions, in
// the index and in the answers to requests.
func planted(t testing.TB, e kv.Engine, opts store.Options) *store.DB {
	if opts.Purge == nil {
		opts.Purge = anyPurge
	}
	opts.Leaf = func(r store.LeafRecord) [sha256.Size]byte { return committed(r.Version) }
	opts.Commitment = func(salt, content []byte) [sha256.Size]byte { return sha256.Sum256(append(salt, content...)) }
	db := openDB(t, e, opts)
	_, err := db.Commit(ctx, &fhir.Transaction{Time: epoch, Changes: []fhir.Change{put("a", patient(t, "4447", "Plantagenet")), put("b", patient(t, "2", "Bell"))},
		Receipt: fhir.Receipt{Key: "first", Body: []byte(`{"request":"abc","resource":{"resourceType":"Patient","name":[{"family":"Plantagenet"}]}}`)}})
	require.NoError(t, err)
	_, err = db.Commit(ctx, &fhir.Transaction{Time: epoch.Add(time.Hour), Changes: []fhir.Change{put("a", patient(t, "4447", "Plantagenet-Bell"))}})
	require.NoError(t, err)
	_, err = db.Commit(ctx, &fhir.Transaction{Time: epoch.Add(time.Hour), Receipt: fhir.Receipt{Key: "refused", Body: []byte(`{"refused":true,"resource":{"text":"Plantagenet (Patient/a) is too young"}}`)}})
	require.NoError(t, err)
	_, err = db.Commit(ctx, &fhir.Transaction{Time: epoch.Add(2 * time.Hour), Changes: []fhir.Change{put("b", patient(t, "2", "Bell-Ames"))}, Receipt: fhir.Receipt{Key: "other", Body: []byte(`{"resource":{"text":"Patient/ab and Patient/b"}}`)}})
	require.NoError(t, err)
	return db
}

func purged(t testing.TB, db *store.DB, changes ...fhir.Change) *fhir.Commit {
	t.Helper()
	c, err := db.Commit(ctx, &fhir.Transaction{Time: epoch.Add(3 * time.Hour), Requester: purger, Changes: append(changes, note(t))})
	require.NoError(t, err)
	return c
}

// TestPurge: of a purged resource nothing can be read at any sequence, its versions
// say so, and neither the database nor an archive has what it held.
func TestPurge(t *testing.T) {
	for name, deleted := range map[string]bool{"stands": false, "is deleted": true} {
		t.Run(name, func(t *testing.T) {
			e := mem.New()
			db := planted(t, e, store.Options{})
			if deleted {
				commit(t, db, fhir.Change{Method: fhir.Delete, Type: "Patient", ID: "a"})
			}
			newest := map[bool]string{false: "2", true: "3"}[deleted]
			head, tree := db.Head(), leaves(t, db)
			old, err := db.VRead(ctx, "Patient", "a", "1")
			require.NoError(t, err)
			c := purged(t, db, purge("Patient", "a", newest))
			require.Equal(t, []fhir.Applied{map[bool]fhir.Applied{false: fhir.Removed, true: fhir.Unchanged}[deleted], fhir.Created}, []fhir.Applied{c.Results[0].Applied, c.Results[1].Applied})

			for at := range db.Head() + 1 {
				v, err := db.ReadAt(ctx, "Patient", "a", at)
				require.NoError(t, err)
				require.True(t, v.Deleted())
				require.Empty(t, v.JSON)
				for _, q := range []string{"family=plantagenet", "identifier=https://fhir.nhs.uk/Id/nhs-number|4447"} {
					ids, err := db.StateAt(ctx, max(at, 1)).Find("Patient", q)
					require.NoError(t, err)
					require.Empty(t, ids)
				}
			}
			v, err := db.VRead(ctx, "Patient", "a", "1")
			require.NoError(t, err)
			want := *old.Bare()
			want.Method, want.JSON = fhir.Delete, nil
			want.Purged = &fhir.Purged{Was: fhir.Update, Seq: c.Seq, Time: c.Time, By: "Practitioner/gov"}
			require.Equal(t, &want, v)
			h, err := db.History(ctx, fhir.HistoryQuery{Type: "Patient", ID: "a", Count: 9})
			require.NoError(t, err)
			require.Len(t, h.Versions, 3)
			require.NotNil(t, h.Versions[1].Purged)
			require.Nil(t, h.Versions[0].Purged, "the deletion is a version like any other")

			text := dump(t, e)
			require.NotContains(t, text, "Plantagenet")
			require.NotContains(t, text, "plantagenet")
			require.NotContains(t, text, "4447")
			require.NotContains(t, text, "abc", "by the hash of a request one could guess what was asked")
			require.Contains(t, text, "Bell-Ames")
			other, _, err := db.ReceiptFor(ctx, "other")
			require.NoError(t, err)
			require.Contains(t, string(other.Body), "Patient/ab", "of a request about others")
			_, err = fhir.ReplyOf(fhir.Receipt{Body: fhir.PurgedReceipt})
			require.Equal(t, fhir.Deleted, fhir.KindOf(err))

			sound(t, db)
			require.Equal(t, tree, leaves(t, db)[:len(tree)], "the leaves are as they were")
			row, err := db.LeafOf(ctx, "Patient", "a", "2")
			require.NoError(t, err)
			require.Len(t, row.ContentCommit, sha256.Size)
			require.Nil(t, row.ContentSalt)
			require.Len(t, row.EnvelopeSalt, 32)

			// it may come back, as a new version
			commit(t, db, put("a", patient(t, "1", "Newman")))
			ids, err := db.State(ctx).Find("Patient", "family=newman")
			require.NoError(t, err)
			require.Equal(t, []string{"a"}, ids)
			v, err = db.ReadAt(ctx, "Patient", "a", head)
			require.NoError(t, err)
			require.True(t, v.Deleted())
			sound(t, db)
			require.NoError(t, db.Close())
		})
	}
}

func leaves(t testing.TB, db *store.DB) (all []string) {
	require.NoError(t, db.Leaves(ctx, 0, func(r store.LeafRow) error {
		require.Empty(t, r.Lost)
		all = append(all, string(r.Leaf))
		return nil
	}))
	return all
}

// TestPurgeOverHot: what is kept in memory of a version goes with its content, also
// for those who read an older state.
func TestPurgeOverHot(t *testing.T) {
	db := planted(t, mem.New(), store.Options{})
	defer func() { require.NoError(t, db.Close()) }()
	state := db.State(ctx)
	v, err := state.Current("Patient", "a") // is kept in memory
	require.NoError(t, err)
	require.Contains(t, string(v.JSON), "Plantagenet")
	purged(t, db, purge("Patient", "a", "2"))
	v, err = state.Current("Patient", "a")
	require.NoError(t, err)
	require.Empty(t, v.JSON)
	entries, err := db.Log(ctx, 0, 10)
	require.NoError(t, err)
	require.NotNil(t, entries[0].Versions[0].Purged)
	require.Equal(t, "Bell", func() string {
		r, err := entries[0].Versions[1].Resource()
		require.NoError(t, err)
		return r.Root().Path("name", "family").Text()
	}())
}

// TestPurgeIsRefused where nobody decides on it, it is not recorded, is of no
// resource, or of another version; then nothing is written.
func TestPurgeIsRefused(t *testing.T) {
	e := mem.New()
	db := planted(t, outliving{e}, store.Options{Purge: func(_ context.Context, s fhir.State, tx *fhir.Transaction) error {
		if v, err := s.Current("Patient", "a"); err != nil || !strings.Contains(string(v.JSON), "Plantagenet") {
			return err // it is asked before anything is gone
		}
		if tx.Requester.Agent != purger.Agent {
			return fhir.E("purge", fhir.Forbidden, fhir.Issue{Message: "Not you."})
		}
		return nil
	}})
	before := dump(t, e)
	for name, c := range map[string]struct {
		kind    fhir.Code
		changes []fhir.Change
		who     fhir.Principal
	}{
		"the guard":       {fhir.Forbidden, []fhir.Change{purge("Patient", "a", "2"), note(t)}, fhir.Principal{Agent: "Practitioner/2"}},
		"no record":       {fhir.Invalid, []fhir.Change{{Method: fhir.Delete, Type: "Patient", ID: "never"}, purge("Patient", "x", "")}, purger},
		"of none":         {fhir.NotFound, []fhir.Change{purge("Patient", "x", ""), note(t)}, purger},
		"another version": {fhir.Conflict, []fhir.Change{purge("Patient", "a", "1"), note(t)}, purger},
		"an update":       {fhir.Invalid, []fhir.Change{{Method: fhir.Update, Type: "Patient", ID: "a", Purge: true, Resource: patient(t, "1", "x")}, note(t)}, purger},
		"a condition":     {fhir.Invalid, []fhir.Change{{Method: fhir.Delete, Type: "Patient", Condition: "family=bell", Purge: true}, note(t)}, purger},
		"twice":           {fhir.Invalid, []fhir.Change{purge("Patient", "a", "2"), purge("Patient", "a", "2"), note(t)}, purger},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := db.Commit(ctx, &fhir.Transaction{Changes: c.changes, Requester: c.who})
			if name == "no record" {
				require.Error(t, err)
			} else {
				require.Equal(t, c.kind, fhir.KindOf(err), "%v", err)
			}
			require.Equal(t, before, dump(t, e))
		})
	}
	require.NoError(t, db.Close())
	unguarded := openDB(t, outliving{e}, store.Options{})
	_, err := unguarded.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{purge("Patient", "a", "2"), note(t)}})
	require.Equal(t, fhir.Forbidden, fhir.KindOf(err))
	require.NoError(t, unguarded.Close())
}

// TestPurgeAlone: a purge of what is deleted already writes no version by itself,
// and is refused without one.
func TestPurgeAlone(t *testing.T) {
	db := planted(t, mem.New(), store.Options{})
	defer func() { require.NoError(t, db.Close()) }()
	commit(t, db, fhir.Change{Method: fhir.Delete, Type: "Patient", ID: "a"})
	_, err := db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{purge("Patient", "a", "")}})
	require.Equal(t, fhir.Invalid, fhir.KindOf(err))
	require.ErrorContains(t, err, "not recorded")
}

// TestPurgeTwice: a second purge changes nothing of the first.
func TestPurgeTwice(t *testing.T) {
	db := planted(t, mem.New(), store.Options{})
	defer func() { require.NoError(t, db.Close()) }()
	first := purged(t, db, purge("Patient", "a", ""))
	commit(t, db, put("a", patient(t, "1", "Newman")))
	second := purged(t, db, purge("Patient", "a", ""))
	for id, seq := range map[string]fhir.Seq{"1": first.Seq, "2": first.Seq, "4": second.Seq} {
		v, err := db.VRead(ctx, "Patient", "a", id)
		require.NoError(t, err)
		require.Equal(t, seq, v.Purged.Seq)
	}
	sound(t, db)
}

// TestPurgeInBackups: a full archive has nothing of what was purged; one that
// continues an older archive purges what that has.
func TestPurgeInBackups(t *testing.T) {
	e := mem.New()
	db := planted(t, outliving{e}, store.Options{})
	full, h := backedUp(t, db, nil)
	commit(t, db, put("b", patient(t, "2", "Bell-Dunn")))
	second, h2 := backedUp(t, db, h)
	purged(t, db, purge("Patient", "a", "2"))
	third, _ := backedUp(t, db, h2)
	joined, _ := backedUp(t, db, h)
	whole, _ := backedUp(t, db, nil)
	require.NoError(t, db.Close())
	want := dump(t, e)
	for name, archives := range map[string][][]byte{"full": {whole}, "continued": {full, second, third}, "joined": {full, joined}} {
		t.Run(name, func(t *testing.T) {
			e := mem.New()
			_, err := restored(t, e, archives...)
			require.NoError(t, err)
			db := openDB(t, outliving{e}, store.Options{})
			sound(t, db)
			require.NoError(t, db.Close())
			require.Equal(t, want, dump(t, e))
			require.NotContains(t, dump(t, e), "Plantagenet")
		})
	}
}

// TestPurgeFollows: a database that follows a log purges with the one that leads.
func TestPurgeFollows(t *testing.T) {
	l := logmem.New()
	lead, behind := mem.New(), mem.New()
	a := openDB(t, outliving{lead}, store.Options{Log: l, Purge: anyPurge})
	_, err := a.Lead(ctx, 1)
	require.NoError(t, err)
	b := openDB(t, outliving{behind}, store.Options{Log: l})
	commit(t, a, put("a", patient(t, "4447", "Plantagenet")))
	require.NoError(t, b.Wait(ctx, 0))
	v, err := b.State(ctx).Current("Patient", "a")
	require.NoError(t, err)
	require.NotEmpty(t, v.JSON)
	purged(t, a, purge("Patient", "a", "1"))
	require.NoError(t, b.Wait(ctx, 1))
	v, err = b.StateAt(ctx, 1).Current("Patient", "a")
	require.NoError(t, err)
	require.NotNil(t, v.Purged)
	require.NoError(t, a.Close())
	require.NoError(t, b.Close())
	require.NotContains(t, dump(t, behind), "Plantagenet")
}

// TestPurgeIsChecked: what is changed of a purged version, its record or its index
// is found; so is a version that is made to look purged.
func TestPurgeIsChecked(t *testing.T) {
	e := mem.New()
	db := planted(t, outliving{e}, store.Options{})
	purged(t, db, purge("Patient", "a", "2"))
	require.NoError(t, db.Close())
	require.False(t, damaged(t, e))
	s, err := e.Snapshot()
	require.NoError(t, err)
	it := s.Iterate([]byte("a"), nil, false)
	for it.Next() {
		key, value := string(it.Key()), string(it.Value())
		if key[0] != 'p' && !strings.HasPrefix(key, "vPatient") {
			continue
		}
		if !strings.HasPrefix(key[min(7, len(key)):], "r") { // a receipt is none of a version
			require.NoError(t, e.Write([]kv.Op{{Key: []byte(key)}}))
			require.True(t, damaged(t, e), "%q removed", key)
		}
		kvSet(t, e, key, value+"\x01")
		require.True(t, damaged(t, e), "%q longer", key)
		kvSet(t, e, key, value)
	}
	kvSet(t, e, "xPatient\x00family\x00plantagenet\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\xff\xff\xff\xff\xff\xfe", "")
	require.True(t, damaged(t, e), "a row of the index was left")
	s.Close()
}

// TestPurgeOfDamage: a version that cannot be read is not purged.
func TestPurgeOfDamage(t *testing.T) {
	e := &kvtest.Damaged{Engine: mem.New()}
	db := planted(t, e, store.Options{})
	defer func() { require.NoError(t, db.Close()) }()
	e.Parts = []kv.Damage{block("Patient", 1, 1)}
	_, err := db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{purge("Patient", "a", ""), note(t)}})
	require.ErrorIs(t, err, kv.ErrDamaged)
	require.ErrorContains(t, err, "Patient/a")
}

// TestPurgeOfWhatOthersReferTo: references stop a deletion, and not a purge.
func TestPurgeOfWhatOthersReferTo(t *testing.T) {
	db := planted(t, mem.New(), store.Options{References: true})
	defer func() { require.NoError(t, db.Close()) }()
	commit(t, db, post(parse(t, `{'resourceType':'Invoice','status':'issued','subject':{'reference':'Patient/a'}}`)))
	_, err := db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Delete, Type: "Patient", ID: "a"}}})
	require.Equal(t, fhir.Conflict, fhir.KindOf(err))
	purged(t, db, purge("Patient", "a", "2"))
	sound(t, db)
}
