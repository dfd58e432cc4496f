package tariff

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/sheet"
)

var (
	whole     = regexp.MustCompile(`^(?:[0-9]{1,12}|[0-9]{1,3}(?:,[0-9]{3}){1,3})$`)
	exact     = regexp.MustCompile(`^[0-9]{1,9}(\.[0-9]{1,6})?$`)
	mangledID = regexp.MustCompile(`^[0-9](\.[0-9]+)?[eE]\+?[0-9]+$`)
)

// table is a file of the tariff.
type table struct {
	*sheet.Sheet
	amounts map[string]*big.Rat // that were read, as written
}

// readTable opens a file; see [sheet.Read].
func readTable(data []byte, notes bool, want ...string) *table {
	return &table{Sheet: sheet.Read(data, notes, want...)}
}

// text is a cell that must not be empty.
func (s *table) text(r sheet.Row, column string) string {
	v, at := s.Cell(r, column)
	if v == "" {
		s.Fail(at, fhir.Required, column+" is empty.", "", "")
	}
	return v
}

// pence is a price in whole pence above zero: 2172, or 2,172.
func (s *table) pence(r sheet.Row, column string) int64 {
	v, at := s.Cell(r, column)
	if n, ok := wholePence(v); ok {
		return n
	}
	s.Fail(at, fhir.ValueCode, column+" is no price.", "whole pence above 0, digits only, such as 2172", strconv.Quote(v))
	return 0
}

func wholePence(text string) (int64, bool) {
	if !whole.MatchString(text) {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(text, ",", ""), 10, 64)
	return n, err == nil && n > 0
}

// amount is a quantity above zero, exactly as written. Packs of one size share it.
func (s *table) amount(r sheet.Row, column string) *big.Rat {
	v, at := s.Cell(r, column)
	if n := s.amounts[v]; n != nil {
		return n
	}
	if exact.MatchString(v) {
		if n, ok := new(big.Rat).SetString(v); ok && n.Sign() > 0 {
			if s.amounts == nil {
				s.amounts = map[string]*big.Rat{}
			}
			s.amounts[strings.Clone(v)] = n
			return n
		}
	}
	s.Fail(at, fhir.ValueCode, column+" is no quantity.", "a number above 0, such as 28 or 2.5", strconv.Quote(v))
	return new(big.Rat)
}

// snomed is a SNOMED CT identifier, kept as text: it has up to 18 digits, more
// than a spreadsheet or a float64 holds.
func (s *table) snomed(r sheet.Row, column string) string {
	v, at := s.Cell(r, column)
	switch {
	case mangledID.MatchString(v):
		s.Fail(at, fhir.ValueCode, column+" was turned into a number by a spreadsheet and its last digits are lost.",
			"6 to 18 digits; keep the column as text, or load the file as it was published", strconv.Quote(v))
	case !sctid.MatchString(v):
		s.Fail(at, fhir.ValueCode, column+" is no SNOMED CT identifier.", "6 to 18 digits", strconv.Quote(v))
	case !checkDigitHolds(v):
		s.Warn(at, column+" "+v+" fails its check digit, so no product has it: was the file saved by a spreadsheet?")
	}
	return v
}
