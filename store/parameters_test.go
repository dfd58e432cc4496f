package store_test

import (
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/badger"
	"github.com/pestle-fhir/pestle/store/kv/kvtest"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// nick is a SearchParameter.
func nick(t testing.TB, status, path string) *fhir.Resource {
	return parse(t, `{'resourceType':'SearchParameter','id':'nick','url':'http://example.org/nick','name':'nick','status':'%s','description':'d','code':'nick','type':'string','base':['Patient'],'expression':'%s'}`, status, path)
}

// asked searches by the parameters of a database.
func asked(t testing.TB, db *store.DB, query string) ([]string, error) {
	values, err := url.ParseQuery(query)
	require.NoError(t, err)
	q, _, err := search.Parse("Patient", values, search.Options{Own: db.Own, Custom: db.Custom()})
	if err != nil {
		return nil, err
	}
	r, err := db.Search(ctx, q)
	var ids []string
	if err == nil {
		for _, m := range r.Matches {
			ids = append(ids, m.ID)
		}
	}
	return ids, err
}

// TestStoredParameter goes through the life of a SearchParameter: it is an error until its
// index is made, finds what was there before, at any time, and is gone when it is retired.
func TestStoredParameter(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		for i := range 9 {
			commit(t, db, put(fmt.Sprint("p", i), patient(t, fmt.Sprint(i%3), "Ames")))
		}
		before := db.Head()
		_, err := asked(t, db, "nick=Ames")
		require.ErrorContains(t, err, "There is no such search parameter")

		release := store.HoldSteps(1)
		commit(t, db, put("nick", nick(t, "active", "Patient.name.family")))
		_, err = asked(t, db, "nick=Ames")
		require.ErrorContains(t, err, "The search parameter nick is new: the index of Patient is at 0 %")
		require.Equal(t, fhir.NoStore, fhir.KindOf(err))
		require.Empty(t, db.Answering().Params("Patient"))
		release()
		commit(t, db, put("other", patient(t, "0", "Cook")))
		store.Settled(t, db)
		found, err := asked(t, db, "nick=Ames")
		require.NoError(t, err)
		require.Len(t, found, 9)
		commit(t, db, put("p0", patient(t, "0", "Bell")))
		found, err = asked(t, db, "nick=Bell")
		require.NoError(t, err)
		require.Equal(t, []string{"p0"}, found)
		values := url.Values{"nick": {"Ames"}}
		q, _, err := search.Parse("Patient", values, search.Options{Custom: db.Custom()})
		require.NoError(t, err)
		q.Page.AsOf = before
		r, err := db.Search(ctx, q)
		require.NoError(t, err)
		require.Len(t, r.Matches, 9, "as it was before the parameter")

		commit(t, db, put("nick", nick(t, "active", "Patient.identifier.value")))
		store.Settled(t, db)
		found, err = asked(t, db, "nick=1")
		require.NoError(t, err)
		require.Equal(t, []string{"p1", "p4", "p7"}, found)
		_, err = db.Search(ctx, q)
		require.ErrorContains(t, err, "was changed or retired meanwhile")

		commit(t, db, put("nick", nick(t, "retired", "Patient.identifier.value")))
		store.Settled(t, db)
		_, err = asked(t, db, "nick=1")
		require.ErrorContains(t, err, "There is no such search parameter")
		commit(t, db, put("p1", patient(t, "5", "Ames")))
		commit(t, db, put("nick", nick(t, "active", "Patient.identifier.value")))
		store.Settled(t, db)
		found, err = asked(t, db, "nick=1")
		require.NoError(t, err)
		require.Equal(t, []string{"p4", "p7"}, found)
		commit(t, db, fhir.Change{Method: fhir.Delete, Type: "SearchParameter", ID: "nick"})
		store.Settled(t, db)
		_, err = asked(t, db, "nick=1")
		require.Error(t, err)
		require.Empty(t, store.CustomKeys(t, db), "its rows are gone")
		wrong, err := db.Check(ctx)
		require.NoError(t, err)
		require.Empty(t, wrong.Wrong)
	})
}

// TestStoredParameterGoesOn: the work goes on where it was when the database is opened
// again, and begins anew from what is stored where nothing is known of it.
func TestStoredParameterGoesOn(t *testing.T) {
	dir := t.TempDir()
	open := func() (*store.DB, kv.Engine) {
		e, err := badger.Open(dir, nil)
		require.NoError(t, err)
		return openDB(t, e, store.Options{}), e
	}
	db, _ := open()
	for i := range 60 {
		commit(t, db, put(fmt.Sprint("p", i), patient(t, fmt.Sprint(i%3), "Ames")))
	}
	defer store.HoldSteps(1)()
	commit(t, db, put("nick", nick(t, "active", "Patient.name.family")))
	for range 20 {
		store.Step(t, db)
	}
	require.NoError(t, db.Close())
	db, e := open()
	_, err := asked(t, db, "nick=Ames")
	require.ErrorContains(t, err, "the index of Patient is at 24 %")
	for range 20 {
		store.Step(t, db)
		commit(t, db, put("p50", patient(t, "1", "Bell")), put("p3", patient(t, "1", "Bell")))
	}
	require.NoError(t, e.Write([]kv.Op{{Key: []byte("mparameters")}})) // as a restore has it
	require.NoError(t, db.Close())
	db, _ = open()
	_, err = asked(t, db, "nick=Ames")
	require.ErrorContains(t, err, "is at 0 %")
	for range 62 {
		store.Step(t, db)
	}
	found, err := asked(t, db, "nick=Ames&_count=100")
	require.NoError(t, err)
	require.Len(t, found, 58)
	require.NoError(t, db.Close())
}

