package reimbursement

import (
	"context"
	"encoding/base64"
	"errors"
	"math/big"
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
)

// figuresInputs are those of $export-month, with what is wanted of it.
var figuresInputs = append(append([]fhir.Parameter{}, exportInputs...),
	fhir.Parameter{Name: "list", Kinds: []string{"valueCode", "valueString"}, Doc: "figures, which is the default: those that the declaration (FP34C) asks for. claims: a row for each claim."},
	fhir.Parameter{Name: "average-item-value", Kinds: []string{"valueDecimal", "valueString"}, Doc: "The average value of an item in pounds, by which the advance payment is estimated."})

// figuresOperation is Claim/$month-figures: the figures of what $export-month
// returns, as a Binary with a CSV. It records nothing.
func (s *Service) figuresOperation(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	q, err := exportRequest(call)
	if err != nil {
		return nil, err
	}
	var advance *big.Rat
	if text := parameter(call, "average-item-value"); text != "" {
		pounds, ok := pricing.ParseDecimal(text)
		if !ok || pounds.Sign() <= 0 {
			return nil, fhir.E("figures", fhir.Invalid, fhir.Issue{Rule: "MONTH-3", Expression: "average-item-value", Message: "The average value of an item is not a valid amount.", Expected: "pounds, such as 7.85", Found: strconv.Quote(text)})
		}
		advance = pounds.Mul(pounds, big.NewRat(100, 1))
	}
	list, err := s.ExportMonth(ctx, q)
	if err != nil {
		return nil, err
	}
	if len(list) != 1 {
		return nil, fhir.E("figures", fhir.Invalid, fhir.Issue{Rule: "MONTH-2", Expression: "org", Message: "The figures are those of one pharmacy that has claims in the month.", Expected: "org= with the ODS code of a pharmacy", Found: strconv.Itoa(len(list)) + " pharmacies with claims in " + q.Month.String()})
	}
	text, err := s.figuresOf(list[0], parameter(call, "list"), advance)
	if err != nil {
		return nil, err
	}
	return &fhir.Reply{Impersonal: true, Resource: fhir.Obj("resourceType", "Binary", "id", pharmacy.ID("Binary", "figures", list[0].name(), parameter(call, "list")),
		"contentType", "text/csv", "data", base64.StdEncoding.EncodeToString([]byte(text))).Resource()}, nil
}

// figuresOf writes the figures of an export, or its claims, as text.
func (s *Service) figuresOf(e *Export, list string, advance *big.Rat) (string, error) {
	b := capped{room: (fhir.MaxSize - 1024) / 4 * 3} // base64 takes four bytes for three
	var err error
	switch list {
	case "", "figures":
		err = s.writeFigures(&b, e, advance)
	case "claims":
		err = s.WriteClaims(&b, e)
	default:
		err = fhir.E("figures", fhir.Invalid, fhir.Issue{Rule: "MONTH-3", Expression: "list", Message: "The list is not known.", Expected: "figures or claims", Found: strconv.Quote(list)})
	}
	if errors.Is(err, errTooLarge) {
		err = fhir.E("figures", fhir.TooCostly, fhir.Issue{Expression: "list", Message: "The list is too large for one answer (over " + strconv.Itoa(b.room) + " bytes).", Fix: "Take the claims from: pestle export claims --month " + e.Month.String()})
	}
	return b.String(), err
}
