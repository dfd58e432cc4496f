package tariff

import (
	"fmt"
	"math/big"
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/sheet"
)

// Concession is a price that replaces the basic price of a pack for one month.
type Concession struct {
	Medicine string
	VMPP     string
	Price    int64 // pence
	Line     int
}

// Concessions are the price concessions of one month, by VMPP.
type Concessions map[string]Concession

// ReadConcessions reads a CSV with the columns Medicine, Pack size and Price
// (pence, or pounds with a £), and optionally VMPP Snomed Code. Concessions are
// announced by name, so a row without a code is matched to the pack of the
// edition that has the same name and size; where none or several fit, the row
// is an error that says what to add, and nothing is loaded.
func ReadConcessions(data []byte, edition *Edition) (Concessions, []fhir.Issue) {
	s := readTable(data, true, "Medicine", "Pack size", "Price")
	packs := newPackIndex(edition)
	out := Concessions{}
	seen := map[string]int{}
	for r := range s.Rows() {
		c := Concession{Medicine: s.text(r, "Medicine"), Price: s.money(r, "Price"), Line: r.Line()}
		if code, _ := s.Cell(r, "VMPP Snomed Code"); code != "" {
			c.VMPP = s.snomed(r, "VMPP Snomed Code")
		} else {
			c.VMPP = s.match(r, c.Medicine, packs)
		}
		if c.VMPP != "" && s.once(seen, r, "Medicine", c.VMPP) {
			s.doubt(r, c, packs)
			out[c.VMPP] = c
		}
	}
	if fhir.HasErrors(s.Issues) {
		return nil, s.Issues
	}
	return out, s.Issues
}

// packIndex finds the packs of an edition by code and by name.
type packIndex struct {
	byCode map[string]Pack
	byName map[string][]Pack
}

func newPackIndex(edition *Edition) packIndex {
	x := packIndex{map[string]Pack{}, map[string][]Pack{}}
	if edition == nil {
		return x
	}
	for _, p := range edition.Packs {
		x.byCode[p.VMPP] = p
		x.byName[sheet.Normal(p.Medicine)] = append(x.byName[sheet.Normal(p.Medicine)], p)
	}
	return x
}

// fits are the packs of a name and size.
func (x packIndex) fits(medicine string, size *big.Rat) (fits []Pack) {
	for _, p := range x.byName[sheet.Normal(medicine)] {
		if p.Size.Cmp(size) == 0 {
			fits = append(fits, p)
		}
	}
	return fits
}

// doubt warns of a concession that contradicts the tariff: one whose name or
// size is not that of its code, and one that pays less than the basic price, for
// concessions are granted where a product cannot be had at that.
func (s *table) doubt(r sheet.Row, c Concession, packs packIndex) {
	p, ok := packs.byCode[c.VMPP]
	if !ok {
		return
	}
	if sheet.Normal(p.Medicine) != sheet.Normal(c.Medicine) {
		_, at := s.Cell(r, "Medicine")
		s.Warn(at, fmt.Sprintf("The concession is for %q, and its code %s is %q (line %d of Part VIIIA): the code counts.", c.Medicine, c.VMPP, p.Medicine, p.Line))
	}
	if v, at := s.Cell(r, "Pack size"); v != "" {
		if size := s.amount(r, "Pack size"); size.Sign() > 0 && size.Cmp(p.Size) != 0 {
			s.Warn(at, fmt.Sprintf("The concession is for a pack of %s, and its code %s is a pack of %s (line %d of Part VIIIA): the code counts.", v, c.VMPP, p.Size.FloatString(places(p.Size)), p.Line))
		}
	}
	if c.Price == 0 || c.Price >= p.Price {
		return
	}
	_, at := s.Cell(r, "Price")
	s.Warn(at, fmt.Sprintf("The concession for %q, %dp, is below its basic price of %dp (line %d of Part VIIIA): is the price in pounds without a pound sign, or that of another pack?", c.Medicine, c.Price, p.Price, p.Line))
}

// places is how many decimals a size has.
func places(size *big.Rat) int {
	n, _ := size.FloatPrec()
	return n
}

// match finds the pack of an announced concession by name and size.
func (s *table) match(r sheet.Row, medicine string, packs packIndex) string {
	size := s.amount(r, "Pack size")
	_, at := s.Cell(r, "Medicine")
	fits := packs.fits(medicine, size)
	if len(fits) == 1 {
		return fits[0].VMPP
	}
	found := "no pack of that name and size in the edition"
	if len(fits) > 1 {
		found = strconv.Itoa(len(fits)) + " packs of that name and size"
	}
	s.Fail(at, fhir.NotFound, "The concession for "+strconv.Quote(medicine)+" fits no single pack.", "its VMPP Snomed Code in the row (pestle tariff reconcile FILE finds what it may be)", found)
	return ""
}
