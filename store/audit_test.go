package store_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// rowsOf are the keys of the index rows of a parameter of Patient.
func rowsOf(t testing.TB, e kv.Engine, param string) (keys []string) {
	s, err := e.Snapshot()
	require.NoError(t, err)
	defer s.Close()
	prefix := "xPatient\x00" + param + "\x00"
	it := s.Iterate([]byte(prefix), []byte("xPatient\x00"+param+"\x01"), false)
	for it.Next() {
		keys = append(keys, string(it.Key()))
	}
	require.NoError(t, it.Close())
	return keys
}

// TestAuditNames plants damage at the level of keys: each is found, and named by
// the resource that it is about.
func TestAuditNames(t *testing.T) {
	const seq = 6 // the bytes of a commit at the end of a row
	// of the patient a: created by commit 1, renamed by 2, deleted by 3, created by 4
	ofA := func(keys []string) (out []string) {
		for _, k := range keys {
			if strings.HasSuffix(k[:len(k)-seq], "\x00\x00\x00\x00\x01") {
				out = append(out, k)
			}
		}
		return out
	}
	for name, c := range map[string]struct {
		plant    func(t *testing.T, e kv.Engine)
		resource string
		text     string
	}{
		"a row without a resource": {func(t *testing.T, e kv.Engine) {
			k := []byte(rowsOf(t, e, "family")[0])
			k[len(k)-seq-1] = 99
			kvSet(t, e, string(k), "")
		}, "Patient/(number 99)/_history/0", `index row of family "[^"]+" from commit \d is of Patient number 99, which does not exist`},
		"a row that no version gives": {func(t *testing.T, e kv.Engine) {
			k := ofA(rowsOf(t, e, "family"))[0]
			kvSet(t, e, strings.Replace(k, "ames", "axes", 1)+"", "")
		}, "Patient/a", `it has an index row of family .*that no version of it gives`},
		"a row of a parameter that has no others": {func(t *testing.T, e kv.Engine) {
			kvSet(t, e, strings.Replace(ofA(rowsOf(t, e, "family"))[0], "family", "deathx", 1), "")
		}, "Patient/a", `it has an index row of deathx`},
		"a row that is no row": {func(t *testing.T, e kv.Engine) { kvSet(t, e, "xPatient\x00family", "") }, "", `the index has a row 78\w+ that cannot be read`},
		"a missing row": {func(t *testing.T, e kv.Engine) {
			require.NoError(t, e.Write([]kv.Op{{Key: []byte(ofA(rowsOf(t, e, "identifier"))[0])}}))
		}, "Patient/a", `its index row of identifier .* is missing`},
		"all rows of a parameter": {func(t *testing.T, e kv.Engine) {
			for _, k := range rowsOf(t, e, "family") {
				require.NoError(t, e.Write([]kv.Op{{Key: []byte(k)}}))
			}
		}, "Patient/a", `its index row of family .* is missing`},
		"a row that ends too early": {func(t *testing.T, e kv.Engine) {
			keys := ofA(rowsOf(t, e, "family"))
			kvSet(t, e, keys[len(keys)-1], "\x00\x00\x00\x00\x00\x04")
		}, "Patient/a", `its index row of family .* ends with commit 4, the versions say`},
		"a row that never ends": {func(t *testing.T, e kv.Engine) {
			for _, k := range ofA(rowsOf(t, e, "family")) {
				kvSet(t, e, k, "")
			}
		}, "Patient/a", `its index row of family .* ends never, the versions say with commit`},
		"a row that ends with nonsense": {func(t *testing.T, e kv.Engine) { kvSet(t, e, ofA(rowsOf(t, e, "family"))[0], "x") }, "Patient/a", `ends with 78, which is not a commit`},
		"a row that begins at another commit": {func(t *testing.T, e kv.Engine) {
			k := ofA(rowsOf(t, e, "family"))[0]
			require.NoError(t, e.Write([]kv.Op{{Key: []byte(k)}, {Key: []byte(k[:len(k)-1] + string(k[len(k)-1]-1)), Value: []byte{}}}))
		}, "Patient/a", `no version of it gives|is missing`},
		"no identity": {func(t *testing.T, e kv.Engine) { require.NoError(t, e.Write([]kv.Op{{Key: []byte("iPatient\x00a")}})) },
			"Patient/a/_history/1", `Patient/a/_history/1 is in the log, and the resource cannot be found by its id`},
	} {
		t.Run(name, func(t *testing.T) {
			e := mem.New()
			require.NoError(t, filled(t, outliving{e}).Close())
			c.plant(t, e)
			db := openDB(t, outliving{e}, store.Options{})
			defer func() { require.NoError(t, db.Close()) }()
			f, err := db.Check(ctx)
			require.NoError(t, err)
			require.NotEmpty(t, f.Wrong)
			named := false
			for _, w := range f.Wrong {
				require.False(t, w.Unreadable, w.Text)
				if w.Resource == c.resource {
					require.Regexp(t, c.text, w.Text)
					named = true
					break
				}
			}
			require.True(t, named, "%v", f.Wrong)
		})
	}
}

