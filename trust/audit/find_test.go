package audit_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/trust/audit"
)

// chance is an event of one of few patients, agents and resources.
func chance(r *rand.Rand, at time.Time) *audit.Event {
	pick := func(name string, n int) string { return fmt.Sprint(name, r.IntN(n)) }
	e := &audit.Event{Access: fhir.Access{Time: at, Interaction: []string{"read", "search-type", "update", "$accept"}[r.IntN(4)], Status: 200,
		By: fhir.Principal{Agent: pick("x:agent|", 3), Client: pick("client", 2)}, Target: "/fhir"}}
	for range r.IntN(4) {
		s := fhir.Shown{Type: "Task", ID: pick("t", 5), VersionID: "1"}
		for range r.IntN(3) {
			s.Patients = append(s.Patients, pick("p", 6))
		}
		e.Shown = append(e.Shown, s)
	}
	return e
}

// TestFind compares random queries with a look at every event, while the log is
// open, after it was opened again, and after its indexes were removed or damaged.
func TestFind(t *testing.T) {
	for name, o := range map[string]audit.Options{"plain": {SegmentSize: 64 << 10}, "encrypted": {SegmentSize: 64 << 10, Key: key}} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			dir := t.TempDir()
			l := open(t, dir, o)
			start := time.UnixMilli(1_790_000_000_000)
			var list []*fhir.Access
			for i := range 4000 {
				e := chance(r, start.Add(time.Duration(i)*time.Second+time.Duration(r.IntN(20_000)-10_000)*time.Millisecond))
				list = append(list, &e.Access)
			}
			for part := range slices.Chunk(list, 97) {
				require.NoError(t, l.Record(t.Context(), part...))
			}
			compare := func(l *audit.Log) {
				events := all(t, l)
				require.Len(t, events, 4000)
				for range 60 {
					q := randomQuery(r, start)
					require.Equal(t, scanned(events, q), found(t, l, q), "%+v", q)
				}
			}
			compare(l)
			require.NoError(t, l.Close())
			l = open(t, dir, o)
			compare(l)
			require.NoError(t, l.Close())
			sidecars, err := filepath.Glob(filepath.Join(dir, "*.index"))
			require.NoError(t, err)
			require.Greater(t, len(sidecars), 2)
			require.NoError(t, os.Remove(sidecars[0]))
			text, err := os.ReadFile(sidecars[1])
			require.NoError(t, err)
			require.NotContains(t, string(text), "Task")
			damaged := slices.Clone(text)
			damaged[len(text)/2] ^= 1
			require.NoError(t, os.WriteFile(sidecars[1], damaged, 0o600))
			require.NoError(t, os.WriteFile(sidecars[2], nil, 0o600))
			l = open(t, dir, o)
			compare(l)
			again, err := os.ReadFile(sidecars[1])
			require.NoError(t, err)
			require.Equal(t, text, again, "it was made again")
			require.NoError(t, os.WriteFile(sidecars[1], damaged, 0o600))
			n, err := l.Verify(t.Context(), nil)
			require.NoError(t, err)
			require.Equal(t, uint64(4000), n)
			again, err = os.ReadFile(sidecars[1])
			require.NoError(t, err)
			require.Equal(t, text, again, "it was made again")
			require.NoError(t, verified(dir, o))
		})
	}
}

func randomQuery(r *rand.Rand, start time.Time) audit.Query {
	q := audit.Query{Newest: r.IntN(2) == 0}
	names := func(name string, n int) (list []string) {
		for range 1 + r.IntN(2) {
			list = append(list, fmt.Sprint(name, r.IntN(n)))
		}
		return list
	}
	if r.IntN(2) == 0 {
		q.Patients = names("p", 7)
	}
	if r.IntN(3) == 0 {
		q.Agents = names("x:agent|", 4)
	}
	if r.IntN(3) == 0 {
		q.Entities = names("Task/t", 6)
	}
	if r.IntN(3) == 0 {
		q.Actions = []string{"R", "EU", "C"}[r.IntN(3)]
	}
	if r.IntN(2) == 0 {
		q.From = start.Add(time.Duration(r.IntN(4000)) * time.Second)
	}
	if r.IntN(2) == 0 {
		q.Until = start.Add(time.Duration(r.IntN(4000)) * time.Second)
	}
	if r.IntN(2) == 0 {
		q.After = uint64(r.IntN(4000))
	}
	if r.IntN(2) == 0 {
		q.Head = uint64(1 + r.IntN(4000))
	}
	return q
}

