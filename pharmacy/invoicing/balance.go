package invoicing

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
)

// balance is Invoice/…/$balance.
func (s *Service) balance(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	state := s.db.State(ctx)
	i, err := invoiceFor(state, call, "balance", true)
	if err != nil {
		return nil, err
	}
	o, err := owedOn(state, i.account)
	if err != nil {
		return nil, err
	}
	return &fhir.Reply{Resource: o.parameters(), Impersonal: true}, nil
}

// parameters tell of an account.
func (o *Owed) parameters() *fhir.Resource {
	parts := []any{
		fhir.Obj("name", "account", "valueString", o.Account),
		amount("invoiced", o.Invoiced), amount("credited", -o.Credited), amount("paid", o.Paid), amount("refunded", -o.Refunded), amount("due", o.Due()), amount("unused", o.Unused()),
	}
	for _, i := range o.Invoices {
		parts = append(parts, fhir.Obj("name", "invoice", "part", fhir.List(fhir.Obj("name", "reference", "valueReference", fhir.Obj("reference", i.Ref)), fhir.Obj("name", "number", "valueString", i.Number),
			amount("amount", i.Gross), amount("due", i.Due))))
	}
	return fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(parts...)).Resource()
}

func amount(name string, pence int64) fhir.Value {
	return fhir.Obj("name", name, "valueMoney", money(pence))
}
