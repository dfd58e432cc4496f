package invoicing

import (
	"context"
	"slices"
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
)

// credit is Invoice/…/$credit: what an issued invoice says too much is taken back
// by another, which is issued at once.
func (s *Service) credit(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	reason := text(call, "reason")
	if reason == "" {
		return nil, refuse("credit", "PRIV-3", fhir.Required, place("reason"), "It is not said why it is credited.", "the reason in words", "nothing", "")
	}
	return s.commit(ctx, call, "credit", func(state fhir.State) ([]fhir.Change, *fhir.Reply, error) {
		of, err := invoiceFor(state, call, "credit", false)
		if err != nil {
			return nil, nil, err
		}
		if of.status != "issued" || of.kind != ordinary {
			return nil, nil, refuse("credit", "PRIV-3", fhir.BusinessRule, "Invoice.status", "Only an invoice that was issued is credited.", "an issued invoice", of.status+" "+of.kind, "A draft follows from what was supplied: amend or withdraw the supply.")
		}
		backs, err := reversals(state, call, of)
		if err != nil {
			return nil, nil, err
		}
		i, err := nextCredit(state, of, reason)
		if err != nil {
			return nil, nil, err
		}
		i.lines = backs
		changes, err := s.issued(state, i, call.Time)
		return changes, &fhir.Reply{Resource: i.element()}, err
	})
}

// nextCredit is the next credit of an invoice by decision.
func nextCredit(state fhir.State, of *invoice, reason string) (*invoice, error) {
	for k := 1; ; k++ {
		id := decisionID(of.id, k)
		had, err := state.Current("Invoice", id)
		if err != nil {
			return nil, err
		}
		if had == nil {
			return of.credit(id, reason), nil
		}
	}
}

// reversals are the charges that take back the lines that a call names, or all that
// are not taken back.
func reversals(state fhir.State, call *fhir.Call, of *invoice) (backs []*charge, err error) {
	var named []int
	var issues []fhir.Issue
	wrong := func(code fhir.Code, message, expected, found, fix string) {
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: code, Rule: "PRIV-3", Expression: place("line"), Message: message, Expected: expected, Found: found, Fix: fix})
	}
	if call.Body != nil {
		for p := range call.Body.Get("parameter").Items() {
			if p.Get("name").Text() != "line" {
				continue
			}
			text := p.Get("valuePositiveInt").Text() + p.Get("valueInteger").Text()
			n, err := strconv.Atoi(text)
			switch {
			case err != nil || n < 1 || n > len(of.drawn):
				wrong(fhir.NotFound, "The invoice has no such line.", "a line from 1 to "+itoa(len(of.drawn)), text, "")
			case slices.Contains(named, n):
				wrong(fhir.Duplicate, "The line is named twice.", "each line once", text, "")
			default:
				named = append(named, n)
			}
		}
	}
	all := len(named) == 0 && issues == nil
	for n, l := range of.drawn {
		if !all && !slices.Contains(named, n+1) {
			continue
		}
		back, err := chargeOf(state, reversalID(l.charge))
		if err != nil {
			return nil, err
		}
		if back != nil {
			if !all {
				wrong(fhir.Duplicate, "The line is credited already.", "a line that is not credited", itoa(n+1)+", by "+back.ref(), "A credit that is a draft is issued with its own $issue.")
			}
			continue
		}
		c, err := chargeOf(state, l.charge)
		if err != nil {
			return nil, err
		}
		if c != nil {
			backs = append(backs, c.reversal(byDecision))
		}
	}
	if len(backs) == 0 && issues == nil {
		wrong(fhir.BusinessRule, "Nothing of the invoice is left to credit.", "a line that is not credited", "none", "")
	}
	if issues != nil {
		return nil, &fhir.Error{Op: "credit", Kind: issues[0].Code, Issues: issues}
	}
	return backs, nil
}
