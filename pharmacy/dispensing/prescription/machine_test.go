package prescription

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var all7 = []Event{Accept, Dispense, Amend, Return, Withdraw, Cancel, Expire}

// TestMachine writes the state machine out in full: what every event does in
// every state.
func TestMachine(t *testing.T) {
	var b strings.Builder
	for _, from := range States {
		fmt.Fprintf(&b, "%s\n", from)
		for _, by := range all7 {
			id, to := Moves(from, by)
			if id == "" {
				fmt.Fprintf(&b, "  %-8s refused %s\n", by, Forbidden(from, by, "Task").Rule)
				continue
			}
			names := make([]string, len(to))
			for i := range to {
				names[i] = to[i].String()
				require.True(t, MayBecome(from, to[i]))
				require.True(t, Allowed(from, by, to[i]))
			}
			fmt.Fprintf(&b, "  %-8s %s -> %s\n", by, id, strings.Join(names, " | "))
		}
	}
	golden := filepath.Join("testdata", "machine.txt")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String())
}

func TestMachineIsSound(t *testing.T) {
	ids, rows := map[string]bool{}, map[string]bool{}
	reached := map[State]bool{Nominated: true, Waiting: true}
	for _, m := range machine {
		require.False(t, ids[m.id], "%s twice", m.id)
		row := m.from.String() + string(m.by)
		require.False(t, rows[row], "two rows for %s", row)
		ids[m.id], rows[row] = true, true
		require.NotEmpty(t, m.to)
		for _, to := range m.to {
			reached[to] = true
		}
	}
	require.Len(t, reached, len(States), "a state is not reached")
	require.False(t, MayBecome(Cancelled, Accepted))
	require.False(t, MayBecome(Expired, Accepted))
}

func TestLineMoves(t *testing.T) {
	for _, from := range []LineStatus{FullyDispensed, NotDispensed, LineCancelled, ToBeDispensed} {
		require.NotNil(t, moveLine(from, FullyDispensed, "x"), from)
	}
	for _, from := range []LineStatus{WithDispenser, Owing, PartDispensed} {
		for _, to := range []LineStatus{FullyDispensed, NotDispensed, PartDispensed, Owing} {
			require.Nil(t, moveLine(from, to, "x"), "%s to %s", from, to)
		}
	}
}
