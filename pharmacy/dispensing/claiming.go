package dispensing

import (
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// ClaimCodes knows what a claim may say of the prescription charge and of
// endorsements; the codes are dated data of whoever claims.
type ClaimCodes interface {
	// CodesOn are the codes of a system that hold on a day.
	CodesOn(state fhir.State, system string, day time.Time) ([]string, error)
	// ChargeAssumed says in words, where a claim for the patient would say that
	// the prescription charge was paid because nothing tells why it is not; ""
	// where something does, or nobody pays.
	// It is asked by whom the claim is paid, an ODS code.
	ChargeAssumed(state fhir.State, patient, payer string, day time.Time) (string, error)
	// AmendableUntil is the last day on which the claim for a supply of a day may
	// be amended; the zero time where there is no such day.
	AmendableUntil(state fhir.State, day time.Time) (time.Time, error)
}

// noteClaim reads what a $dispense says for the claim, and puts it into the Task:
// why the patient pays no charge, with the evidence, and the endorsements of the
// items. What is said again replaces what was said before.
func (s *Service) noteClaim(state fhir.State, x *execution, call *fhir.Call, when string) ([]fhir.Issue, error) {
	f := &message.Findings{}
	day := nhs.ReadDate(when).Time
	if call.Body == nil {
		return nil, nil
	}
	if e := message.Parameter(call.Body, "exemption"); e.Exists() {
		code := e.Get("valueCode")
		if err := s.knownCode(state, f, code, nhs.CSExemption, "DN-16", "exemption", day); err != nil {
			return nil, err
		}
		evidence := message.Parameter(call.Body, "exemptionEvidence").Get("valueCode")
		if text := evidence.Text(); text != "" && text != "evidence-seen" && text != "no-evidence-seen" {
			f.Rule = "DN-16"
			f.At(evidence, fhir.Issue{Code: fhir.CodeInvalid, Message: "The evidence is not a code of " + nhs.CSEvidence + ".", Expected: "evidence-seen or no-evidence-seen", Found: text})
		}
		x.exemption = fhir.Obj("url", nhs.ExtOwnExemption, "extension", fhir.List(
			fhir.Obj("url", "exemption", "valueCoding", fhir.Obj("system", nhs.CSExemption, "code", code)),
			fhir.Obj("url", "evidence", "valueCoding", fhir.Obj("system", nhs.CSEvidence, "code", orText(evidence, "no-evidence-seen")))))
	} else if n := message.Parameter(call.Body, "exemptionEvidence"); n.Exists() {
		f.Rule = "DN-16"
		f.At(n, fhir.Issue{Code: fhir.Required, Message: "Evidence is of an exemption, and none is given.", Expected: "the parameter exemption", Found: "nothing"})
	}
	for n := range call.Body.Get("parameter").Items() {
		if n.Get("name").Text() == "item" {
			if err := s.noteEndorsements(state, x, f, n, day); err != nil {
				return nil, err
			}
		}
	}
	return f.Issues, nil
}

func (s *Service) noteEndorsements(state fhir.State, x *execution, f *message.Findings, item node, day time.Time) error {
	line, _ := x.named(item)
	for part := range item.Get("part").Items() {
		if part.Get("name").Text() != "endorsement" {
			continue
		}
		said := part.Get("valueCodeableConcept")
		code := nhs.CodingOf(said, nhs.CSEndorsement).Get("code")
		if !code.Exists() {
			f.Rule = "DN-17"
			f.At(said, fhir.Issue{Code: fhir.Required, Message: "The endorsement has no code.", Expected: "a coding of " + nhs.CSEndorsement + ", with its supporting information as text", Found: said.Brief()})
			continue
		}
		if err := s.knownCode(state, f, code, nhs.CSEndorsement, "DN-17", "endorsement", day); err != nil {
			return err
		}
		if line != nil {
			x.endorsements = append(x.endorsements, endorsement{line.Item, fhir.Obj("url", nhs.ExtOwnEndorsement, "extension", fhir.List(
				fhir.Obj("url", "item", "valueIdentifier", nhs.IdentifierValue(nhs.IDItem, line.Item)),
				fhir.Obj("url", "endorsement", "valueCodeableConcept", said)))})
		}
	}
	return nil
}

// endorsement is one of an item, as an extension of the Task.
type endorsement struct {
	item  string
	value fhir.Value
}

// knownCode refuses a code that has no meaning on the day of the supply.
func (s *Service) knownCode(state fhir.State, f *message.Findings, code node, system, rule, what string, day time.Time) error {
	f.Rule = rule
	if s.codes == nil {
		f.At(code, fhir.Issue{Code: fhir.NotSupported, Message: "Nothing is claimed here, so no " + what + " can be recorded.", Found: code.Text()})
		return nil
	}
	codes, err := s.codes.CodesOn(state, system, day)
	if err != nil {
		return err
	}
	for _, known := range codes {
		if known == code.Text() {
			return nil
		}
	}
	f.At(code, fhir.Issue{Code: fhir.CodeInvalid, Message: "The " + what + " code has no meaning on " + day.Format(time.DateOnly) + ".", Expected: "one of " + strings.Join(codes, ", "), Found: code.Text()})
	return nil
}

// claimExtensions are the extensions of the Task with what this call says for
// the claim in the place of what an earlier one said.
func (x *execution) claimExtensions(extensions []any) []any {
	var out []any
	for _, e := range extensions {
		n, ok := e.(node)
		if ok && !x.exemption.IsZero() && n.Get("url").Text() == nhs.ExtOwnExemption {
			continue
		}
		if ok && n.Get("url").Text() == nhs.ExtOwnEndorsement && x.endorses(nhs.Extension(n, "item").Path("valueIdentifier", "value").Text()) {
			continue
		}
		out = append(out, e)
	}
	if !x.exemption.IsZero() {
		out = append(out, x.exemption)
	}
	for _, e := range x.endorsements {
		out = append(out, e.value)
	}
	return out
}

func (x *execution) endorses(item string) bool {
	for _, e := range x.endorsements {
		if strings.EqualFold(e.item, item) {
			return true
		}
	}
	return false
}

// askForExemption remarks that a claim will say the charge was paid, where the
// supply settles a prescription of the NHS and nothing tells of an exemption.
func (s *Service) askForExemption(state fhir.State, x *execution, when string) ([]fhir.Issue, error) {
	if s.codes == nil || x.Private() || !x.exemption.IsZero() || nhs.Extension(x.resource.Root(), nhs.ExtOwnExemption).Exists() {
		return nil, nil
	}
	words, err := s.codes.ChargeAssumed(state, x.Patient.Ref, s.site.ReimbursementAuthority, nhs.ReadDate(when).Time)
	if err != nil || words == "" {
		return nil, err
	}
	return []fhir.Issue{{Severity: fhir.Warning, Code: fhir.BusinessRule, Rule: "DN-21", Expression: "Parameters.parameter", Message: words,
		Fix: "Where the patient does not pay, give the parameter exemption with a code of " + nhs.CSExemption + ", and exemptionEvidence."}}, nil
}

func orText(n node, otherwise string) string {
	if n.Text() == "" {
		return otherwise
	}
	return n.Text()
}
