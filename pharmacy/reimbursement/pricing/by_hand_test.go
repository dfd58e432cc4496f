package pricing

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

// TestByHand prices lines whose sums were worked out by hand, as the comments of the
// file show: each as a prescription of its own. Nothing of it is written by a flag.
func TestByHand(t *testing.T) {
	text, err := os.ReadFile("testdata/by-hand.txt")
	require.NoError(t, err)
	b := book(t, &txtar.Archive{})
	lines, state := 0, map[string]string{}
	for l := range strings.Lines(string(text)) {
		l = strings.TrimSpace(l)
		word, _, _ := strings.Cut(l, " ")
		switch word {
		case "day", "exemption":
			state[word] = l
		case "line":
			lines++
			rx, want, ok := strings.Cut(l, " => ")
			require.True(t, ok, l)
			a := Assess(prescription(t, state["day"]+"\n"+state["exemption"]+"\n"+rx), b)
			group := a.Lines[0].Group
			if group == "" {
				group = "-"
			}
			require.Equal(t, want, plain(a.Payable())+" "+group, "%s: %+v", rx, a.Lines[0].Notes)
		}
	}
	require.GreaterOrEqual(t, lines, 40)
}
