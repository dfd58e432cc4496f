package prescription

import (
	_ "embed"
	"regexp"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

//go:embed doses.tsv
var dosesTSV string

// doseWords are the rows of doses.tsv: words for one of what is taken ("one"), and those that
// leave a dose to somebody ("open"), with the day from which they are known.
var doseWords = func() (list []datedWords) {
	before := map[string]string{"one": `(a|an|each|per)\s+(\S+\s+){0,3}`}
	for cells := range rows(dosesTSV, 4) {
		list = append(list, datedWords{nhs.ReadDate(cells[0]), cells[1], regexp.MustCompile(`\b` + before[cells[1]] + regexp.QuoteMeta(cells[2]) + `\b`)})
	}
	return list
}()

type datedWords struct {
	from nhs.Date
	kind string
	text *regexp.Regexp
}

// doseSays reports whether a text has words of a kind on a day.
func doseSays(kind, text string, on nhs.Date) bool {
	return slices.ContainsFunc(doseWords, func(w datedWords) bool {
		return w.kind == kind && !on.Before(w.from) && w.text.MatchString(text)
	})
}

var (
	// noAmount are numbers that are no amount: dates, times of the day, how long and how often.
	noAmount = regexp.MustCompile(`\b[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2,4}\b|\b[0-9]{4}-[0-9]{2}-[0-9]{2}\b|` +
		`\b[0-9]{1,2}(:[0-9]{2})?\s*(am|pm|noon|o'clock)\b|\b[0-9]{1,2}:[0-9]{2}\b|` +
		`\b(for|after|within|every|in|over|review(ed)?)\s+(the\s+)?(next\s+)?[a-z0-9-]+\s+(hours?|days?|weeks?|months?)\b|` +
		`\b[a-z0-9-]+\s+times\b|\b(once|twice)\b`)
	// anAmount is a number, in figures or in words.
	anAmount = regexp.MustCompile(`[0-9½¼¾]|\b(half|quarter|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(thir|four|fif|six|seven|eigh|nine)teen|(twen|thir|for|fif|six|seven|eigh|nine)ty|hundred)\b`)
)

// DefiniteDose reports whether the text of a dose instruction names a dose (MDR
// 15(1)(f)): "one as directed" and "a tablet at night" do; "as directed by your doctor",
// "twice daily" and "as in the letter of 3/11/2026" do not.
func DefiniteDose(text string, on nhs.Date) bool {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	return doseSays("one", text, on) || anAmount.MatchString(noAmount.ReplaceAllString(text, " "))
}

// OpenDose reports whether the text of a dose instruction leaves the dose to somebody, as
// "then as directed" does and "with food" does not. It is of a text that names no dose.
func OpenDose(text string, on nhs.Date) bool {
	return doseSays("open", strings.ToLower(strings.Join(strings.Fields(text), " ")), on)
}
