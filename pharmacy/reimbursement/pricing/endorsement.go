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
	moneyIn  = regexp.MustCompile(`(?i)£\s*([0-9]+(?:\.[0-9]{1,2})?)|\b([0-9]+)\s*p(?:ence)?\b`)
	packSize = regexp.MustCompile(`(?i)^\s*(?:PD\s*)?([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z][A-Za-z -]*)?`)
)

// amount is the one sum of money that the supporting information names; false
// where there is none, or more than one.
func (e Endorsement) amount() (*big.Rat, bool) {
	found := moneyIn.FindAllStringSubmatch(e.Text, -1)
	if len(found) != 1 {
		return nil, false
	}
	if found[0][1] != "" {
		r, ok := ParseDecimal(found[0][1])
		if !ok {
			return nil, false
		}
		return r.Mul(r, rat(100)), true
	}
	return ParseDecimal(found[0][2])
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

// withoutEffect notes the endorsements that change nothing of the price.
func (w *work) withoutEffect() {
	for _, e := range w.line.Endorsements {
		known, ok := w.book.Endorsements.At(e.Code, w.day)
		switch {
		case !ok:
			w.note(fmt.Sprintf("Endorsement %s has no meaning on %s: the line is priced without it.", e.Code, written(w.day)))
		case known.Effect == tariff.NoEffect && e.Code != noEndorsement:
			w.note(fmt.Sprintf("Endorsement %s (%s) does not change the price.", e.Code, known.Text))
		}
	}
}

// noEndorsement says that there is nothing to endorse.
const noEndorsement = "NDEC"
