package tariff

import (
	"cmp"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/sheet"
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
	s := readTable(data, true, "Medicine", "Pack size", "AMP Snomed Code", "AMPP Snomed Code", "Price")
	l := &Products{byAMP: map[string][]int{}}
	seen := map[string]int{}
	for r := range s.Rows() {
		p := Product{Medicine: s.text(r, "Medicine"), Size: s.amount(r, "Pack size"), Unit: s.text(r, "Unit"),
			AMP: s.snomed(r, "AMP Snomed Code"), AMPP: s.snomed(r, "AMPP Snomed Code"), Price: s.money(r, "Price"), Line: r.Line()}
		if !s.once(seen, r, "AMPP Snomed Code", p.AMPP) {
			continue
		}
		l.byAMP[p.AMP] = append(l.byAMP[p.AMP], len(l.Packs))
		l.Packs = append(l.Packs, p)
	}
	if fhir.HasErrors(s.Issues) {
		return nil, s.Issues
	}
	return l, s.Issues
}

// pounds is a price in pounds: £12.34, £12, £1,234.50.
var pounds = regexp.MustCompile(`^£\s*([0-9]{1,7}|[0-9]{1,3}(?:,[0-9]{3}){1,2})(?:\.([0-9]{2}))?$`)

// money is a price above zero: in pounds when it has a pound sign, otherwise in
// whole pence.
func (s *table) money(r sheet.Row, column string) int64 {
	v, at := s.Cell(r, column)
	text := v
	if m := pounds.FindStringSubmatch(v); m != nil {
		text = strings.ReplaceAll(m[1], ",", "") + cmp.Or(m[2], "00")
	}
	if n, ok := wholePence(text); ok {
		return n
	}
	s.Fail(at, fhir.ValueCode, column+" is not a valid price.", "pounds with a pound sign, such as £12.34, £12 or £1,234.50, or whole pence, such as 1234; above 0", strconv.Quote(v))
	return 0
}

// once reports whether a key is new, and says so where it is not.
func (s *table) once(seen map[string]int, r sheet.Row, column, key string) bool {
	if line, twice := seen[key]; twice {
		_, at := s.Cell(r, column)
		s.Fail(at, fhir.Duplicate, key+" is listed twice.", "one row for each", "line "+strconv.Itoa(line)+" and this one")
		return false
	}
	seen[key] = r.Line()
	return true
}
