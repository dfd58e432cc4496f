// Package logtest is the suite that every log must pass, and a log that fails.
package logtest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/log"
)

// Test runs the suite on logs that open makes, each of them empty.
func Test(t *testing.T, open func(*testing.T) log.Log) {
	t.Run("append", func(t *testing.T) {
		l := open(t)
		last(t, l, 0)
		record := []byte("one")
		require.NoError(t, l.Append(t.Context(), 0, record))
		record[0] = 'x' // it is the caller's
		require.NoError(t, l.Append(t.Context(), 1, []byte("two")))
		require.NoError(t, l.Append(t.Context(), 2, []byte{}))
		last(t, l, 3)
		for place, want := range []string{"one", "two", ""} {
			got, err := l.Next(t.Context(), log.Place(place))
			require.NoError(t, err)
			require.Equal(t, want, string(got))
		}
	})
	t.Run("overtaken", func(t *testing.T) {
		l := open(t)
		require.NoError(t, l.Append(t.Context(), 0, []byte("one")))
		require.ErrorIs(t, l.Append(t.Context(), 0, []byte("other")), log.ErrOvertaken)
		require.ErrorIs(t, l.Append(t.Context(), 0, []byte("one")), log.ErrOvertaken, "also where it is the same")
		err := l.Append(t.Context(), 5, []byte("gap"))
		require.Error(t, err)
		require.NotErrorIs(t, err, log.ErrOvertaken)
		last(t, l, 1)
	})
	t.Run("one for each place", func(t *testing.T) {
		l := open(t)
		var group sync.WaitGroup
		var won atomic.Int64
		for n := range 8 {
			group.Go(func() {
				for place := range log.Place(50) {
					if l.Append(t.Context(), place, fmt.Appendf(nil, "%d-%d", n, place)) == nil {
						won.Add(1)
					}
					_, err := l.Next(t.Context(), place)
					require.NoError(t, err)
				}
			})
		}
		group.Wait()
		require.EqualValues(t, 50, won.Load())
		last(t, l, 50)
	})
	t.Run("next waits", func(t *testing.T) {
		l := open(t)
		short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err := l.Next(short, 0)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		got := make(chan string)
		go func() {
			record, err := l.Next(t.Context(), 1)
			got <- fmt.Sprint(string(record), err)
		}()
		require.NoError(t, l.Append(t.Context(), 0, []byte("one")))
		require.NoError(t, l.Append(t.Context(), 1, []byte("two")))
		require.Equal(t, "two<nil>", <-got)
	})
}

func last(t *testing.T, l log.Log, want log.Place) {
	t.Helper()
	got, err := l.Last(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, got)
}
