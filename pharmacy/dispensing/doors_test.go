package dispensing

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
)

// act is a block of testdata/doors.txt.
type act struct {
	name, rule string // rule is "lawful" for what is accepted
	before     []string
	ways       []string
}

func acts(t *testing.T) (list []*act) {
	text, err := os.ReadFile("testdata/doors.txt")
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch kind, rest, _ := strings.Cut(line, " "); kind {
		case "==":
			at := strings.LastIndex(rest, ": ")
			list = append(list, &act{name: rest[:at], rule: rest[at+2:]})
		case ">":
			list[len(list)-1].before = append(list[len(list)-1].before, rest)
		case "?":
			list[len(list)-1].ways = append(list[len(list)-1].ways, rest)
		case "", "#":
		default:
			t.Fatalf("doors.txt: %q", line)
		}
	}
	return list
}

// TestDoors: what is unlawful is refused for the same rule by every way that it fits,
// and nothing comes of it; what is lawful is accepted by every way.
func TestDoors(t *testing.T) {
	unlawful, lawful, ways := 0, 0, 0
	for _, a := range acts(t) {
		if a.rule == "lawful" {
			lawful++
		} else {
			unlawful++
		}
		for _, way := range a.ways {
			ways++
			t.Run(a.name+"/"+way, func(t *testing.T) {
				st := &stage{world: newWorld(t, today, Options{}), scripts: map[int]epstest.Script{}}
				for _, b := range a.before {
					require.NotContains(t, "\n"+st.do(strings.Fields(b)), "\nfailed ", b)
				}
				before := st.supplied()
				said := st.do(strings.Fields(way))
				if a.rule == "lawful" {
					assert.NotContains(t, said, "refused ")
					assert.NotContains(t, said, "failed ")
					return
				}
				if !strings.Contains(said, "refused=true") { // the answer to a message, with its code
					assert.Regexp(t, "(?m)^refused ("+a.rule+" | "+a.rule+" )", said)
				}
				assert.Equal(t, before, st.supplied(), "something was supplied")
			})
		}
	}
	t.Logf("%d unlawful and %d lawful acts by %d ways", unlawful, lawful, ways)
	require.GreaterOrEqual(t, unlawful, 40)
	require.GreaterOrEqual(t, lawful, 20)
}

// supplied is what the prescriptions of the stage say was supplied, and how many
// records of supplies there are.
func (st *stage) supplied() (all []string) {
	for n, s := range st.scripts {
		if x, err := currentIssue(st.db.State(st.ctx), s.Order); err == nil && x != nil {
			for i := range x.Lines {
				all = append(all, string(rune('0'+n))+" "+x.Lines[i].Supplied.Value.String())
			}
		}
	}
	slices.Sort(all)
	for range st.find("MedicationDispense", "status=completed") {
		all = append(all, "record")
	}
	return all
}
