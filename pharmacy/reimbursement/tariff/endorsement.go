package tariff

import (
	"slices"
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
)

// Endorsement is one code with which a dispenser may endorse an item:
// medicationdispense-endorsement.
type Endorsement struct {
	Meaning
	Information string // "required" or "none": the supporting information
	Effect      string // what is worked out by it, NoEffect where the price does not change
}

// NoEffect is the effect of an endorsement that changes no price.
const NoEffect = "none"

// InformationRequired marks an endorsement that says nothing without its
// supporting information.
const InformationRequired = "required"

// InvoicePrice is the effect of an endorsement with a price, which pays what no list prices.
const InvoicePrice = "invoice-price"

// effects are what pricing works out by an endorsement.
var effects = []string{"broken-bulk", "unlicensed-fee", InvoicePrice, "pack-size", "out-of-pocket", "no-discount-endorsed", NoEffect}

// Endorsements is the code list.
type Endorsements struct {
	Edition string
	dated[Endorsement]
}

// ReadEndorsements reads the code list: a CSV with the columns code, from,
// until, information, effect and meaning.
func ReadEndorsements(data []byte) (*Endorsements, []fhir.Issue) {
	s := readTable(data, true, "code", "from", "information", "effect", "meaning")
	l := &Endorsements{Edition: contentName("endorsements", data)}
	for r := range s.Rows() {
		e := Endorsement{Meaning: readMeaning(s, r, l.dated), Information: s.text(r, "information"), Effect: s.text(r, "effect")}
		if _, at := s.Cell(r, "information"); e.Information != InformationRequired && e.Information != "none" {
			s.Fail(at, fhir.CodeInvalid, "It is not understood whether supporting information is required.", "required or none", strconv.Quote(e.Information))
		}
		if _, at := s.Cell(r, "effect"); !slices.Contains(effects, e.Effect) {
			s.Fail(at, fhir.CodeInvalid, "The effect is not known.", "one of broken-bulk, unlicensed-fee, invoice-price, pack-size, out-of-pocket, no-discount-endorsed, none", strconv.Quote(e.Effect))
		}
		l.dated = append(l.dated, e)
	}
	if fhir.HasErrors(s.Issues) {
		return nil, s.Issues
	}
	return l, s.Issues
}
