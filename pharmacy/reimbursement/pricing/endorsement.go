package pricing

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

var (
	moneyIn  = regexp.MustCompile(`(?i)£\s*([0-9][0-9.,]*)|\b([0-9][0-9.,]*)\s*p(?:ence)?\b`)
	inPounds = regexp.MustCompile(`^(?:[0-9]{1,7}|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]{1,2})?$`)
	inWhole  = regexp.MustCompile(`^(?:[0-9]{1,9}|[0-9]{1,3}(?:,[0-9]{3})+)$`)
	packSize = regexp.MustCompile(`(?i)^\s*(?:PD\s*)?([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z][A-Za-z -]*)?`)
)

// amount is the one sum of money that the supporting information names: £12.34,
// £1,234.50 or 71p; false where there is none, more than one, or one that has
// another form, such as £12.345: no part of a number is taken for the whole.
func (e Endorsement) amount() (*big.Rat, bool) {
	found := moneyIn.FindAllStringSubmatch(e.Text, -1)
	if len(found) != 1 {
		return nil, false
	}
	form, text, pence := inPounds, found[0][1], rat(100)
	if text == "" {
		form, text, pence = inWhole, found[0][2], rat(1)
	}
	if text = strings.TrimRight(text, ".,"); !form.MatchString(text) { // the text goes on after it
		return nil, false
	}
	sum, ok := new(big.Rat).SetString(strings.ReplaceAll(text, ",", ""))
	if !ok {
		return nil, false
	}
	return sum.Mul(sum, pence), true
}

// pack is the pack size with which the supporting information begins: "PD4",
// "15gram,£12.34,EFGH Ltd".
func (e Endorsement) pack() (Quantity, bool) {
	m := packSize.FindStringSubmatch(e.Text)
	if m == nil || slices.Contains([]string{"p", "pence"}, strings.ToLower(strings.TrimSpace(m[2]))) {
		return Quantity{}, false
	}
	size, ok := ParseDecimal(m[1])
	return Quantity{size, strings.TrimSpace(m[2])}, ok && size.Sign() > 0
}

// endorsedPack is the size of the pack that was dispensed, as endorsed.
func (l Line) endorsedPack() (Quantity, bool) {
	for _, e := range l.Endorsements {
		if e.Code == "PD" || e.Code == "IP" || e.Code == "SP" {
			if q, ok := e.pack(); ok {
				return q, true
			}
		}
	}
	return Quantity{}, false
}

// withoutEffect notes the endorsements that change nothing of the price, and
// those that lack something or contradict each other.
func (w *work) withoutEffect() {
	seen := map[string]bool{}
	for _, e := range w.line.Endorsements {
		known, ok := w.book.Endorsements.At(e.Code, w.day)
		switch {
		case !ok:
			w.note(fmt.Sprintf("Endorsement %s has no meaning on %s: the line is priced without it.", e.Code, written(w.day)))
		case seen[e.Code]:
			w.note(fmt.Sprintf("Endorsement %s is given more than once: the first counts.", e.Code))
		case e.Code == noEndorsement && len(w.line.Endorsements) > 1:
			w.note("NDEC says that nothing is endorsed, and other endorsements are given: those count.")
		case known.Effect == tariff.InvoicePrice && w.Outcome == Priced && !w.invoiced:
			w.note(fmt.Sprintf("Endorsement %s (%s): the invoice price is not paid, for the product has a price of its own.", e.Code, known.Text))
		case known.Effect == tariff.NoEffect && e.Code != noEndorsement:
			w.note(fmt.Sprintf("Endorsement %s (%s) does not change the price.", e.Code, known.Text))
		}
		if ok && !seen[e.Code] && known.Information == tariff.InformationRequired && strings.TrimSpace(e.Text) == "" {
			w.Lacks = append(w.Lacks, fmt.Sprintf("Endorsement %s (%s) needs supporting information, and none is given.", e.Code, known.Text))
		}
		seen[e.Code] = true
	}
	w.Notes = append(w.Notes, w.Lacks...)
}

// noEndorsement says that there is nothing to endorse.
const noEndorsement = "NDEC"
