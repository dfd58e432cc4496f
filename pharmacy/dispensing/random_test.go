package dispensing

import (
	"errors"
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
)

// TestRandomLives leads prescriptions through random events and holds every
// state to what must always be true. PESTLE_LIVES makes it longer.
func TestRandomLives(t *testing.T) {
	lives := 30
	if n, err := strconv.Atoi(os.Getenv("PESTLE_LIVES")); err == nil {
		lives = n
	}
	for seed := range lives {
		life(t, int64(seed))
	}
}

func life(t *testing.T, seed int64) {
	r := rand.New(rand.NewSource(seed))
	st := &stage{world: newWorld(t, today, Options{}), scripts: map[int]epstest.Script{}}
	opts := map[string]string{}
	if r.Intn(2) == 0 {
		opts["repeats"] = "2"
	}
	if r.Intn(3) == 0 {
		opts["nominee"] = "none"
	}
	st.write(1, opts, []string{"Paracetamol,100", "Amoxicillin,21", "Morphine,28" + []string{"", ",CD2,twenty eight"}[epstest.Btoi(opts["repeats"] == "")*r.Intn(2)]})
	st.sendAs([]string{"order", "single", "batch"}[r.Intn(3)], 1)
	var trace []string
	for range 25 {
		cmd, rest := randomAct(r)
		trace = append(trace, fmt.Sprint(cmd, rest))
		_, err := st.act(cmd, 1, nil, rest)
		var known *fhir.Error
		if err != nil {
			require.ErrorAs(t, err, &known, "seed %d: %v", seed, trace)
			require.NotEmpty(t, known.Issues[0].Rule, "seed %d: %v: %v", seed, trace, err)
			require.False(t, errors.Is(err, fhir.E("", fhir.Exception, fhir.Issue{})))
		}
		st.settle()
		checkLife(t, st, fmt.Sprintf("seed %d: %v", seed, trace))
	}
}

func randomAct(r *rand.Rand) (string, []string) {
	item := strconv.Itoa(r.Intn(3))
	amounts := []string{"1", "7", "14", "28", "60", "100"}
	switch n := r.Intn(12); n {
	case 0, 1:
		return "release", []string{"1"}
	case 2:
		return "accept", []string{"1"}
	case 3:
		return "dispense", []string{"1"}
	case 4, 5:
		return "dispense", []string{"1", item + ":" + []string{"0001", "0003:" + amounts[r.Intn(6)], "0004", "0002:0001"}[r.Intn(4)]}
	case 6:
		return "return", []string{"1"}
	case 7, 8:
		return "withdraw", []string{"1"}
	case 9:
		return "cancel", []string{"1", item}
	case 10:
		return "notify", []string{"1", item + ":" + []string{"0001", "0003"}[r.Intn(2)] + ":" + amounts[r.Intn(6)] + ":0003"}
	}
	return "notify", []string{"1", "amend", item + ":0003:1:0003"}
}

// checkLife holds every issue to the invariants of a prescription.
func checkLife(t *testing.T, st *stage, trace string) {
	t.Helper()
	s := st.scripts[1]
	last := st.execution(s.Order)
	for issue := 1; issue <= last.Issue; issue++ {
		v, err := st.db.State(st.ctx).Current("Task", TaskID(s.Order, issue))
		require.NoError(t, err)
		x, err := readTask(st.db.State(st.ctx), v)
		require.NoError(t, err)
		require.Contains(t, prescription.States, x.State, trace)
		require.Equal(t, issue == last.Issue || x.State == prescription.Dispensed || x.State == prescription.NoneDispensed, true, "an issue before the last is open: %s", trace)
		if x.State == prescription.Dispensed || x.State == prescription.NoneDispensed {
			require.Equal(t, x.Settle(), x.State, trace)
		}
		require.Equal(t, x.State.WithDispenser(), x.State.WithDispenser() && x.Owner.ID != "" && x.release.id != "", trace)
		for i := range x.Lines {
			l := &x.Lines[i]
			switch l.Status {
			case prescription.ToBeDispensed:
				require.True(t, x.State.Open(), "%s waits in %s: %s", l.Item, x.State, trace)
			case prescription.FullyDispensed, prescription.PartDispensed:
				require.True(t, l.Supplied.Value.IsPositive(), trace)
			}
			if issue == last.Issue {
				require.Equal(t, x.OrderStatus(l), x.orderFor(l).Resource.Get("status").Text(), "order of line %d: %s", i, trace)
			}
		}
		stands := 0
		for range x.supplies {
			stands++
		}
		require.Equal(t, x.State == prescription.Active || x.State == prescription.PendingCancellationActive || x.State == prescription.Dispensed || x.State == prescription.NoneDispensed, stands > 0, "%s with %d notifications: %s", x.State, stands, trace)
	}
}
