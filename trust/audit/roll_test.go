package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

func read(n int) *Event {
	return &Event{Access: fhir.Access{Time: time.UnixMilli(1_790_000_000_000 + int64(n)).UTC(), Interaction: "read", Status: 200, RequestID: fmt.Sprint(n),
		Shown: []fhir.Shown{{Type: "Patient", ID: fmt.Sprint("p", n), VersionID: "1", Patients: []string{fmt.Sprint("p", n)}}}}}
}

var errFault = errors.New("planted")

// TestRollFails has each step of a roll fail, before and after it is done, once and
// three times in a row. Nothing that was acknowledged is lost, to the process that
// goes on or to one that opens what a killed one has left, and no number is given
// twice.
func TestRollFails(t *testing.T) {
	var reached sync.Map // steps
	for _, step := range []string{"rename back", "reserve", "header", "sync", "rename", "folder", "index"} {
		for _, done := range []bool{false, true} {
			for _, times := range []int32{1, 3} {
				t.Run(fmt.Sprint(step, done, times), func(t *testing.T) {
					var left, renames atomic.Int32
					o := Options{SegmentSize: 1 << 10}
					o.fault = func(name string, after bool) error {
						if step == "rename back" && name == "folder" && !after && renames.Add(-1) >= 0 {
							return errFault // so that there is a name to take back
						}
						if name == step && after == done && left.Add(-1) >= 0 {
							reached.Store(step, true)
							return errFault
						}
						return nil
					}
					dir := t.TempDir()
					l, err := Open(dir, o)
					require.NoError(t, err)
					if step == "reserve" { // else the reserve is there
						require.NoError(t, os.Remove(filepath.Join(dir, reserveName)))
					}
					left.Store(times)
					renames.Store(1)
					stored := map[string]uint64{}
					add := func(n int) error {
						e := read(n)
						err := l.Append(t.Context(), e)
						if err == nil {
							stored[e.RequestID] = e.Number
						}
						return err
					}
					failed := 0
					for n := range 60 {
						if err := add(n); err != nil {
							require.ErrorIs(t, err, errFault)
							failed++
							same(t, killed(t, l), stored)
						}
						if step == "reserve" && n == 10 {
							_ = os.Remove(filepath.Join(dir, reserveName))
						}
					}
					if step != "index" {
						require.Positive(t, failed)
					}
					require.LessOrEqual(t, failed, int(times)+1)
					same(t, killed(t, l), stored)
					require.NoError(t, l.Close())
					same(t, dir, stored)
				})
			}
		}
	}
	steps := 0
	reached.Range(func(any, any) bool { steps++; return true })
	require.Equal(t, 7, steps)
}

// killed is a copy of the folder of a log as a killed process leaves it.
func killed(t *testing.T, l *Log) string {
	l.sealing.Wait()
	copied := t.TempDir()
	require.NoError(t, os.CopyFS(copied, os.DirFS(l.dir)))
	return copied
}

// same wants that a log has what was acknowledged under its numbers, and takes more.
func same(t *testing.T, dir string, stored map[string]uint64) {
	t.Helper()
	l, err := Open(dir, Options{SegmentSize: 1 << 10})
	require.NoError(t, err)
	found := map[string]uint64{}
	require.NoError(t, l.Read(1, func(e *Event) error { found[e.RequestID] = e.Number; return nil }))
	require.Equal(t, stored, found)
	_, err = l.Verify(t.Context(), nil)
	require.NoError(t, err)
	require.NoError(t, l.Append(t.Context(), read(1000)))
	require.Equal(t, uint64(len(stored)+1), l.Head())
	require.NoError(t, l.Close())
}

// TestReadersMeanwhile reads, searches, copies and restores a log that is written,
// rolled and shortened all the time: each of them has every event from its first
// one up to what was durable when it began, once.
func TestReadersMeanwhile(t *testing.T) {
	l, err := Open(t.TempDir(), Options{SegmentSize: 1 << 10})
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	for w := range 4 {
		wait.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if err := l.Append(context.Background(), read(w*1_000_000+n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Go(func() {
		for ctx.Err() == nil {
			for l.Begin()+400 < l.Head() && ctx.Err() == nil {
				s, next := l.oldest()
				if s == nil {
					break
				}
				if err := errors.Join(l.begin(next), l.drop()); err != nil {
					t.Error(err)
				}
			}
			time.Sleep(time.Millisecond)
		}
	})
	run := func(head uint64, what string, numbers []uint64) {
		t.Helper()
		for i, n := range numbers {
			require.Equal(t, numbers[0]+uint64(i), n, what)
		}
		if head > 0 {
			require.NotEmpty(t, numbers, what)
			require.GreaterOrEqual(t, numbers[len(numbers)-1], head, what)
		}
	}
	for round := 0; round < 12 || l.Begin() == 1; round++ { // until some were dropped
		head, numbers := l.Head(), []uint64(nil)
		require.NoError(t, l.Records(1, func(n uint64, _ []byte) error { numbers = append(numbers, n); return nil }))
		run(head, "records", numbers)

		head, numbers = l.Head(), nil
		require.NoError(t, l.Find(t.Context(), Query{}, func(h *Hit) (bool, error) { numbers = append(numbers, h.Number); _, err := h.Event(); return true, err }))
		run(head, "find", numbers)

		head = l.Head()
		lines := &strings.Builder{}
		require.NoError(t, Records{Log: l}.Export(t.Context(), lines, Compact, time.Time{}, time.Time{}))
		require.GreaterOrEqual(t, uint64(strings.Count(lines.String(), "\n")), min(head, 300))

		head, numbers = l.Head(), nil
		dir := t.TempDir()
		r, err := Restore(dir, Options{})
		require.NoError(t, err)
		copied, err := l.Copy(0, r.File)
		require.NoError(t, err)
		require.NoError(t, r.Close())
		require.GreaterOrEqual(t, copied, head)
		restored, err := Open(dir, Options{SegmentSize: 1 << 10})
		require.NoError(t, err)
		require.NoError(t, restored.Records(1, func(n uint64, _ []byte) error { numbers = append(numbers, n); return nil }))
		run(head, "copy", numbers)
		if head > 0 {
			require.Equal(t, copied, numbers[len(numbers)-1])
		}
		require.NoError(t, restored.Close())
	}
	cancel()
	wait.Wait()
}
