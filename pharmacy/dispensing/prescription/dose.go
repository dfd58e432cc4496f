package prescription

import (
	_ "embed"
	"regexp"
	"strings"

	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

//go:embed doses.tsv
var dosesTSV string

// noDose are the words that name no dose by themselves, with the day from which
// they are known.
var noDose = func() (list []datedWords) {
	for cells := range rows(dosesTSV, 3) {
		list = append(list, datedWords{nhs.ReadDate(cells[0]), regexp.MustCompile(`(^|[^a-z])` + regexp.QuoteMeta(cells[1]) + `([^a-z]|$)`)})
	}
	return list
}()

type datedWords struct {
	from nhs.Date
	text *regexp.Regexp
}

var (
	// aTime is how long or how often, which is not an amount.
	aTime = regexp.MustCompile(`\b(for|after|within|every|in|over|review(ed)?)\s+(the\s+)?(next\s+)?[a-z0-9-]+\s+(hours?|days?|weeks?|months?)\b`)
	// anAmount is a number, in figures or in words.
	anAmount = regexp.MustCompile(`[0-9½¼¾]|\b(half|quarter|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty|hundred|once|twice)\b`)
)

// DefiniteDose reports whether the text of a dose instruction names a dose: "one as
// directed" does, "as directed by your doctor" does not. Text in which nothing
// says that the dose is left to somebody is taken as it is.
func DefiniteDose(text string, on nhs.Date) bool {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	left := false
	for _, w := range noDose {
		if !on.Before(w.from) && w.text.MatchString(text) {
			text, left = w.text.ReplaceAllString(text, " "), true
		}
	}
	return text != "" && (!left || anAmount.MatchString(aTime.ReplaceAllString(text, " ")))
}
