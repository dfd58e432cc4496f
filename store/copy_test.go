package store

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/archive"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/mem"
	"github.com/pestle-fhir/pestle/store/log"
	memlog "github.com/pestle-fhir/pestle/store/log/mem"
)

// copyOf is a copy of a database in an engine of its own.
func copyOf(t *testing.T, db *DB) kv.Engine {
	var b bytes.Buffer
	var w *archive.Writer
	_, err := db.Copy(t.Context(), func(h archive.Header) (_ *archive.Writer, err error) {
		w, err = archive.NewWriter(&b, h)
		return w, err
	})
	require.NoError(t, err)
	_, err = w.Close()
	require.NoError(t, err)
	r, err := archive.NewReader(&b)
	require.NoError(t, err)
	e := mem.New()
	h, err := Restore(e, nil, func(string, []byte) error { return nil }, r)
	require.NoError(t, err)
	holds, _, err := FollowedBy(e)
	require.NoError(t, err)
	require.EqualValues(t, holds.Place, h.Place)
	return e
}

// TestCopy: a copy of a database that has a history and then began a log goes on with the
// log where it was made, and holds the same; a database that is restored from a backup has
// no part in it.
func TestCopy(t *testing.T) {
	brief(t)
	list := history(t, 5, 300)
	inside := mem.New()
	db, err := Open(outlived{inside}, Options{})
	require.NoError(t, err)
	commitAll(t, db, list[:100])
	require.NoError(t, db.Close())
	l := memlog.New()
	leader := openLogged(t, inside, l)
	_, err = leader.Lead(t.Context(), 1)
	require.NoError(t, err)
	early := copyOf(t, leader)
	commitAll(t, leader, list[100:200])
	late := copyOf(t, leader)
	at, ok, err := FollowedBy(late)
	require.NoError(t, err)
	require.True(t, ok)
	last, err := l.Last(t.Context())
	require.NoError(t, err)
	require.Equal(t, last, at.Place)
	require.NoError(t, NewShelf(inside).Write(map[string][]byte{"client": []byte("x")}))
	commitAll(t, leader, list[200:])
	for _, e := range []kv.Engine{early, late} {
		other := openLogged(t, e, l)
		reaches(t, other, l)
		require.Equal(t, digestOf(t, leader), digestOf(t, other))
		found, err := other.Check(t.Context())
		require.NoError(t, err)
		require.Empty(t, found.Wrong)
		require.NoError(t, other.Close())
	}
	shelved, err := NewShelf(copyOf(t, leader)).Get("client")
	require.NoError(t, err)
	require.Equal(t, "x", string(shelved))
	require.NoError(t, leader.Close())
}

// outlived is an engine that stays when its database is closed.
type outlived struct{ kv.Engine }

func (outlived) Close() error { return nil }

func commitAll(t *testing.T, db *DB, list []drawn) {
	for _, d := range list {
		_, err := db.Commit(t.Context(), d.tx)
		if err != nil {
			require.NotEqual(t, fhir.NoStore, fhir.KindOf(err))
		}
	}
}

// TestOtherLog: a database does not lead with a log that is not the one of which it holds
// a part, or that was cut.
func TestOtherLog(t *testing.T) {
	brief(t)
	e := mem.New()
	l := memlog.New()
	db := openLogged(t, outlived{e}, l)
	_, err := db.Lead(t.Context(), 1)
	require.NoError(t, err)
	for _, family := range []string{"a", "b", "c"} {
		_, err := db.Commit(t.Context(), updates(t, "p", family))
		require.NoError(t, err)
	}
	require.NoError(t, db.Close())
	cut, other := memlog.New(), memlog.New()
	for place := range log.Place(4) {
		b, err := l.Next(t.Context(), place)
		require.NoError(t, err)
		if place < 3 {
			require.NoError(t, cut.Append(t.Context(), place, b))
		} else {
			b = append(bytes.Clone(b), 0)
		}
		require.NoError(t, other.Append(t.Context(), place, b))
	}
	for want, l := range map[string]log.Log{"the log was cut": cut, "the log is another one": other} {
		db := openLogged(t, outlived{e}, l)
		_, err := db.Lead(t.Context(), 2)
		require.ErrorContains(t, err, want)
		require.NoError(t, db.Close())
	}
	require.NoError(t, Unfollow(e))
	db, err = Open(e, Options{})
	require.NoError(t, err)
	_, err = db.Commit(t.Context(), updates(t, "p", "d"))
	require.NoError(t, err)
	require.NoError(t, db.Close())
}
