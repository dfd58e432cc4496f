package audit_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/processor"
	"github.com/pestle-fhir/pestle/trust/audit"
)

func event(n int) *audit.Event {
	return &audit.Event{Access: fhir.Access{
		Time: time.UnixMilli(1_790_000_000_000 + int64(n)).UTC(), Interaction: "read", Status: 200,
		By:        fhir.Principal{Agent: "sds-user-id|555", OnBehalf: "FA565", Client: "dispensary", Roles: []string{"pharmacist"}, Purpose: "TREAT"},
		RequestID: "0a2cc3a1-1d4e-4f7c-9f77-0c4e8b8f9a10", Method: "GET", Target: fmt.Sprintf("/fhir/Patient/Planted%d", n),
		Shown: []fhir.Shown{{Type: "Patient", ID: fmt.Sprint("p", n), VersionID: "1", Patients: []string{fmt.Sprint("p", n)}}, {Type: "Task", ID: "t", VersionID: "2", Patients: []string{fmt.Sprint("p", n)}}},
	}}
}

func open(t testing.TB, dir string, o audit.Options) *audit.Log {
	l, err := audit.Open(dir, o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func all(t testing.TB, l *audit.Log) (out []audit.Event) {
	require.NoError(t, l.Read(1, func(e *audit.Event) error { out = append(out, *e); return nil }))
	return out
}

// small makes many segments of a few events.
var small = audit.Options{SegmentSize: 2 << 10}

var key = []byte("0123456789abcdef0123456789abcdef")

// TestLog wants that many writers' events are stored with the numbers that they
// were told, over several segments and openings, encrypted and not.
func TestLog(t *testing.T) {
	for name, o := range map[string]audit.Options{"small": small, "one": {SegmentSize: 1 << 20}, "encrypted": {SegmentSize: 2 << 10, Key: key}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			stored := map[uint64]audit.Event{}
			for round := range 3 {
				l := open(t, dir, o)
				var mu sync.Mutex
				var wait sync.WaitGroup
				for w := range 8 {
					wait.Go(func() {
						for i := range 25 {
							e := event(round*1000 + w*100 + i)
							assert.NoError(t, l.Append(t.Context(), e))
							mu.Lock()
							stored[e.Number] = *e
							mu.Unlock()
						}
					})
				}
				wait.Wait()
				require.NoError(t, l.Close())
				require.ErrorIs(t, l.Append(t.Context(), event(0)), audit.ErrClosed)
			}
			l := open(t, dir, o)
			read := all(t, l)
			require.Len(t, read, 600)
			for i, e := range read {
				require.Equal(t, uint64(i+1), e.Number)
				require.Equal(t, stored[e.Number], e)
			}
			var late []uint64
			require.NoError(t, l.Read(590, func(e *audit.Event) error { late = append(late, e.Number); return nil }))
			require.Len(t, late, 11)
			planted := false
			for _, f := range files(t, dir) {
				text, err := os.ReadFile(f)
				require.NoError(t, err)
				planted = planted || strings.Contains(string(text), "Planted")
			}
			require.Equal(t, o.Key == nil, planted)
		})
	}
}

func files(t testing.TB, dir string) []string {
	found, err := filepath.Glob(filepath.Join(dir, "*.audit"))
	require.NoError(t, err)
	slices.Sort(found)
	return found
}

// written is a folder with n events, closed.
func written(t testing.TB, n int, o audit.Options) string {
	dir := t.TempDir()
	l := open(t, dir, o)
	for i := range n {
		require.NoError(t, l.Append(context.Background(), event(i)))
	}
	require.NoError(t, l.Close())
	return dir
}

// TestTorn cuts the last write at every byte: what was acknowledged before it is
// there, and the log goes on.
func TestTorn(t *testing.T) {
	dir := written(t, 5, audit.Options{SegmentSize: 1 << 20})
	file := files(t, dir)[0]
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	end := len(strings.TrimRight(string(text), "\x00"))
	last := strings.LastIndex(string(text[:end]), "\x01") // somewhere in the last frame
	for cut := end - 60; cut < end; cut++ {
		torn := slices.Clone(text)
		clear(torn[cut:])
		require.NoError(t, os.WriteFile(file, torn, 0o600))
		l := open(t, dir, audit.Options{SegmentSize: 1 << 20})
		require.Len(t, all(t, l), 4, "cut at %d of %d, %d", cut, end, last)
		e := event(9)
		require.NoError(t, l.Append(t.Context(), e))
		require.Equal(t, uint64(5), e.Number)
		require.NoError(t, l.Close())
	}
}