func found(t *testing.T, l *audit.Log, q audit.Query) (numbers []uint64) {
	require.NoError(t, l.Find(t.Context(), q, func(h *audit.Hit) (bool, error) {
		e, err := h.Event()
		require.NoError(t, err)
		require.Equal(t, h.Number, e.Number)
		require.Equal(t, h.Time, e.Time)
		require.Equal(t, h.Parts, max(1, len(e.Patients())))
		numbers = append(numbers, h.Number)
		return true, nil
	}))
	return numbers
}

func scanned(events []audit.Event, q audit.Query) (numbers []uint64) {
	for i := range events {
		e := &events[i]
		any := func(want []string, test func(string) bool) bool {
			return want == nil || slices.ContainsFunc(want, test)
		}
		if any(q.Patients, func(p string) bool { return slices.Contains(e.Patients(), p) }) &&
			any(q.Agents, func(a string) bool { return e.By.Agent == a }) &&
			any(q.Entities, func(ref string) bool {
				return slices.ContainsFunc(e.Shown, func(s fhir.Shown) bool { return s.Type+"/"+s.ID == ref })
			}) &&
			(q.Actions == "" || slices.Contains([]byte(q.Actions), e.Action())) &&
			(q.From.IsZero() || !e.Time.Before(q.From)) && (q.Until.IsZero() || e.Time.Before(q.Until)) &&
			(q.After == 0 || q.Newest && e.Number < q.After || !q.Newest && e.Number > q.After) && (q.Head == 0 || e.Number <= q.Head) {
			numbers = append(numbers, e.Number)
		}
	}
	if q.Newest {
		slices.Reverse(numbers)
	}
	return numbers
}

func TestEventByNumber(t *testing.T) {
	l := open(t, written(t, 60, small), small)
	for _, n := range []uint64{1, 2, 30, 59, 60} {
		e, err := l.Event(n)
		require.NoError(t, err)
		require.Equal(t, n, e.Number)
		require.Equal(t, event(int(n)-1).Access, e.Access)
	}
	for _, n := range []uint64{0, 61, 1 << 62} {
		_, err := l.Event(n)
		require.ErrorIs(t, err, audit.ErrNoEvent)
	}
	require.Equal(t, uint64(60), l.Head())
}

// TestRotate wants that a log opens with the new key of the database and no more
// with the old one, wherever the rotation was interrupted.
func TestRotate(t *testing.T) {
	other := []byte("fedcba9876543210fedcba9876543210")
	dir := written(t, 20, audit.Options{SegmentSize: 2 << 10, Key: key})
	opens := func(k []byte) error { return verified(dir, audit.Options{Key: k}) }
	require.ErrorIs(t, opens(other), audit.ErrKey)
	require.ErrorIs(t, opens(nil), audit.ErrKey)
	require.Error(t, audit.Rotate(dir, key, other, func() error { return errStop }))
	require.NoError(t, opens(key))
	require.NoError(t, opens(other), "it may have been replaced")
	require.NoError(t, audit.Rotate(dir, key, other, func() error {
		require.NoError(t, opens(key))
		require.NoError(t, opens(other))
		return nil
	}))
	require.NoError(t, opens(other))
	require.ErrorIs(t, opens(key), audit.ErrKey)
	require.Len(t, all(t, open(t, dir, audit.Options{Key: other})), 20)
	require.NoError(t, audit.Rotate(t.TempDir(), key, other, func() error { return nil }))
}

// BenchmarkFind is a page of 20 events of one patient, among 10 thousand and a
// million events.
func BenchmarkFind(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprint("events=", n), func(b *testing.B) {
			l := open(b, b.TempDir(), audit.Options{Sync: func(*os.File) error { return nil }})
			r := rand.New(rand.NewPCG(1, 2))
			patients := n / 100
			var list []*fhir.Access
			for i := range n {
				e := event(i)
				p := fmt.Sprint("p", r.IntN(patients))
				e.Shown[0].ID, e.Shown[0].Patients = p, []string{p}
				e.Shown = e.Shown[:1]
				if list = append(list, &e.Access); len(list) == 1000 {
					require.NoError(b, l.Record(context.Background(), list...))
					list = list[:0]
				}
			}
			b.ResetTimer()
			for range b.N {
				shown := 0
				require.NoError(b, l.Find(context.Background(), audit.Query{Patients: []string{fmt.Sprint("p", r.IntN(patients))}, Newest: true}, func(h *audit.Hit) (bool, error) {
					_, err := h.Event()
					shown++
					return shown < 20, err
				}))
			}
		})
	}
}
