package messages

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"time"
)

//go:embed retention.tsv
var retentionTSV string

// Retention says how long bodies and entries are kept.
type Retention []retained

type retained struct {
	from     time.Time
	body     bool // else the entry
	accepted bool
	days     int
}

// BuiltinRetention is that of the server.
func BuiltinRetention() (Retention, error) { return ReadRetention(retentionTSV) }

// ReadRetention reads a table, and says everything that is wrong with it by its lines.
func ReadRetention(tsv string) (list Retention, err error) {
	var wrong []string
	n := 0
	for line := range strings.Lines(tsv) {
		n++
		if line = strings.TrimRight(line, "\r\n"); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != 5 {
			wrong = append(wrong, fmt.Sprintf("line %d: expected 5 columns with tabs between, found %d", n, len(cells)))
			continue
		}
		from, bad := time.Parse(time.DateOnly, cells[0])
		days, other := strconv.Atoi(cells[3])
		switch {
		case bad != nil:
			wrong = append(wrong, fmt.Sprintf("line %d: %q is not a day such as 2026-01-01", n, cells[0]))
		case cells[1] != "body" && cells[1] != "entry":
			wrong = append(wrong, fmt.Sprintf("line %d: %q is not body or entry", n, cells[1]))
		case cells[2] != "accepted" && cells[2] != "refused":
			wrong = append(wrong, fmt.Sprintf("line %d: %q is not accepted or refused", n, cells[2]))
		case other != nil || days < 0 || days > 3650:
			wrong = append(wrong, fmt.Sprintf("line %d: %q is not a number of days from 0 to 3650", n, cells[3]))
		}
		list = append(list, retained{from, cells[1] == "body", cells[2] == "accepted", days})
	}
	for _, want := range []string{"body accepted", "body refused", "entry accepted", "entry refused"} {
		what, outcome, _ := strings.Cut(want, " ")
		found := false
		for _, r := range list {
			found = found || r.body == (what == "body") && r.accepted == (outcome == "accepted")
		}
		if !found {
			wrong = append(wrong, "there is no line for "+want)
		}
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("retention of messages: %s", strings.Join(wrong, "; "))
	}
	return list, nil
}

// until is when a body or an entry of a message is to go, by the table as of now.
func (r Retention) until(m *Message, body bool, now time.Time) time.Time {
	var best retained
	for _, row := range r {
		if row.body == body && row.accepted == m.Accepted && !row.from.After(now) && !row.from.Before(best.from) {
			best = row
		}
	}
	return m.Time.AddDate(0, 0, best.days)
}
