package uk

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/numeral"
)

const controlledDrug = "https://fhir.nhs.uk/StructureDefinition/Extension-DM-ControlledDrug"

// controlledWords holds the quantity of a controlled drug in words against the
// one in figures (Misuse of Drugs Regulations 2001, regulation 15(1)(f)). Words
// that are no number are for a reader to judge.
func controlledWords(n fhir.Node, say func(fhir.Node, fhir.Issue)) {
	figures := n.Path("dispenseRequest", "quantity", "value")
	quantity, err := decimal.NewFromString(figures.Text())
	if err != nil {
		return
	}
	for x := range n.Get("extension").Items() {
		if x.Get("url").Text() != controlledDrug {
			continue
		}
		for part := range x.Get("extension").Items() {
			words := part.Get("valueString")
			if part.Get("url").Text() != "quantityWords" {
				continue
			}
			if read, ok := numeral.Read(words.Text()); ok && !quantity.Equal(decimal.NewFromInt(int64(read))) {
				say(words, fhir.Issue{Code: fhir.BusinessRule, Message: "The quantity of the controlled drug in words is not the one in figures, and the law wants both to agree.",
					Expected: figures.Text() + " in words, as dispenseRequest.quantity has it", Found: fmt.Sprintf("%q, which is %d", clip(words.Text()), read),
					Fix: "Ask the prescriber which is meant, and have a corrected prescription sent."})
			}
		}
	}
}
