package audit_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/trust/audit"
	"github.com/pestle-fhir/pestle/trust/ledger"
)

// killFolder is the variable that makes a process the victim of TestKill.
const killFolder = "PESTLE_AUDIT_KILL_DIR"

// TestVictim is the process that TestKill kills: it records at full speed, signs the
// tree, and prints what was acknowledged.
func TestVictim(t *testing.T) {
	dir := os.Getenv(killFolder)
	if dir == "" {
		t.Skip("for TestKill")
	}
	l, err := audit.Open(dir+"/audit", small)
	require.NoError(t, err)
	go signed(t, dir, l).Run(t.Context())
	var mu sync.Mutex
	out := bufio.NewWriter(os.Stdout)
	for w := range 32 {
		go func() {
			for i := 0; ; i++ {
				e := event(i)
				e.RequestID = fmt.Sprintf("%d-%d-%d", os.Getpid(), w, i)
				if err := l.Append(context.Background(), e); err != nil {
					panic(err)
				}
				mu.Lock()
				fmt.Fprintf(out, "took %d %s.\n", e.Number, e.RequestID)
				_ = out.Flush()
				mu.Unlock()
			}
		}()
	}
	select {}
}

// signed is the log of a folder, signed; it fails where the log does not hold what
// was signed before.
func signed(t *testing.T, dir string, l *audit.Log) *ledger.Notary {
	key, err := ledger.LoadKey(dir+"/key", "pestle.example/log")
	require.NoError(t, err)
	lock, err := ledger.OpenLock(dir + "/lock")
	require.NoError(t, err)
	n := ledger.NewNotary("the audit log", l.Tree())
	require.NoError(t, n.Sign(key, lock, slog.New(slog.DiscardHandler)))
	return n
}

// TestKill kills a process that records at full speed, over rolls of its segments,
// again and again. Each time all that was acknowledged is there under its number,
// the tree is that of the events, and it continues what was signed.
func TestKill(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("PESTLE_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
		seed = n
	}
	t.Logf("PESTLE_SEED=%d repeats it", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	kills := 4
	if os.Getenv("PESTLE_LONG") != "" {
		kills = 200
	}
	dir, acknowledged := t.TempDir(), map[uint64]string{}
	for range kills {
		child := exec.Command(os.Args[0], "-test.run=^TestVictim$", "-test.v")
		child.Env = append(os.Environ(), killFolder+"="+dir)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, child.Start())
		later, n := rnd.IntN(1000), 0
		for s := bufio.NewScanner(out); s.Scan(); n++ {
			if n == later {
				require.NoError(t, child.Process.Kill())
			}
			if f := strings.Fields(s.Text()); len(f) == 3 && f[0] == "took" && strings.HasSuffix(f[2], ".") { // a line that was cut off is no acknowledgement
				number, err := strconv.ParseUint(f[1], 10, 64)
				require.NoError(t, err)
				require.NotContains(t, acknowledged, number)
				acknowledged[number] = strings.TrimSuffix(f[2], ".")
			}
		}
		require.ErrorContains(t, child.Wait(), "killed")

		l, err := audit.Open(dir+"/audit", small)
		require.NoError(t, err)
		_, err = l.Verify(t.Context(), nil)
		require.NoError(t, err)
		found := map[uint64]string{}
		for _, e := range all(t, l) {
			found[e.Number] = e.RequestID
		}
		for number, id := range acknowledged {
			require.Equal(t, id, found[number], "event %d is lost", number)
		}
		e, _, err := l.Tree().Committed()
		require.NoError(t, err)
		require.Equal(t, l.Head(), e.Size())
		require.NoError(t, signed(t, dir, l).Close())
		require.NoError(t, l.Close())
	}
	require.NotEmpty(t, acknowledged)
	t.Logf("%d kills, %d acknowledged events in %d segments", kills, len(acknowledged), len(files(t, dir+"/audit")))
}
