package nhs

import (
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// Mitigated reports whether it is recorded what was done about a DetectedIssue as it
// tells now: by a mitigation that is not older than the identification of the issue,
// which is dated anew when it tells something else.
func Mitigated(issue fhir.Node) bool {
	last := LastMitigation(issue)
	return !last.IsZero() && !last.Before(instant(issue.Get("identifiedDateTime")))
}

// LastMitigation is when something was done about a DetectedIssue last; the zero time
// for never.
func LastMitigation(issue fhir.Node) (last time.Time) {
	for m := range issue.Get("mitigation").Items() {
		if at := instant(m.Get("date")); at.After(last) {
			last = at
		}
	}
	return last
}

func instant(n fhir.Node) time.Time {
	t, _ := time.Parse(time.RFC3339, n.Text())
	return t
}
