package tariff

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
)

// candidates is how many packs are shown for a row that fits none.
const candidates = 5

// Reconcile completes a list of price concessions, which are announced by name: a
// row that fits one pack of the edition has its code afterwards, and one that does
// not stays, below comments that name the packs it may be. Nothing is dropped:
// whoever works through the list writes the codes in, and loads it. open is how many
// rows are left to work through. What is not such a list, or has no valid price, is an
// issue, and nothing is returned.
func Reconcile(data []byte, edition *Edition) (list []byte, open int, issues []fhir.Issue) {
	s := readTable(data, true, "Medicine", "Pack size", "Price")
	packs := newPackIndex(edition)
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	_ = w.Write([]string{"Medicine", "Pack size", "VMPP Snomed Code", "Price"})
	for r := range s.Rows() {
		medicine, code := s.text(r, "Medicine"), ""
		size, _ := s.Cell(r, "Pack size")
		price, _ := s.Cell(r, "Price")
		s.money(r, "Price")
		if code, _ = s.Cell(r, "VMPP Snomed Code"); code != "" {
			s.snomed(r, "VMPP Snomed Code")
		}
		if code == "" {
			fits := packs.fits(medicine, s.amount(r, "Pack size"))
			if len(fits) == 1 {
				code = fits[0].VMPP
			} else {
				open++
				w.Flush()
				fmt.Fprintf(&out, "# line %d fits %s; it may be:\n", r.Line(), counted(len(fits)))
				for _, p := range packs.near(medicine, fits) {
					fmt.Fprintf(&out, "#   %s  %s, %s %s, %dp, line %d of Part VIIIA\n", p.VMPP, p.Medicine, p.Size.FloatString(places(p.Size)), p.Unit, p.Price, p.Line)
				}
			}
		}
		_ = w.Write([]string{medicine, size, code, price})
	}
	w.Flush()
	if fhir.HasErrors(s.Issues) {
		return nil, 0, s.Issues
	}
	return out.Bytes(), open, s.Issues
}

func counted(n int) string {
	if n == 0 {
		return "no pack by name and size"
	}
	return strconv.Itoa(n) + " packs by name and size"
}

// near are the packs that a name may mean: those that fit, or else those whose names
// share the most words with it.
func (x packIndex) near(medicine string, fits []Pack) []Pack {
	if len(fits) > 0 {
		return fits
	}
	words := wordsOf(medicine)
	type scored struct {
		Pack
		shared int
	}
	var list []scored
	for _, p := range x.byCode {
		shared := 0
		for _, word := range wordsOf(p.Medicine) {
			if slices.Contains(words, word) {
				shared++
			}
		}
		if shared > 0 {
			list = append(list, scored{p, shared})
		}
	}
	sorting.By(list, func(a, b scored) int { return cmp.Or(b.shared-a.shared, a.Line-b.Line) })
	var packs []Pack
	for _, p := range list[:min(len(list), candidates)] {
		packs = append(packs, p.Pack)
	}
	return packs
}

func wordsOf(name string) []string {
	return strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == ' ' || r == ',' || r == '(' || r == ')' || r == '/' })
}
