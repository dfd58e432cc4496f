package console

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write what is expected into testdata")

var london = func() *time.Location {
	l, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err)
	}
	return l
}()

// factsOf reads facts as the table writes them: "milestone=query since=2026-11-21T09:15:00Z".
func factsOf(t *testing.T, line string) (f Facts) {
	t.Helper()
	for _, pair := range strings.Fields(line) {
		name, value, _ := strings.Cut(pair, "=")
		value = strings.ReplaceAll(value, "_", " ")
		at := func() time.Time {
			got, err := time.Parse(time.RFC3339, value)
			require.NoError(t, err)
			return got
		}
		switch name {
		case "milestone":
			f.Milestone = value
		case "since":
			f.Since = at()
		case "last":
			f.Last = value
		case "expected":
			f.Expected = value
		case "courier":
			f.Courier = value
		case "attempts":
			f.Attempts, _ = strconv.Atoi(value)
		case "owed":
			f.Owed = value
		case "due":
			f.Due = value
		case "payer":
			f.Payer = value
		case "page":
			f.Page = value
		case "paid":
			f.Paid = value
		case "refunded":
			f.Refunded = value
		case "moved":
			f.Moved = at()
		case "first":
			f.First = true
		case "unpriced":
			f.Unpriced = true
		case "asked":
			f.Asked = at()
		case "answered":
			f.Answered = true
		case "controlled":
			f.Controlled = true
		case "supplied":
			f.Supplied = true
		default:
			require.Fail(t, "no such fact", name)
		}
	}
	return f
}

// TestAnswer compares the answer line with the table in testdata: below each line of
// facts is what is said of them. -update writes it.
func TestAnswer(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/answers.txtar")
	require.NoError(t, err)
	said := map[string]bool{}
	for i := range archive.Files {
		f := &archive.Files[i]
		now, err := time.Parse(time.RFC3339, f.Name)
		require.NoError(t, err)
		var out strings.Builder
		for _, line := range strings.Split(string(f.Data), "\n") {
			facts, ok := strings.CutPrefix(line, "> ")
			if !ok {
				continue
			}
			read := factsOf(t, facts)
			said[read.Milestone] = true
			answer := Answer(read, now.In(london))
			fmt.Fprintf(&out, "> %s\n  %s\n", facts, answer.Sentence())
		}
		if *update {
			f.Data = []byte(out.String())
			continue
		}
		require.Equal(t, string(f.Data), out.String())
	}
	for _, m := range Milestones() {
		require.True(t, said[m], "the table says nothing of %s", m)
	}
	if *update {
		require.NoError(t, os.WriteFile("testdata/answers.txtar", txtar.Format(archive), 0o600))
	}
}

// TestAnswerIndependently makes 30 cases of every milestone at random, and compares what
// is said with testdata/answers.tsv, which a person can read: a row is a milestone, when
// the row holds, and the sentence with what is known in its place. The first row that
// holds is the answer.
func TestAnswerIndependently(t *testing.T) {
	rows := readRows(t)
	rnd := rand.New(rand.NewPCG(14, 5))
	now := time.Date(2026, 11, 23, 10, 40, 0, 0, london)
	for _, milestone := range Milestones() {
		used := map[string]bool{}
		for range 30 {
			since := now.Add(-time.Duration(rnd.IntN(12*24*60)) * time.Minute)
			f := Facts{Milestone: milestone, Since: since, Courier: []string{"", "DPD 1550 7788", "Van 1"}[rnd.IntN(3)], Attempts: 1 + rnd.IntN(3), Owed: []string{"14 capsule", "28 tablet"}[rnd.IntN(2)],
				Answered: rnd.IntN(2) == 0, Controlled: rnd.IntN(2) == 0, Supplied: rnd.IntN(2) == 0}
			if rnd.IntN(3) > 0 {
				f.Last = now.AddDate(0, 0, rnd.IntN(30)-3).Format(time.DateOnly)
			}
			if rnd.IntN(3) == 0 {
				f.Expected = now.AddDate(0, 0, rnd.IntN(6)-2).Format(time.DateOnly)
			}
			if rnd.IntN(4) == 0 {
				f.Due, f.Asked, f.First, f.Page = "£42.50", since, true, "open"
			}
			answer := Answer(f, now)
			want, row := expected(t, rows, f, now)
			used[row] = true
			require.Equal(t, want, answer.Sentence(), "%+v", f)
		}
		require.NotEmpty(t, used, milestone)
	}
}