// TestStoredParameterIsParked: where the rows of one parameter cannot be made it is told,
// with why, and is tried again after a pause that grows; the others go on meanwhile.
func TestStoredParameterIsParked(t *testing.T) {
	told := make(chan store.Index, 100)
	engine := &kvtest.Damaged{Engine: mem.New()}
	db := openDB(t, engine, store.Options{Indexing: func(x store.Index) {
		select {
		case told <- x:
		default:
		}
	}})
	commit(t, db, put("p", patient(t, "0", "Ames")))
	engine.Parts = []kv.Damage{{Low: []byte("xPatient\x00_every"), High: []byte("xPatient\x00_every\x01"), Where: "a block"}}
	commit(t, db, put("nick", nick(t, "active", "Patient.name.family")))
	commit(t, db, put("size", parse(t, `{'resourceType':'SearchParameter','id':'size','url':'http://example.org/size','name':'size','status':'active','description':'d','code':'size','type':'token','base':['Device'],'expression':'Device.status'}`)))
	first := <-told
	require.Equal(t, []any{"nick", "nick", "Patient", 1}, []any{first.ID, first.Name, first.Type, first.Tries})
	require.ErrorIs(t, first.Err, kv.ErrDamaged)
	require.True(t, first.Next.After(first.Since))
	list := indexes(t, db, func(list []store.Index) bool { return len(list) == 2 && list[1].Percent == 100 })
	require.ErrorIs(t, list[0].Err, kv.ErrDamaged)
	require.Equal(t, []any{"Patient", 25, "Device", nil}, []any{list[0].Type, list[0].Percent, list[1].Type, list[1].Err})
	require.NotZero(t, db.FailedSteps())
	commit(t, db, put("nick", nick(t, "retired", "Patient.name.family")))
	require.Empty(t, indexes(t, db, func(list []store.Index) bool { return len(list) == 1 })[0].Err, "what is retired is told no more")
	require.NoError(t, db.Close())
}

// TestStoredParameterTriesAgain: what a full disk has stopped goes on when it has room.
func TestStoredParameterTriesAgain(t *testing.T) {
	defer store.Impatient()()
	told := make(chan store.Index, 1)
	engine := &kvtest.Faulty{Engine: mem.New()}
	db := openDB(t, engine, store.Options{Indexing: func(x store.Index) {
		if x.Tries == 3 {
			told <- x
		}
	}})
	commit(t, db, put("p", patient(t, "0", "Ames")))
	release := store.HoldSteps(1)
	commit(t, db, put("nick", nick(t, "active", "Patient.name.family")))
	release()
	engine.Fill(true)
	_, err := db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{put("p", patient(t, "0", "Bell"))}})
	require.ErrorIs(t, err, kv.ErrNoSpace)
	require.ErrorIs(t, (<-told).Err, kv.ErrNoSpace)
	engine.Fill(false)
	store.Settled(t, db)
	list := indexes(t, db, func(list []store.Index) bool { return list[0].Err == nil })
	require.Equal(t, 100, list[0].Percent)
	found, err := asked(t, db, "nick=Ames")
	require.NoError(t, err)
	require.Equal(t, []string{"p"}, found)
	require.NoError(t, db.Close())
}

// indexes waits until those of a database are as they should be.
func indexes(t testing.TB, db *store.DB, are func([]store.Index) bool) []store.Index {
	for {
		list, err := db.Indexes()
		require.NoError(t, err)
		if are(list) {
			return list
		}
		runtime.Gosched()
	}
}

// TestCheckOfStoredParameters: a check finds each row that is missing or too many, of a
// parameter that answers and of none.
func TestCheckOfStoredParameters(t *testing.T) {
	engine := mem.New()
	open := func() *store.DB { return openDB(t, outliving{engine}, store.Options{}) }
	db := open()
	commit(t, db, put("nick", nick(t, "active", "Patient.name.family")))
	commit(t, db, put("p", patient(t, "0", "Ames")), put("q", patient(t, "1", "Bell")))
	commit(t, db, put("p", patient(t, "0", "Cole")))
	store.Settled(t, db)
	sound(t, db)
	keys := store.CustomKeys(t, db)
	require.Len(t, keys, 3)
	require.NoError(t, db.Close())
	wrong := func() (texts []string) {
		db := open()
		f, err := db.Check(ctx)
		require.NoError(t, err)
		for _, one := range f.Wrong {
			texts = append(texts, one.Text)
		}
		require.NoError(t, db.Close())
		return texts
	}
	snap, err := engine.Snapshot()
	require.NoError(t, err)
	defer snap.Close()
	for _, key := range keys {
		value, _, err := snap.Get([]byte(key))
		require.NoError(t, err)
		require.NoError(t, engine.Write([]kv.Op{{Key: []byte(key)}}))
		require.Contains(t, strings.Join(wrong(), "\n"), "is missing, so searches do not find it")
		kvSet(t, engine, key, string(value))
	}
	require.Empty(t, wrong())
	stray := strings.Replace(keys[0], "ames", "amex", 1)
	require.NotEqual(t, keys[0], stray)
	kvSet(t, engine, stray, "")
	require.Contains(t, strings.Join(wrong(), "\n"), "that no version of it gives, so searches find it wrongly")
	require.NoError(t, engine.Write([]kv.Op{{Key: []byte(stray)}}))
	unknown := strings.Replace(keys[0], "nick~", "nock~", 1)
	kvSet(t, engine, unknown, "")
	require.Equal(t, []string{"the index has rows of Patient by the search parameter nock, which no SearchParameter defines"}, wrong())
}
