package register

import (
	"context"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// guard keeps the register: its entries are written by the server alone, whatever way
// a change comes, and none is ever altered or removed (MDR-20). What needs a second
// person is asked in the commit.
func (s *Service) guard(_ context.Context, state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	switch after.Type {
	case "MedicationDispense":
		return s.guardSupply(state, tx, before, after)
	case "SupplyRequest", "SupplyDelivery":
		return s.guardGoods(state, tx, before, after)
	case "Basic":
	default:
		return nil
	}
	if err := guardResponsible(tx, before, after); err != nil {
		return err
	}
	was, err := ofRegister(before)
	if err != nil {
		return err
	}
	is, err := ofRegister(after)
	if err != nil || !was && !is {
		return err
	}
	if was || !pharmacy.Own(tx, after) {
		return refusal("register", fhir.Issue{Rule: "MDR-20", Expression: "Basic", Message: "An entry of the controlled drugs register is written by the server alone, and is neither altered nor removed.", Found: after.Ref(),
			Fix: "Record what happened by Basic/$receive-stock, $destroy or $stock-check; correct by Basic/$correct-register, which adds a dated note."})
	}
	r, err := after.Resource()
	if err != nil || !isEntry(r) {
		return err
	}
	e, err := readEntry(after)
	if err != nil {
		return err
	}
	return s.secondPerson(state, tx, e)
}

// ofRegister reports whether a version is of the register: by its code, by the
// identifiers by which it would be found, or by what it would say.
func ofRegister(v *fhir.Version) (bool, error) {
	if v == nil || v.Deleted() {
		return false, nil
	}
	r, err := v.Resource()
	if err != nil {
		return false, err
	}
	for c := range r.Get("code").Get("coding").Items() {
		if c.Get("system").Text() == csRecord {
			return true, nil
		}
	}
	for _, system := range []string{idPage, idPages, idSource} {
		if nhs.Identifier(r.Root(), system).Exists() {
			return true, nil
		}
	}
	return nhs.Extension(r.Root(), extEntry).Exists() || nhs.Extension(r.Root(), extPage).Exists(), nil
}

// acts are the acts of which duties.tsv says that another person witnesses them.
var acts = map[Kind]string{Destroyed: "destroy", StockCheck: "count", Corrected: "register"}

// secondPerson wants that the witness of an entry is another person than who records
// it. Corrections that follow from the record of a supply have none.
func (s *Service) secondPerson(state fhir.State, tx *fhir.Transaction, e *Entry) error {
	act, ok := acts[e.Kind]
	if !ok || e.Source != "" {
		return nil
	}
	if e.Witness.Name == "" || strings.EqualFold(strings.TrimSpace(e.Witness.Name), strings.TrimSpace(tx.Requester.Display)) && e.Witness.ID == "" {
		return refusal("register", fhir.Issue{Code: fhir.Forbidden, Rule: "second-person", Expression: "Parameters.parameter.where(name='witness')", Message: "This needs another person.",
			Found: fhir.OrNothing(e.Witness.Name), Expected: "a witness who is not the caller", Fix: "Name the other person with their role, and by identifier where they have the caller's name."})
	}
	if s.duties == nil {
		return nil
	}
	page, err := pageOf(state, e.Page)
	if err != nil || page == nil {
		return err
	}
	return s.duties.Separate(state, act, page.Product.Schedule, tx.Requester, e.Witness.ID)
}

// refusal gathers issues as the refusal of an operation.
func refusal(op string, issues ...fhir.Issue) error {
	for i := range issues {
		issues[i].Severity = fhir.Err
		if issues[i].Code == "" {
			issues[i].Code = fhir.BusinessRule
		}
	}
	return &fhir.Error{Op: op, Kind: issues[0].Code, Issues: issues}
}
