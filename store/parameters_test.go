package store_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/badger"
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
		require.Zero(t, store.CustomRows(t, db), "its rows are gone")
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
