package prescription

import (
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/fhir/numeral"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// HoldWords is the code of the hold of a quantity that the order does not state
// alike in words and in figures.
const HoldWords = "WORDS"

// checkWords holds a controlled drug whose quantity in words is not the one in
// figures, is in another unit, leaves a choice, or is no number. A pharmacist may put right a minor slip of the pen,
// or supply what is missing of the two, in writing and under their name
// (MDR 16(1A), (1B)); which of two quantities is meant is for the prescriber to
// say. Either is the reason with which the hold is released.
func (l *Line) checkWords(c Control, on nhs.Date) {
	words := strings.TrimSpace(l.Words)
	if !c.QuantityWords || words == "" {
		return // without words the order is refused: MDR-15
	}
	figures := strings.TrimSpace(l.Quantity.Value.String() + " " + l.Quantity.Unit)
	n, behind, ok := numeral.QuantityWith(words)
	switch {
	case !ok:
		l.hold(HoldWords, fmt.Sprintf("The quantity is %s in figures, and %q in words is no number.", figures, words))
	case !l.Quantity.Value.Equal(n):
		l.hold(HoldWords, fmt.Sprintf("The quantity is %s in figures and %q in words.", figures, words))
	case alternative(behind):
		l.hold(HoldWords, fmt.Sprintf("The quantity is %s in figures, and %q in words leaves open which number is meant.", figures, words))
	case conflicting(either(units.named(l.Quantity, on)), units.among(behind, on)):
		l.hold(HoldWords, fmt.Sprintf("The quantity is %s in figures, and %q in words is of another unit.", figures, words))
	}
}

// alternative reports whether words behind a number lead to another one: "or thirty".
func alternative(words []string) bool {
	for i, w := range words[:max(len(words)-1, 0)] {
		if w == "or" || w == "to" {
			if _, number := numeral.Read(words[i+1]); number {
				return true
			}
		}
	}
	return false
}

// among is the name of the first unit among some words on a day, "" for none.
func (t unitTable) among(words []string, on nhs.Date) string {
	for i := range words {
		for n := min(4, len(words)-i); n > 0; n-- {
			if u := unitOn(t.byWord[strings.Trim(strings.Join(words[i:i+n], " "), ".;:()")], on); u.name != "" {
				return u.name
			}
		}
	}
	return ""
}
