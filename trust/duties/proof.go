package duties

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

//go:embed proof.tsv
var proofTSV string

// proofOf are the levels of proof.tsv by schedule.
var proofOf = func() map[string]int {
	levels := map[string]int{}
	for line := range strings.Lines(proofTSV) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if strings.HasPrefix(line, "#") || len(f) != 3 || f[2] == "" {
			continue
		}
		level, err := strconv.Atoi(f[1])
		if err != nil {
			level = mostLevel
		}
		levels[f[0]] = level
	}
	return levels
}()

// skew is how far the clock of who verified the person may be ahead.
const skew = time.Minute

// Fresh refuses an act on medicines of some schedules by a person who proved too long
// ago who they are, or not strongly enough, or of whom that is not known, where the
// operator asks for that ([Table.Proof]). Programs that act for themselves prove it with
// each token.
func (t *Table) Fresh(schedules []string, who fhir.Principal, now time.Time) error {
	if t.Proof <= 0 || !who.Person {
		return nil
	}
	level := 0
	for _, s := range schedules {
		level = max(level, proofOf[s[:min(3, len(s))]])
	}
	if level == 0 {
		return nil
	}
	age := now.Sub(who.Verified)
	if !who.Verified.IsZero() && age <= t.Proof && age >= -skew {
		return t.strong(level, who)
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

// strong refuses a person who proved who they are by less than a level.
func (t *Table) strong(level int, who fhir.Principal) error {
	if who.Strength >= level {
		return nil
	}
	found := "nobody knows how: the token has no acr or amr that the server knows"
	if who.Strength > 0 {
		found = "level " + strconv.Itoa(who.Strength)
	}
	e := fhir.E("proof", fhir.Login, fhir.Issue{Rule: "strong-proof", Message: "For what is done with a controlled drug the person must have proved strongly who they are.",
		Expected: "authenticator assurance level " + strconv.Itoa(level) + " of NIST SP 800-63B at least", Found: found,
		Fix: "Send the person to the authorization endpoint with acr_values, and repeat the request with the new token (RFC 9470); for another provider's values of acr: serve --acr-level."})
	old := &fhir.ProofTooOld{MaxAge: t.Proof}
	if t.Strengths != nil {
		old.ACR = t.Strengths.ACR(level)
	}
	e.Err = old
	return e
}
