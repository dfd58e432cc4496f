package prescription

import (
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/fhir/numeral"
)

// HoldWords is the code of the hold of a quantity that the order does not state
// alike in words and in figures.
const HoldWords = "WORDS"

// checkWords holds a controlled drug whose quantity in words is not the one in
// figures, or is no number. A pharmacist may put right a minor slip of the pen,
// or supply what is missing of the two, in writing and under their name
// (MDR 16(1A), (1B)); which of two quantities is meant is for the prescriber to
// say. Either is the reason with which the hold is released.
func (l *Line) checkWords(c Control) {
	words := strings.TrimSpace(l.Words)
	if !c.QuantityWords || words == "" {
		return // without words the order is refused: MDR-15
	}
	figures := strings.TrimSpace(l.Quantity.Value.String() + " " + l.Quantity.Unit)
	n, ok := numeral.Quantity(words)
	switch {
	case !ok:
		l.hold(HoldWords, fmt.Sprintf("The quantity is %s in figures, and %q in words is no number.", figures, words))
	case !l.Quantity.Value.Equal(n):
		l.hold(HoldWords, fmt.Sprintf("The quantity is %s in figures and %q in words.", figures, words))
	}
}
