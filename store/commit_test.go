package store_test

import (
	"context"
	"fmt"
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

var ctx = context.Background()

// epoch is when the test clocks start.
var epoch = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// both runs a test on the memory engine and on the durable one.
func both(t *testing.T, test func(t *testing.T, db *store.DB)) {
	for name, open := range map[string]func(t *testing.T) kv.Engine{
		"mem":      func(*testing.T) kv.Engine { return mem.New() },
		"poisoned": func(*testing.T) kv.Engine { return kvtest.Poisoned{Engine: mem.New()} },
		"badger": func(t *testing.T) kv.Engine {
			e, err := badger.Open(t.TempDir(), nil)
			require.NoError(t, err)
			return e
		},
	} {
		t.Run(name, func(t *testing.T) {
			db := openDB(t, open(t), store.Options{Origins: []string{"https://pestle.example"}})
			defer func() { require.NoError(t, db.Close()) }()
			test(t, db)
		})
	}
}

func openDB(t testing.TB, e kv.Engine, o store.Options) *store.DB {
	t.Helper()
	db, err := store.Open(e, o)
	require.NoError(t, err)
	return db
}

// parse builds a resource of JSON with single quotes.
func parse(t testing.TB, format string, args ...any) *fhir.Resource {
	t.Helper()
	b := fmt.Appendf(nil, format, args...)
	for i := range b {
		if b[i] == '\'' {
			b[i] = '"'
		}
	}
	r, err := fhir.Parse(b)
	require.NoError(t, err, "%s", b)
	return r
}

func patient(t testing.TB, number, family string) *fhir.Resource {
	return parse(t, `{'resourceType':'Patient','identifier':[{'system':'https://fhir.nhs.uk/Id/nhs-number','value':'%s'}],'name':[{'family':'%s'}]}`, number, family)
}

func put(id string, r *fhir.Resource) fhir.Change {
	return fhir.Change{Method: fhir.Update, Type: r.Type(), ID: id, Resource: r}
}

func post(r *fhir.Resource) fhir.Change {
	return fhir.Change{Method: fhir.Create, Type: r.Type(), Resource: r}
}

func commit(t testing.TB, db *store.DB, changes ...fhir.Change) *fhir.Commit {
	t.Helper()
	c, err := db.Commit(ctx, &fhir.Transaction{Changes: changes})
	require.NoError(t, err)
	return c
}

func refused(t testing.TB, db *store.DB, changes ...fhir.Change) *fhir.Error {
	t.Helper()
	head := db.Head()
	_, err := db.Commit(ctx, &fhir.Transaction{Changes: changes})
	var e *fhir.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, head, db.Head(), "a refusal writes nothing")
	return e
}

func TestVersions(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		c := commit(t, db, put("a", patient(t, "1", "Ames")))
		require.Equal(t, fhir.Created, c.Results[0].Applied)
		require.Equal(t, fhir.Seq(1), c.Seq)
		c = commit(t, db, put("a", patient(t, "1", "Bell")))
		require.Equal(t, fhir.Updated, c.Results[0].Applied)
		c = commit(t, db, fhir.Change{Method: fhir.Delete, Type: "Patient", ID: "a"})
		require.Equal(t, fhir.Removed, c.Results[0].Applied)
		c = commit(t, db, fhir.Change{Method: fhir.Delete, Type: "Patient", ID: "a"})
		require.Equal(t, fhir.Unchanged, c.Results[0].Applied)
		require.Equal(t, fhir.Seq(3), c.Seq, "what changes nothing takes no place in the log")
		c = commit(t, db, put("a", patient(t, "1", "Cole")))
		require.Equal(t, fhir.Created, c.Results[0].Applied)
		require.Equal(t, "4", c.Results[0].Version.VersionID, "numbers go on after a deletion")

		v, err := db.Read(ctx, "Patient", "a")
		require.NoError(t, err)
		require.Equal(t, c.Results[0].Version, v)
		require.Contains(t, string(v.JSON), `"versionId":"4"`)
		v, err = db.VRead(ctx, "Patient", "a", "3")
		require.NoError(t, err)
		require.True(t, v.Deleted())
		for at, family := range map[fhir.Seq]string{1: "Ames", 2: "Bell", 4: "Cole"} {
			v, err = db.ReadAt(ctx, "Patient", "a", at)
			require.NoError(t, err)
			require.Contains(t, string(v.JSON), family)
		}
		for _, id := range []string{"0", "5", "x", "01", ""} {
			_, err = db.VRead(ctx, "Patient", "a", id)
			require.Equal(t, fhir.NotFound, fhir.KindOf(err))
		}
		_, err = db.Read(ctx, "Patient", "b")
		require.Equal(t, fhir.NotFound, fhir.KindOf(err))
	})
}

func TestConditionalCreate(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		change := post(patient(t, "9000000009", "Ames"))
		change.Condition = "identifier=https://fhir.nhs.uk/Id/nhs-number|9000000009"
		first := commit(t, db, change)
		require.Equal(t, fhir.Created, first.Results[0].Applied)
		second := commit(t, db, change)
		require.Equal(t, fhir.Matched, second.Results[0].Applied)
		require.Equal(t, first.Results[0].Version, second.Results[0].Version)
		commit(t, db, post(patient(t, "9000000009", "Other")))
		e := refused(t, db, change)
		require.Equal(t, fhir.MultipleMatches, e.Kind)
		require.True(t, e.Precondition)
	})
}
