package uk

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/numeral"
)

const controlledDrug = "https://fhir.nhs.uk/StructureDefinition/Extension-DM-ControlledDrug"

// controlledWords holds the quantity of a controlled drug in words against the
// one in figures (Misuse of Drugs Regulations 2001, regulation 15(1)(f)). Words
// that are not a number do not agree either.
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
			read, ok := numeral.Quantity(words.Text())
			if strings.TrimSpace(words.Text()) == "" || ok && quantity.Equal(read) {
				continue // none is another rule's
			}
			found := fmt.Sprintf("%q, which is not a number in words", clip(words.Text()))
			if ok {
				found = fmt.Sprintf("%q, which is %s", clip(words.Text()), read)
			}
			say(words, fhir.Issue{Code: fhir.BusinessRule, Message: "The quantity of the controlled drug in words is not the one in figures, and the law wants both to agree.",
				Expected: figures.Text() + " in words, as dispenseRequest.quantity has it", Found: found,
				Fix: "Ask the prescriber which is meant, and have a corrected prescription sent."})
		}
	}
}