func readRows(t *testing.T) (rows [][]string) {
	text, err := os.ReadFile("testdata/answers.tsv")
	require.NoError(t, err)
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		if !strings.HasPrefix(line, "#") {
			cells := strings.Split(line, "\t")
			require.Len(t, cells, 3, line)
			rows = append(rows, cells)
		}
	}
	return rows
}

// expected is the sentence of the first row that holds.
func expected(t *testing.T, rows [][]string, f Facts, now time.Time) (sentence, row string) {
	holds := map[string]bool{"answered": f.Answered, "controlled": f.Controlled, "supplied": f.Supplied, "due": f.First && f.Due != "", "again": f.Attempts > 1, "courier": f.Courier != "", "late": f.Last != "" && f.Last < now.Format(time.DateOnly), "waited": now.Format(time.DateOnly) != f.Since.Format(time.DateOnly)}
	for _, r := range rows {
		if !slices.Contains(strings.Split(r[0], ","), f.Milestone) {
			continue
		}
		fits := true
		for _, c := range strings.Fields(r[1]) {
			if name, not := strings.CutPrefix(c, "!"); holds[name] == not {
				fits = false
			}
		}
		if !fits {
			continue
		}
		limit := ""
		day := func(text string) (time.Time, int) {
			at, err := time.ParseInLocation(time.DateOnly, text, london)
			require.NoError(t, err)
			midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, london)
			return at, int(at.Sub(midnight).Hours()+1) / 24
		}
		if f.Expected != "" {
			at, n := day(f.Expected)
			if at.Before(time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, london)) {
				limit += ", expected " + at.Format("2 Jan") + ", which is over"
			} else {
				limit += ", expected " + map[int]string{0: "today", 1: "tomorrow"}[n]
				if n > 1 {
					limit += at.Format("2 Jan")
				}
			}
		}
		if f.Last != "" && !strings.Contains(r[1], "ended") && !slices.Contains([]string{"delivered", "collected", "not-dispensed", "expired", "cancelled"}, f.Milestone) {
			at, n := day(f.Last)
			sep := ", "
			if limit != "" {
				sep = "; "
			}
			switch {
			case at.Before(time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, london)):
				limit += sep + "the law allowed it until " + at.Format("2 Jan") + ": too late"
			case n == 0:
				limit += sep + "by law today is the last day"
			case n == 1:
				limit += sep + "by law until " + at.Format("2 Jan") + " (1 day)"
			default:
				limit += sep + fmt.Sprintf("by law until %s (%d days)", at.Format("2 Jan"), n)
			}
		}
		waited := int(time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC).Sub(time.Date(f.Since.Year(), f.Since.Month(), f.Since.Day(), 0, 0, 0, 0, time.UTC)).Hours() / 24)
		wait := strconv.Itoa(waited) + " days"
		if waited == 1 {
			wait = "1 day"
		}
		return strings.NewReplacer("{since}", f.Since.Format("2 Jan 15:04"), "{limit}", limit, "{courier}", f.Courier, "{attempts}", strconv.Itoa(f.Attempts), "{owed}", f.Owed, "{due}", f.Due, "{wait}", wait).Replace(r[2]), strings.Join(r, " ")
	}
	require.Fail(t, "no row of the table holds", "%+v", f)
	return "", ""
}