// TestAuditBesideWrites goes through an audit in steps, and each time a commit is
// made and the state goes through JSON, as after a restart: it finds nothing, and
// has counted what there was at its beginning. A row that is damaged meanwhile is
// found.
func TestAuditBesideWrites(t *testing.T) {
	e := mem.New()
	db := openDB(t, outliving{e}, store.Options{})
	s := &scene{t: t, rnd: rand.New(rand.NewPCG(3, 3)), db: db, worlds: map[fhir.Seq]world{}, clock: epoch}
	for range 40 {
		s.commit()
	}
	before := sound(t, db)
	enough := errors.New("enough")
	through := func(a *store.Audit) (steps int) {
		for !a.Done() {
			err := db.Audit(ctx, a, func() error { return enough })
			if err != nil {
				require.ErrorIs(t, err, enough)
			}
			s.commit()
			require.NoError(t, db.SaveAudit(a))
			resumed, err := db.ResumeAudit()
			require.NoError(t, err)
			if !a.Done() {
				require.Equal(t, text(t, a), text(t, resumed))
				*a = *resumed
			}
			steps++
		}
		return steps
	}
	a := &store.Audit{}
	require.Greater(t, through(a), 6)
	require.Empty(t, a.Wrong)
	require.Equal(t, *before, a.Findings)
	sound(t, db)

	a, err := db.ResumeAudit()
	require.NoError(t, err)
	require.False(t, a.Begun, "the one before is done")
	k := rowsOf(t, e, "_lastUpdated")[0]
	require.NoError(t, e.Write([]kv.Op{{Key: []byte(k)}}))
	through(a)
	require.Len(t, a.Wrong, 1)
	require.Contains(t, a.Wrong[0].Text, "its index row of _lastUpdated")
	require.NoError(t, db.Close())
}

func text(t testing.TB, v any) string {
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

// TestAuditIsOfOneEngine: how far an audit is belongs to no digest and no backup.
func TestAuditIsOfOneEngine(t *testing.T) {
	e := mem.New()
	db := filled(t, outliving{e})
	before, _, err := db.Digest(ctx)
	require.NoError(t, err)
	a := &store.Audit{}
	require.Error(t, db.Audit(ctx, a, func() error { return errors.New("enough") }))
	require.NoError(t, db.SaveAudit(a))
	now, _, err := db.Digest(ctx)
	require.NoError(t, err)
	require.Equal(t, before, now)
	archive, _ := backedUp(t, db, nil)
	back := mem.New()
	_, err = restored(t, back, archive)
	require.NoError(t, err)
	require.Contains(t, dump(t, e), "maudit")
	require.NotContains(t, dump(t, back), "maudit")
	require.NoError(t, db.Close())
}
