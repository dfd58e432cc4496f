package file

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/log"
)

// TestMain serves as the child of TestKill too.
func TestMain(m *testing.M) {
	if dir := os.Getenv("PESTLE_LOG_DIR"); dir != "" {
		victim(dir)
	}
	os.Exit(m.Run())
}

// victim appends until it is killed, and prints what was acknowledged.
func victim(dir string) {
	l, err := Open(dir, Options{Segment: 4000})
	if err != nil {
		panic(err)
	}
	place, err := l.Last(context.Background())
	for ; err == nil; place++ {
		if err = l.Append(context.Background(), place, record(place+1)); err == nil {
			fmt.Println(place + 1)
		}
		if place%100 == 99 {
			_ = l.Trim(place, 8000, 16000)
		}
	}
	panic(err)
}

// TestKill kills a process that appends, again and again: after each kill all that was
// acknowledged is there, at most one record more, and the log goes on.
func TestKill(t *testing.T) {
	kills := 10
	if os.Getenv("PESTLE_LONG") != "" {
		kills = 300
	}
	dir, self := t.TempDir(), os.Args[0]
	rnd := rand.New(rand.NewPCG(7, 7))
	acknowledged := log.Place(0)
	for range kills {
		child := exec.Command(self)
		child.Env = append(os.Environ(), "PESTLE_LOG_DIR="+dir)
		out, err := child.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, child.Start())
		lines, later := bufio.NewScanner(out), rnd.IntN(200)
		for n := 0; lines.Scan(); n++ {
			if n == later {
				require.NoError(t, child.Process.Kill())
			}
			_, _ = fmt.Sscan(lines.Text(), &acknowledged)
		}
		require.Error(t, child.Wait(), "killed")
		l := opened(t, dir, Options{Segment: 4000})
		e := l.Extent()
		require.GreaterOrEqual(t, e.Last, acknowledged)
		require.LessOrEqual(t, e.Last, acknowledged+1)
		_, err = all(t, l, e.First-1)
		require.NoError(t, err)
		require.NoError(t, l.Close())
	}
	require.NotZero(t, acknowledged)
}
