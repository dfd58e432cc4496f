package tariff

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// Product is the list price of a pack of one manufacturer's product (AMPP), in
// dm+d the NHS indicative price.
type Product struct {
	Medicine  string
	Size      *big.Rat
	Unit      string
	AMP, AMPP string // SNOMED CT ids of product and pack
	Price     int64  // pence
	Line      int
}

// Products is a list of such prices that holds from a month on.
type Products struct {
	Packs []Product
	byAMP map[string][]int
}

// Of gives the packs listed for a product (AMP), in the order of the file.
func (l *Products) Of(amp string) []Product {
	var packs []Product
	for _, i := range l.byAMP[amp] {
		packs = append(packs, l.Packs[i])
	}
	return packs
}

// ReadProducts reads a CSV with the columns Medicine, Pack size, Unit, AMP
// Snomed Code, AMPP Snomed Code and Price (pence). Lines that begin with # are
// comments.
func ReadProducts(data []byte) (*Products, []fhir.Issue) {
	s := readSheet(data, true, "Medicine", "Pack size", "AMP Snomed Code", "AMPP Snomed Code", "Price")
	l := &Products{byAMP: map[string][]int{}}
	seen := map[string]int{}
	for _, r := range s.rows {
		p := Product{Medicine: s.text(r, "Medicine"), Size: s.amount(r, "Pack size"), Unit: s.text(r, "Unit"),
			AMP: s.snomed(r, "AMP Snomed Code"), AMPP: s.snomed(r, "AMPP Snomed Code"), Price: s.money(r, "Price"), Line: r.places[0].Line}
		if !s.once(seen, r, "AMPP Snomed Code", p.AMPP) {
			continue
		}
		l.byAMP[p.AMP] = append(l.byAMP[p.AMP], len(l.Packs))
		l.Packs = append(l.Packs, p)
	}
	if fhir.HasErrors(s.issues) {
		return nil, s.issues
	}
	return l, s.issues
}

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
	s := readSheet(data, true, "Medicine", "Pack size", "Price")
	out := Concessions{}
	seen := map[string]int{}
	for _, r := range s.rows {
		c := Concession{Medicine: s.text(r, "Medicine"), Price: s.money(r, "Price"), Line: r.places[0].Line}
		if code, _ := s.cell(r, "VMPP Snomed Code"); code != "" {
			c.VMPP = s.snomed(r, "VMPP Snomed Code")
		} else {
			c.VMPP = s.match(r, c.Medicine, edition)
		}
		if c.VMPP != "" && s.once(seen, r, "Medicine", c.VMPP) {
			out[c.VMPP] = c
		}
	}
	if fhir.HasErrors(s.issues) {
		return nil, s.issues
	}
	return out, s.issues
}

// match finds the pack of an announced concession by name and size.
func (s *sheet) match(r row, medicine string, edition *Edition) string {
	size := s.amount(r, "Pack size")
	_, at := s.cell(r, "Medicine")
	var fits []Pack
	if edition != nil {
		for _, p := range edition.Packs {
			if normal(p.Medicine) == normal(medicine) && p.Size.Cmp(size) == 0 {
				fits = append(fits, p)
			}
		}
	}
	if len(fits) == 1 {
		return fits[0].VMPP
	}
	found := "no pack of that name and size in the edition"
	if len(fits) > 1 {
		found = strconv.Itoa(len(fits)) + " packs of that name and size"
	}
	s.fail(at, fhir.NotFound, "The concession for "+strconv.Quote(medicine)+" fits no single pack.", "its VMPP Snomed Code in the row", found)
	return ""
}

var pounds = regexp.MustCompile(`^£\s*([0-9]{1,7})\.([0-9]{2})$`)

// money is a price in pence, or in pounds when it has a pound sign.
func (s *sheet) money(r row, column string) int64 {
	v, _ := s.cell(r, column)
	if m := pounds.FindStringSubmatch(v); m != nil {
		if n, err := strconv.ParseInt(m[1]+m[2], 10, 64); err == nil && n > 0 {
			return n
		}
	}
	return s.pence(r, column)
}

// once reports whether a key is new, and says so where it is not.
func (s *sheet) once(seen map[string]int, r row, column, key string) bool {
	if line, twice := seen[key]; twice {
		_, at := s.cell(r, column)
		s.fail(at, fhir.Duplicate, key+" is listed twice.", "one row for each", "line "+strconv.Itoa(line)+" and this one")
		return false
	}
	seen[key] = r.places[0].Line
	return true
}

// Flag is something dm+d records about a product that changes what is paid.
type Flag string

// The flags, after dm+d's REIMB_INFO.
const (
	// SpecialContainer: supplied in whole containers only (Part II clause 10B).
	SpecialContainer Flag = "special-container"
	// Reconstituted: an oral anti-infective made up before supply, paid as the
	// next pack that covers the quantity.
	Reconstituted Flag = "reconstituted"
	// NoDiscount: no deduction is made, without an endorsement.
	NoDiscount Flag = "no-discount"
	// NoDiscountEndorsed: no deduction is made where the line is endorsed ZD.
	NoDiscountEndorsed Flag = "no-discount-endorsed"
)

// schedule says that a product is a controlled drug: "schedule-2". It counts
// where the prescriber's order does not say the schedule itself.
func (f Flag) schedule() (int, bool) {
	n, ok := strings.CutPrefix(string(f), "schedule-")
	if ok && len(n) == 1 && n[0] >= '1' && n[0] <= '5' {
		return int(n[0] - '0'), true
	}
	return 0, false
}

// Flags are the flags of products by SNOMED CT id (VMP or AMP).
type Flags map[string][]Flag

// Has reports whether the product has the flag.
func (f Flags) Has(code string, flag Flag) bool {
	for _, have := range f[code] {
		if have == flag {
			return true
		}
	}
	return false
}

// Schedule is the schedule of a controlled drug, 0 for what is not flagged.
func (f Flags) Schedule(code string) int {
	for _, have := range f[code] {
		if n, ok := have.schedule(); ok {
			return n
		}
	}
	return 0
}

// ReadFlags reads a CSV with the columns Snomed Code, Medicine and Flags, the
// flags of a product separated by blanks.
func ReadFlags(data []byte) (Flags, []fhir.Issue) {
	s := readSheet(data, true, "Snomed Code", "Flags")
	out := Flags{}
	seen := map[string]int{}
	for _, r := range s.rows {
		code := s.snomed(r, "Snomed Code")
		if !s.once(seen, r, "Snomed Code", code) {
			continue
		}
		_, at := s.cell(r, "Flags")
		for _, name := range strings.Fields(s.text(r, "Flags")) {
			switch f := Flag(name); f {
			case SpecialContainer, Reconstituted, NoDiscount, NoDiscountEndorsed:
				out[code] = append(out[code], f)
			default:
				if _, ok := f.schedule(); !ok {
					s.fail(at, fhir.CodeInvalid, "The flag is not known.", "special-container, reconstituted, no-discount, no-discount-endorsed or schedule-1 to schedule-5", strconv.Quote(name))
					continue
				}
				out[code] = append(out[code], f)
			}
		}
	}
	if fhir.HasErrors(s.issues) {
		return nil, s.issues
	}
	return out, s.issues
}
