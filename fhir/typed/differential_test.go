package typed

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/oracle"
	"github.com/pestle-fhir/pestle/profiles"
)

// uncheckedByGoogle says, for the rules of package profiles, why google/fhir
// v0.7.4 accepts what breaks them.
var uncheckedByGoogle = map[string]string{
	"invariant":        "it evaluates no invariants",
	"empty-string":     "it accepts empty strings",
	"empty-array":      "it accepts empty arrays",
	"json-type":        "it takes an object in the place of a primitive for its extensions",
	"format":           "it holds uris to net/url, which accepts blanks, and checks no urn:oid and urn:uuid",
	"code":             "it checks codes of enums only, not those in Coding and code",
	"system":           "it does not look at Coding.system",
	"canonical":        "it does not look at canonical URLs",
	"full-url":         "it does not look at Bundles as a whole",
	"bundle-reference": "it does not look at Bundles as a whole",
	"extension-url":    "it does not know extensions",
	"extension-part":   "it does not know extensions",
	"identifier-uri":   "it does not look at Identifier.value",
	"expression":       "it does not compile expressions",
	"measure-library":  "it checks nothing across elements",
	"enable-when":      "it checks nothing across elements",
	"reference":        "it does not look at the form of references",
	"element-id":       "it does not look at the ids of elements",
}

// wrongInGoogle are the errors of google/fhir v0.7.4 that R4 gives no reason for.
var wrongInGoogle = []struct {
	message *regexp.Regexp
	reason  string
}{
	{regexp.MustCompile(`\.parameter\[\d+\](\.part\[\d+\])*\.resource": unknown field$`), "Parameters.parameter.resource cannot be read"},
	{regexp.MustCompile(`": invalid (uri|url|canonical)$`), "uris are held to net/url, which refuses a colon in the first segment"},
	{regexp.MustCompile(`": invalid code format$`), "a code with only an extension is refused"},
	{regexp.MustCompile(`": expected \w+$`), "null in arrays of primitives, and leap seconds, are refused"},
}

var invariantKey = regexp.MustCompile(`^[a-z]{3,4}-\d+[a-z]*$`)

// TestOracleGoogle holds the judgement of package profiles on all examples and
// some thousands of variants of them against that of google/fhir: they agree, or the
// disagreement has a reason.
func TestOracleGoogle(t *testing.T) {
	u, _ := codec()
	v := profiles.New()
	passed, total := 0, 0
	reasons := map[string]int{}
	var misses []string
	for _, e := range examples(t) {
		for i, json := range append([]string{string(e.resource.JSON())}, mutants(e.resource)...) {
			r, err := fhir.Parse([]byte(json))
			if err != nil {
				continue
			}
			total++
			ours := slices.DeleteFunc(v.Validate(t.Context(), r), func(i fhir.Issue) bool { return !i.IsError() })
			_, theirs := u.Unmarshal([]byte(json))
			reason := explain(ours, theirs)
			if reason != "" {
				passed++
				reasons[reason]++
				continue
			}
			name := fmt.Sprintf("%s #%d", e.name, i)
			misses = append(misses, name)
			t.Logf("%s: ours %v, theirs %v", name, ours, theirs)
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		t.Logf("%6d %s", reasons[reason], reason)
	}
	oracle.Report(t, "google-differential", passed, total, misses)
}

// explain gives the reason of a disagreement, "agreed" when there is none, ""
// when none is known.
func explain(ours []fhir.Issue, theirs error) string {
	switch {
	case (len(ours) == 0) == (theirs == nil):
		return "agreed"
	case theirs == nil:
		reason := ""
		for _, i := range ours {
			rule := i.Rule
			if invariantKey.MatchString(rule) {
				rule = "invariant"
			}
			switch reason = uncheckedByGoogle[rule]; {
			case rule == "json-type" && i.Found != "an object":
				return ""
			case reason != "":
			case i.Code == fhir.Structure || i.Code == fhir.Required || i.Code == fhir.ValueCode:
				return "" // what makes a message should be seen by both
			default:
				reason = "it has no such rule"
			}
		}
		return "google accepts: " + reason
	}
	reason := ""
	for line := range strings.Lines(theirs.Error()) {
		at := slices.IndexFunc(wrongInGoogle, func(w struct {
			message *regexp.Regexp
			reason  string
		}) bool {
			return w.message.MatchString(strings.TrimSpace(line))
		})
		if at < 0 {
			return ""
		}
		reason = wrongInGoogle[at].reason
	}
	return "google refuses: " + reason
}
