package profiles

import "regexp"

var (
	dayFirst  = regexp.MustCompile(`^(\d{2})[/.-](\d{2})[/.-](\d{4})$`)
	dayInTime = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2})[T ]`)
	zoneless  = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2}(?:\.\d+)?)?(Z|[+-]\d{2}:\d{2})?$`)
)

// likelyDate says how a date that is written otherwise would be written; "" where
// nothing is likely.
func likelyDate(text string) string {
	if m := dayFirst.FindStringSubmatch(text); m != nil {
		if day := m[3] + "-" + m[2] + "-" + m[1]; date(day).expected == "" {
			return "Write " + day + " if the day stands first."
		}
	}
	if m := dayInTime.FindStringSubmatch(text); m != nil && date(m[1]).expected == "" {
		return "Write " + m[1] + ": a date has no time."
	}
	return ""
}

// likelyTime does the same for a date and time, of which mostly the seconds, the
// T or the offset are missing.
func likelyTime(text string) string {
	m := zoneless.FindStringSubmatch(text)
	if m == nil {
		return likelyDate(text)
	}
	seconds := firstOf(m[3], ":00")
	zone := firstOf(m[4], "Z")
	at := m[1] + "T" + m[2] + seconds + zone
	if rest, ok := calendar(at); !ok || !clockAndZone(at, rest) || realDay(at).expected != "" {
		return ""
	}
	if m[4] == "" {
		return "Write " + at + " if it is UTC, and the offset such as +01:00 for Z if not."
	}
	return "Write " + at + "."
}