// TestDamage changes what had been acknowledged: the log does not open, names the
// file, and changes nothing.
func TestDamage(t *testing.T) {
	for _, o := range []audit.Options{small, {SegmentSize: 1 << 20}, {SegmentSize: 2 << 10, Key: key}} {
		dir := written(t, 40, o)
		for _, file := range files(t, dir) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			end := len(strings.TrimRight(string(text), "\x00"))
			for _, at := range []int{0, 17, 30, 63, 64, 66, 70, 80, end / 2, end / 3} {
				for _, how := range []string{"flip", "zero"} {
					damaged := slices.Clone(text)
					switch {
					case how == "flip":
						damaged[at] ^= 4
					case at < end-300:
						clear(damaged[at : at+40])
					default:
						continue
					}
					if string(damaged) == string(text) {
						continue
					}
					require.NoError(t, os.WriteFile(file, damaged, 0o600))
					err := verified(dir, o)
					var bad *audit.DamageError
					require.ErrorAs(t, err, &bad, "%s %s at %d of %d", filepath.Base(file), how, at, end)
					require.Equal(t, filepath.Base(file), filepath.Base(bad.File))
					after, err := os.ReadFile(file)
					require.NoError(t, err)
					require.Equal(t, damaged, after)
				}
			}
			require.NoError(t, os.WriteFile(file, text, 0o600))
		}
		require.Len(t, all(t, open(t, dir, o)), 40)
	}
}

// verified opens a log to read it, and verifies it.
func verified(dir string, o audit.Options) error {
	o.ReadOnly = true
	l, err := audit.Open(dir, o)
	if err != nil {
		return err
	}
	_, err = l.Verify(context.Background(), nil)
	return err
}

func TestMissingSegment(t *testing.T) {
	dir := written(t, 60, small)
	found := files(t, dir)
	require.Greater(t, len(found), 4)
	require.NoError(t, os.Remove(found[2]))
	_, err := audit.Open(dir, small)
	require.ErrorContains(t, err, filepath.Base(found[2]))
	require.ErrorContains(t, err, "missing")
}

func TestWrongKey(t *testing.T) {
	dir := written(t, 5, audit.Options{SegmentSize: 2 << 10, Key: key})
	other := slices.Clone(key)
	other[0]++
	for _, o := range []audit.Options{small, {SegmentSize: 2 << 10, Key: other}} {
		_, err := audit.Open(dir, o)
		require.Error(t, err)
	}
}

// TestSyncFails wants that after a failed sync nothing more is acknowledged.
func TestSyncFails(t *testing.T) {
	fail := false
	var mu sync.Mutex
	o := audit.Options{SegmentSize: 1 << 20, Sync: func(f *os.File) error {
		mu.Lock()
		defer mu.Unlock()
		if fail {
			return syscall.EIO
		}
		return f.Sync()
	}}
	dir := t.TempDir()
	l := open(t, dir, o)
	require.NoError(t, l.Append(t.Context(), event(1)))
	mu.Lock()
	fail = true
	mu.Unlock()
	require.ErrorIs(t, l.Append(t.Context(), event(2)), syscall.EIO)
	mu.Lock()
	fail = false
	mu.Unlock()
	require.ErrorIs(t, l.Append(t.Context(), event(3)), syscall.EIO, "the kernel may have dropped what it could not write")
}

// TestGivesUp wants that who waits no longer is told so, and that the log goes on.
func TestGivesUp(t *testing.T) {
	release := make(chan struct{})
	first := true
	o := audit.Options{SegmentSize: 1 << 20, Sync: func(f *os.File) error {
		if !first {
			<-release
		}
		first = false
		return f.Sync()
	}}
	l := open(t, t.TempDir(), o)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, l.Append(ctx, event(1)), context.DeadlineExceeded)
	close(release)
	require.NoError(t, l.Append(t.Context(), event(2)))
	require.Len(t, all(t, l), 2)
}

func TestLargeEvents(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, small)
	big := event(1)
	for i := range 1000 {
		big.Shown = append(big.Shown, fhir.Shown{Type: "Observation", ID: fmt.Sprint(i), VersionID: "1", Patients: []string{"p"}})
	}
	for _, e := range []*audit.Event{event(0), big, event(2)} {
		require.NoError(t, l.Append(t.Context(), e))
	}
	require.NoError(t, l.Close())
	read := all(t, open(t, dir, small))
	require.Len(t, read, 3)
	require.Equal(t, big.Shown, read[1].Shown)
	huge := event(1)
	huge.Target = strings.Repeat("x", 17<<20)
	require.Error(t, open(t, t.TempDir(), small).Append(t.Context(), huge))
}

var errStop = errors.New("stop")

func TestReadStops(t *testing.T) {
	l := open(t, written(t, 10, small), small)
	n := 0
	require.ErrorIs(t, l.Read(1, func(*audit.Event) error {
		if n++; n == 3 {
			return errStop
		}
		return nil
	}), errStop)
	require.Equal(t, 3, n)
}

func BenchmarkAppend(b *testing.B) {
	for _, clients := range []int{1, 16, 64, 256} {
		b.Run(fmt.Sprint("clients=", clients), func(b *testing.B) {
			l := open(b, b.TempDir(), audit.Options{})
			b.SetParallelism((clients + 1) / 2)
			b.ReportAllocs()
			b.ResetTimer()
			begin := processor.Time()
			b.RunParallel(func(pb *testing.PB) {
				e := event(1)
				for pb.Next() {
					if err := l.Append(context.Background(), e); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.ReportMetric(float64((processor.Time()-begin).Nanoseconds())/float64(b.N), "cpu-ns/event")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
