package alerts

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

// TestEachRule: every built-in rule is raised by what its lines say, and by nothing else of
// them; each case begins with an empty database.
func TestEachRule(t *testing.T) {
	file, err := txtar.ParseFile("testdata/rules.txtar")
	require.NoError(t, err)
	rules, err := Builtin()
	require.NoError(t, err)
	tested := map[string]map[string]bool{}
	for _, f := range file.Files {
		at := noon
		tested[f.Name] = map[string]bool{}
		for i, line := range strings.Split(strings.TrimSpace(string(f.Data)), "\n") {
			verb, rest, _ := strings.Cut(line, " ")
			if verb == "at" {
				at, err = time.Parse(time.RFC3339, rest)
				require.NoError(t, err, line)
				continue
			}
			tested[f.Name][verb] = true
			t.Run(fmt.Sprintf("%s/%d", f.Name, i), func(t *testing.T) {
				var rule Rules
				for _, r := range rules {
					if r.ID == f.Name {
						rule = append(rule, r)
					}
				}
				require.NotEmpty(t, rule, "there is such a rule")
				w := newWorld(t, rule, at)
				given(t, w, rest)
				require.NoError(t, w.desk.Judge(w.ctx))
				list, err := w.desk.Open(w.ctx, false)
				require.NoError(t, err)
				if verb == "quiet" {
					assert.Empty(t, list)
					return
				}
				require.Len(t, list, 1)
				a := list[0]
				assert.Equal(t, []any{f.Name, Raised, rule[0].Title}, []any{a.Rule, a.State, a.Title})
				w.valid("Task/" + a.ID)
				text := a.Text("https://pharmacy.example")
				for _, secret := range []string{"secret", "patient.", "dispensing"} {
					assert.NotContains(t, text, secret, "nothing of what was found is told")
				}
			})
		}
	}
	for _, r := range rules {
		assert.True(t, tested[r.ID]["raise"] && tested[r.ID]["quiet"], "%s has a case that raises it and one that does not", r.ID)
	}
}

// given stores a resource, or sets the figure and lets time pass.
func given(t *testing.T, w *world, what string) {
	t.Helper()
	said, isFigure := strings.CutPrefix(what, "figure ")
	if !isFigure {
		w.put(what)
		return
	}
	value, wait, _ := strings.Cut(said, " for ")
	number, err := strconv.ParseFloat(value, 64)
	require.NoError(t, err)
	w.figure = number
	if wait == "" {
		return
	}
	minutes, err := strconv.Atoi(strings.TrimSuffix(wait, " minutes"))
	require.NoError(t, err)
	require.NoError(t, w.desk.Judge(w.ctx))
	w.now = w.now.Add(time.Duration(minutes) * time.Minute)
}

// TestReadRules: every mistake is named by its line.
func TestReadRules(t *testing.T) {
	const good = "2026-01-01\tslow\tfigure\tpestle_x\t>5\t10\trule\twarning\t1-5\tIt is slow\tMake it fast.\t/metrics\n"
	const found = "2026-01-01\tslow\tsearch\tTask?status=failed&authored-on=lt{now-90m}\t>5\t10\tresource\tcritical\t*\tIt is slow\tMake it fast.\t{search}\n"
	for _, text := range []string{good, found, "# note\n\n" + good} {
		_, err := ReadRules(text)
		require.NoError(t, err)
	}
	for _, c := range [][3]string{
		{good, "2026-01-01", "soon"}, {good, "slow\tf", "Slow!\tf"}, {good, "figure", "feeling"}, {good, ">5", "5"}, {good, ">5", ">"}, {good, ">5", "=5"}, {good, "\t10\t", "\t-1\t"}, {good, "\t10\t", "\t1441\t"},
		{good, "\trule\t", "\tresource\t"}, {good, "warning", "red"}, {good, "1-5", "5-1"}, {good, "1-5", "0"}, {good, "1-5", "32"}, {good, "It is slow", ""}, {good, "Make it fast.", ""}, {good, "/metrics", "https://elsewhere.example"}, {good, "/metrics", "{search}"}, {good, "\t/metrics", ""},
		{found, "Task?", "Chore?"}, {found, "status=failed", "colour=red"}, {found, "{now-90m}", "{yesterday}"}, {found, "Task?", "Task"}, {found, ">5", "<5"},
	} {
		_, err := ReadRules(strings.Replace(c[0], c[1], c[2], 1))
		assert.ErrorContains(t, err, "line 1: ", "%q for %q", c[2], c[1])
	}
	_, err := ReadRules(good + good)
	require.ErrorContains(t, err, "line 2: ")
	_, err = ReadRules("# nothing\n")
	require.Error(t, err)
	list, err := ReadRules(good + strings.Replace(strings.Replace(good, "2026-01-01", "2026-12-01", 1), ">5", ">7", 1))
	require.NoError(t, err)
	for day, limit := range map[string]float64{"2025-12-31": 0, "2026-11-30": 5, "2026-12-01": 7} {
		in := list.InForce(date(day))
		if limit == 0 {
			assert.Empty(t, in)
			continue
		}
		require.Len(t, in, 1)
		assert.Equal(t, limit, in[0].Limit, day)
	}
}

// FuzzReadRules: what is read can be asked at any time.
func FuzzReadRules(f *testing.F) {
	f.Add(alertsTSV)
	f.Add("2026-01-01\ta\tsearch\tTask?x={now-1m}\t>0\t0\trule\twarning\t*\ta\tb\t-\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := ReadRules(text)
		if err != nil {
			return
		}
		for _, r := range list {
			if r.Kind == "search" {
				_, _, err := r.Query(noon)
				require.NoError(t, err)
			}
		}
	})
}

// FuzzReadReceivers: nothing that is read has an address in its error.
func FuzzReadReceivers(f *testing.F) {
	f.Add("ops\tslack\thttps://hooks.example/SECRET\t-\t*\talways\n")
	f.Fuzz(func(t *testing.T, text string) {
		_, err := ReadReceivers(text, nil)
		if err != nil && strings.Contains(text, "/SECRET") && strings.HasPrefix(text, "ops\tslack\t") {
			require.NotContains(t, err.Error(), "/SECRET")
		}
	})
}
