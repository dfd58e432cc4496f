package reimbursement

import (
	"fmt"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// CodesOn are the codes of prescription-charge-exemption or
// medicationdispense-endorsement that have a meaning on a day.
func (s *Service) CodesOn(state fhir.State, system string, day time.Time) ([]string, error) {
	lists, err := s.shelf.codeLists(state)
	if err != nil {
		return nil, err
	}
	switch system {
	case nhs.CSExemption:
		return lists.exemptions.Codes(day), nil
	case nhs.CSEndorsement:
		return lists.endorsements.Codes(day), nil
	}
	return nil, nil
}

// ChargeAssumed says in words that a claim for a patient would say the charge
// was paid, where nothing tells why it is not: see [exempt].
func (s *Service) ChargeAssumed(state fhir.State, patient, payer string, day time.Time) (string, error) {
	book, err := s.shelf.book(state, day)
	if err != nil {
		return "", err
	}
	r, err := current(state, "Patient", patient)
	if err != nil {
		return "", err
	}
	e, err := exempt(state, book, payers[payer].country, r, day)
	if err != nil || e.Charge != tariff.ChargeDue {
		return "", err
	}
	charge, ok := book.Fees.At(tariff.PrescriptionCharge, day)
	if !ok {
		return "", nil
	}
	return fmt.Sprintf("No exemption from the prescription charge is given, and neither age nor a Coverage tells of one: the claim says that the patient paid (%s for each item that is chargeable).", sterling(charge.Number())), nil
}

// AmendableUntil is the last day on which the claim for a supply of a day may be
// amended, zero where the fee schedule has no such day.
func (s *Service) AmendableUntil(state fhir.State, day time.Time) (time.Time, error) {
	fees, _, err := s.shelf.fees(state)
	if err != nil {
		return time.Time{}, err
	}
	return amendableUntil(fees, day, day), nil
}

// amendableUntil is that day by the rule that holds on a day.
func amendableUntil(fees *tariff.Fees, supplied, rule time.Time) time.Time {
	f, ok := fees.At(tariff.ClaimAmendDeadline, rule)
	if !ok {
		return time.Time{}
	}
	return (tariff.MonthOf(supplied) + 1).First().AddDate(0, 0, int(f.Number().Num().Int64())-1)
}
