package invoicing

import (
	"cmp"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Owed is what is owed on an account, with what makes it up.
type Owed struct {
	Account  string
	Invoiced int64 // by invoices that were issued
	Credited int64 // by credits that were issued, as they lower what is owed: 0 or more
	Paid     int64
	Refunded int64 // 0 or more
	Invoices []OwedInvoice
}

// OwedInvoice is an invoice that was issued with what of it is not paid.
type OwedInvoice struct {
	Ref, Number string
	Gross       int64 // less its credits
	Due         int64
}

// Due is what is not paid; below 0 where more was paid than is owed.
func (o *Owed) Due() int64 { return o.Invoiced - o.Credited - o.Paid + o.Refunded }

// Unused is what was paid and is for no invoice yet.
func (o *Owed) Unused() int64 {
	unused := o.Paid - o.Refunded
	for _, i := range o.Invoices {
		unused -= i.Gross - i.Due
	}
	return unused
}

// allot lets the money pay the invoices in the order of their numbers.
func (o *Owed) allot() {
	sorting.By(o.Invoices, func(a, b OwedInvoice) int {
		return cmp.Or(cmp.Compare(len(a.Number), len(b.Number)), cmp.Compare(a.Number, b.Number))
	})
	left := o.Paid - o.Refunded
	for i := range o.Invoices {
		pay := max(0, min(left, o.Invoices[i].Gross))
		o.Invoices[i].Due = o.Invoices[i].Gross - pay
		left -= pay
	}
}

// owedOn reads an account.
func owedOn(state fhir.State, account string) (*Owed, error) {
	o := &Owed{Account: account}
	ids, err := state.Find("Invoice", nhs.Query("identifier", idAccount, account))
	if err != nil {
		return nil, err
	}
	credits := map[string]int64{}
	for _, id := range ids {
		i, err := invoiceOf(state, id)
		if err != nil {
			return nil, err
		}
		switch {
		case i == nil || i.status != "issued":
		case i.kind == credit:
			o.Credited -= i.gross()
			credits[i.credits] += i.gross()
		default:
			o.Invoiced += i.gross()
			o.Invoices = append(o.Invoices, OwedInvoice{Ref: i.ref(), Number: i.number, Gross: i.gross()})
		}
	}
	for i := range o.Invoices {
		o.Invoices[i].Gross += credits[o.Invoices[i].Ref]
	}
	err = eachPayment(state, account, func(pence int64) {
		if pence < 0 {
			o.Refunded -= pence
		} else {
			o.Paid += pence
		}
	})
	o.allot()
	return o, err
}

// paidOn is what was paid on an account, less what was refunded.
func paidOn(state fhir.State, account string) (sum int64, err error) {
	err = eachPayment(state, account, func(pence int64) { sum += pence })
	return sum, err
}

func eachPayment(state fhir.State, account string, see func(pence int64)) error {
	return eachMovement(state, account, func(m *movement, _ *fhir.Version) { see(m.pence) })
}

// eachMovement reads what moved money on an account, with the PaymentNotice of it.
func eachMovement(state fhir.State, account string, see func(*movement, *fhir.Version)) error {
	ids, err := state.Find("PaymentNotice", nhs.Query("identifier", idAccount, account))
	if err != nil {
		return err
	}
	for _, id := range ids {
		v, err := standing(state, "PaymentNotice", "PaymentNotice/"+id)
		if err != nil {
			return err
		}
		if v == nil {
			continue
		}
		m, err := readMovement(state, v)
		if err != nil {
			return err
		}
		if m != nil && m.account == account {
			see(m, v)
		}
	}
	return nil
}
