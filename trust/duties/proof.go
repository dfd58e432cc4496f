package duties

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

//go:embed proof.tsv
var proofTSV string

// proofOf are the schedules of proof.tsv.
var proofOf = func() (list []string) {
	for line := range strings.Lines(proofTSV) {
		if schedule, source, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok && !strings.HasPrefix(line, "#") && source != "" {
			list = append(list, schedule)
		}
	}
	return list
}()

// skew is how far the clock of who verified the person may be ahead.
const skew = time.Minute

// Fresh refuses an act on medicines of some schedules by a person who proved too long
// ago who they are, or of whom that is not known, where the operator asks for that
// ([Table.Proof]). Programs that act for themselves prove it with each token.
func (t *Table) Fresh(schedules []string, who fhir.Principal, now time.Time) error {
	if t.Proof <= 0 || !who.Person {
		return nil
	}
	i := slices.IndexFunc(schedules, func(s string) bool { return slices.Contains(proofOf, s[:min(3, len(s))]) })
	age := now.Sub(who.Verified)
	if i < 0 || !who.Verified.IsZero() && age <= t.Proof && age >= -skew {
		return nil
	}
	found := "nobody knows when the person proved it: the token has no auth_time"
	if !who.Verified.IsZero() {
		found = who.Verified.UTC().Format(time.RFC3339)
	}
	e := fhir.E("proof", fhir.Login, fhir.Issue{Rule: "fresh-proof", Message: "For what is done with a controlled drug the person must have proved lately who they are.",
		Expected: "at most " + t.Proof.String() + " before " + now.UTC().Format(time.RFC3339), Found: found,
		Fix: fmt.Sprintf("Send the person to the authorization endpoint with max_age=%d, and repeat the request with the new token (RFC 9470).", int(t.Proof.Seconds()))})
	e.Err = &fhir.ProofTooOld{MaxAge: t.Proof}
	return e
}
