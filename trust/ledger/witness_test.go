package ledger

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// serving is a server that shows a log.
func serving(t *testing.T, shown **Log) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer t" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		l := *shown
		if r.URL.Path == "/checkpoint" {
			_, _ = w.Write(l.Newest().Note)
			return
		}
		answer, err := l.Consistency(r.Context(), r.URL.Query().Get("from"), r.URL.Query().Get("to"))
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_, _ = w.Write(answer.JSON())
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestWitness follows a log that grows, and raises the alarm at one that does not,
// though it is signed with the key of the log.
func TestWitness(t *testing.T) {
	l, m, key := started(t, 300, 100)
	shown := l
	dir := t.TempDir()
	cosign, err := LoadKey(dir+"/witness", "auditor.example")
	require.NoError(t, err)
	w := &Witness{URL: serving(t, &shown), Token: "t", Key: key.Verifier(), File: dir + "/seen", Cosign: cosign, Clock: func() time.Time { return time.Unix(1_793_610_000, 0) }}
	for range 2 {
		c, err := w.Observe(t.Context())
		require.NoError(t, err)
		require.Equal(t, uint64(300), c.Size)
	}
	m.grow(l, 500, 100)
	require.NoError(t, l.sign())
	c, err := w.Observe(t.Context())
	require.NoError(t, err)
	require.Equal(t, uint64(800), c.Size)
	require.Contains(t, string(c.Note), "— auditor.example ")

	forged := func(size int, id string) *Log {
		f, other := &Log{}, &memory{tiles: map[string][]byte{}}
		require.NoError(t, f.Start(t.Context(), other))
		for i := range size {
			r := record(i)
			if i == 400 {
				r.Version.ID = id
			}
			h := r.Hash()
			require.NoError(t, other.AddTiles(f.Add(uint64(i), h[:])))
			other.rows = append(other.rows, Row{Record: r, Leaf: h[:]})
		}
		lock, err := OpenLock(t.TempDir() + "/lock")
		require.NoError(t, err)
		require.NoError(t, f.Sign(key, lock, nil))
		return f
	}
	alarm := (*AlarmError)(nil)
	for _, f := range []*Log{forged(799, ""), forged(800, "other"), forged(900, "other"), forged(500, "p400")} {
		shown = f
		_, err := w.Observe(t.Context())
		require.True(t, errors.As(err, &alarm), "%v", err)
	}
	shown = forged(900, "p400")
	c, err = w.Observe(t.Context())
	require.NoError(t, err, "the same history, longer")
	require.Equal(t, uint64(900), c.Size)
	w.Token = ""
	_, err = w.Observe(t.Context())
	require.ErrorContains(t, err, "401")
	require.NoError(t, os.WriteFile(w.File, []byte(strings.Replace(string(c.Note), "900", "901", 1)), 0o600))
	w.Token = "t"
	_, err = w.Observe(t.Context())
	require.ErrorContains(t, err, "not signed by", "what it has seen was changed")
}
