package tariff

import (
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

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
	s := readTable(data, true, "Snomed Code", "Flags")
	out := Flags{}
	seen := map[string]int{}
	for r := range s.Rows() {
		code := s.snomed(r, "Snomed Code")
		if !s.once(seen, r, "Snomed Code", code) {
			continue
		}
		_, at := s.Cell(r, "Flags")
		for _, name := range strings.Fields(s.text(r, "Flags")) {
			switch f := Flag(name); f {
			case SpecialContainer, Reconstituted, NoDiscount, NoDiscountEndorsed:
				out[code] = append(out[code], f)
			default:
				if _, ok := f.schedule(); !ok {
					s.Fail(at, fhir.CodeInvalid, "The flag is not known.", "special-container, reconstituted, no-discount, no-discount-endorsed or schedule-1 to schedule-5", strconv.Quote(name))
					continue
				}
				out[code] = append(out[code], f)
			}
		}
	}
	if fhir.HasErrors(s.Issues) {
		return nil, s.Issues
	}
	return out, s.Issues
}
