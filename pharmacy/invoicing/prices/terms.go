package prices

import (
	"cmp"
	_ "embed"
	"slices"
	"strconv"
	"sync"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Rule is what a row of the terms says something of.
type Rule string

// The rules of the terms.
const (
	DispensingFee Rule = "dispensing-fee" // pounds for each item
	DeliveryFee   Rule = "delivery-fee"   // pounds for each delivery
	InvoiceBy     Rule = "invoice"        // per-supply or per-month
	Payer         Rule = "payer"          // patient or clinic
	PaymentIs     Rule = "payment"        // on-invoice, or before-supply
	PaymentDays   Rule = "payment-days"   // days from the invoice in which it is paid
	Rounding      Rule = "rounding"       // how pence are made
	RefundLimit   Rule = "refund-limit"   // pounds of a payment that one person refunds
)

// The words of the rules.
const (
	PerSupply    = "per-supply"
	PerMonth     = "per-month"
	ByPatient    = "patient"
	ByClinic     = "clinic"
	OnInvoice    = "on-invoice"
	BeforeSupply = "before-supply"
)

var words = map[Rule][]string{InvoiceBy: {PerSupply, PerMonth}, Payer: {ByPatient, ByClinic}, PaymentIs: {OnInvoice, BeforeSupply}, Rounding: {HalfUp}}

var fees = []Rule{DispensingFee, DeliveryFee}

// rules are all rules, in the order in which they are told.
var rules = []Rule{DispensingFee, DeliveryFee, InvoiceBy, Payer, PaymentIs, PaymentDays, Rounding, RefundLimit}

// Term is a row of the terms.
type Term struct {
	dated
	Rule         Rule
	Value        string
	VAT          string // of a fee
	Mark, Source string
	Pence        int64 // of a fee or a limit
	Days         int   // of payment-days
}

// Terms are what is agreed with clinics.
type Terms struct{ rows []Term }

// ReadTerms reads terms.
func ReadTerms(data []byte) (*Terms, []fhir.Issue) { return readTerms(data, BuiltinTerms()) }

// readTerms reads terms that count before others.
func readTerms(data []byte, others *Terms) (*Terms, []fhir.Issue) {
	f := open(data, TermsList)
	t := &Terms{}
	seen := map[string]int{}
	f.each(func(r row) {
		x := Term{dated: r.dated(), Rule: Rule(r.oneOf("rule", ruleNames()...)), Value: r.cell("value"), VAT: r.cell("vat"), Mark: r.oneOf("mark", marks...), Source: r.text("source")}
		switch {
		case slices.Contains(fees, x.Rule):
			x.Pence, x.VAT = r.pounds("value"), r.vat()
		case x.Rule == RefundLimit:
			if x.Pence = r.pounds("value"); x.Clinic != All {
				r.wrong("clinic", "The limit of refunds is of a pharmacy, and not of one clinic.", All)
			}
		case x.Rule == PaymentDays:
			n, err := strconv.Atoi(x.Value)
			if x.Days = n; err != nil || n < 0 || n > 365 {
				r.wrong("value", "It is not a number of days.", "0 to 365")
			}
		case x.Rule != "":
			r.oneOf("value", words[x.Rule]...)
		}
		if !slices.Contains(fees, x.Rule) && x.VAT != "" {
			r.wrong("vat", "VAT is on fees alone.", "nothing")
		}
		r.twice(seen, string(x.Rule), x.dated)
		t.rows = append(t.rows, x)
	})
	if !fhir.HasErrors(f.Issues) {
		f.Issues = append(f.Issues, t.contradictions(others)...)
	}
	return done(f, t)
}

func ruleNames() (list []string) {
	for _, r := range rules {
		list = append(list, string(r))
	}
	return list
}

// contradictions are what rows of one clinic say together that cannot be: an
// invoice by month is paid by the clinic, and after the supply.
func (t *Terms) contradictions(others *Terms) (issues []fhir.Issue) {
	for _, x := range t.rows {
		if x.Rule != InvoiceBy || x.Value != PerMonth {
			continue
		}
		for rule, no := range map[Rule]string{PaymentIs: BeforeSupply, Payer: ByPatient} {
			other, ok := t.At(rule, x.Pharmacy, x.Clinic, x.From)
			if !ok {
				other, _ = others.At(rule, x.Pharmacy, x.Clinic, x.From)
			}
			if other.Value == no {
				issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Expression: "value", Position: fhir.Position{Line: x.Line, Column: 1},
					Message: "An invoice by month is paid by the clinic, after the supply.", Expected: "payer clinic and payment on-invoice from " + x.From.String(), Found: string(rule) + " " + no})
			}
		}
	}
	sorting.By(issues, func(a, b fhir.Issue) int {
		return cmp.Or(a.Position.Line-b.Position.Line, cmp.Compare(a.Found, b.Found))
	})
	return issues
}

// At is the row of a rule for a clinic on a day: that of the file, else the
// built-in one.
func (t *Terms) At(rule Rule, pharmacy, clinic string, on nhs.Date) (found Term, ok bool) {
	if t == nil {
		return found, false
	}
	for _, x := range t.rows {
		if x.Rule == rule && x.holds(pharmacy, clinic, on) && (!ok || x.before(found.dated)) {
			found, ok = x, true
		}
	}
	return found, ok
}

// Rows is how many rows there are.
func (t *Terms) Rows() int {
	if t == nil {
		return 0
	}
	return len(t.rows)
}

//go:embed data/private-terms.csv
var termsCSV []byte

// BuiltinTerms are the terms where no file says anything else.
var BuiltinTerms = sync.OnceValue(func() *Terms { return builtin(readTerms(termsCSV, nil)) })

func sortPrices(list []Price) {
	sorting.By(list, func(a, b Price) int { return cmp.Or(cmp.Compare(a.Medicine, b.Medicine), cmp.Compare(a.Code, b.Code)) })
}
