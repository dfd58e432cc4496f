//go:build cluster

package cluster

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// faults makes faults under a load, and measures how long no write is acknowledged.
type faults struct {
	t     *testing.T
	l     *load
	times map[string][]time.Duration
}

// fault makes one, waits for the next write that is acknowledged, and has it mended by what f
// returns.
func (x *faults) fault(what string, f func(leader, second, third *machine) func()) {
	t, l, all := x.t, x.l, x.l.all
	var first *machine
	require.Eventually(t, func() bool { first = leader(all); return first != nil }, 30*time.Second, 50*time.Millisecond)
	others := slices.DeleteFunc(slices.Clone(all), func(m *machine) bool { return m == first })
	l.watch()
	_, ok := l.next(30 * time.Second)
	require.True(t, ok, "writes before "+what)
	time.Sleep(time.Second)
	l.watch()
	mend := f(first, others[0], others[1])
	took, ok := l.next(45 * time.Second)
	require.True(t, ok, "no write was acknowledged in 45 s after: "+what)
	x.times[what] = append(x.times[what], took)
	t.Logf("%s: the next write was acknowledged after %s", what, took.Round(10*time.Millisecond))
	mend()
	require.Eventually(t, func() bool {
		return !slices.ContainsFunc(all, func(m *machine) bool { return m.health() == "" })
	}, 60*time.Second, 50*time.Millisecond)
}

// table is the times of each fault: the one in the middle and the longest.
func (x *faults) table() string {
	var table []string
	for what, list := range x.times {
		slices.Sort(list)
		table = append(table, fmt.Sprintf("%s: next write after %s, at most %s", what, list[len(list)/2].Round(10*time.Millisecond), list[len(list)-1].Round(10*time.Millisecond)))
	}
	slices.Sort(table)
	return strings.Join(table, "; ")
}
