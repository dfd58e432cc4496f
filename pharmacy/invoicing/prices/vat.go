package prices

import (
	_ "embed"
	"slices"
	"sync"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// The kinds of supplies to which VAT has rates.
const (
	PrescribedMedicine = "prescribed-medicine" // dispensed to a patient on the prescription of a health professional
	DeliveredGoods     = "delivered-goods"     // the delivery that the contract for zero-rated goods asks for
	DeliveryService    = "delivery-service"    // a delivery that the customer may leave out
	OtherSupply        = "other"
)

var vatKinds = map[string]string{
	PrescribedMedicine: "A medicine dispensed to a patient on prescription",
	DeliveredGoods:     "The delivery that comes with the medicine",
	DeliveryService:    "A delivery apart from the medicine",
	OtherSupply:        "Any other supply",
}

// VATKinds are the kinds of supplies, sorted.
func VATKinds() (list []string) {
	for k := range vatKinds {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}

// Rate is a rate of VAT and since when it holds.
type Rate struct {
	Kind         string
	From, Until  nhs.Date
	Rate         string // in percent, as written
	Mark, Source string
	Line         int
	number       decimal.Decimal
}

// VAT are the rates of VAT.
type VAT struct{ rates []Rate }

// Marks of how much a row rests on: read in the source, read in an old edition of
// it, not verified, and our own reading of the source.
var marks = []string{"V", "V-old", "K", "B", "R"}

// ReadVAT reads rates of VAT.
func ReadVAT(data []byte) (*VAT, []fhir.Issue) {
	f := open(data, VATRates)
	v := &VAT{}
	seen := map[string]int{}
	f.each(func(r row) {
		x := Rate{Kind: r.oneOf("kind", VATKinds()...), Rate: r.cell("rate"), Mark: r.oneOf("mark", marks...), Source: r.text("source"), Line: r.Line()}
		x.From, x.Until = r.dates()
		var ok bool
		if x.number, ok = percent(x.Rate); !ok {
			r.wrong("rate", "It is not a rate in percent.", "a number from 0 to 100, such as 20")
		}
		r.twice(seen, x.Kind, dated{Pharmacy: All, Clinic: All, From: x.From, Line: r.Line()})
		v.rates = append(v.rates, x)
	})
	return done(f, v)
}

// On is the rate of a kind on a day.
func (v *VAT) On(kind string, on nhs.Date) (found Rate, ok bool) {
	for _, r := range v.rates {
		if r.Kind == kind && !on.Before(r.From) && (r.Until.IsZero() || !r.Until.Before(on)) && (!ok || found.From.Before(r.From)) {
			found, ok = r, true
		}
	}
	return found, ok
}

// Rows is how many rates there are.
func (v *VAT) Rows() int { return len(v.rates) }

//go:embed data/vat-rates.csv
var vatCSV []byte

// BuiltinVAT are the rates that hold where no file is loaded.
var BuiltinVAT = sync.OnceValue(func() *VAT { return builtin(ReadVAT(vatCSV)) })

func builtin[T any](value *T, issues []fhir.Issue) *T {
	if value == nil {
		panic("prices: a table of ours has mistakes: " + issues[0].Text())
	}
	return value
}
