package console

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

func (v *visit) formOf(a *acting) *form {
	f := &form{Heading: strings.TrimSuffix(a.words, "…"), Doc: a.op.Doc, Action: address(a.door, a.id, a.act.op), Version: a.form.Get("version"), Back: a.backOf()}
	for _, p := range a.op.Parameters {
		if x := v.fieldOf(a, p, ""); x.Kind != "" && !slices.Contains(a.leave, p.Name) {
			f.Fields = append(f.Fields, x)
		} else if len(x.Parts) > 0 {
			f.Fields = append(f.Fields, x.Parts...)
		}
	}
	return f
}

// kindOf is how a parameter is asked for, by its FHIR type; "" where it is not.
func kindOf(p *fhir.Parameter) string {
	for _, kind := range p.Kinds {
		switch kind {
		case "valueString", "valueUri":
			if slices.Contains([]string{"reason", "question", "note", "schedule"}, p.Name) {
				return "long"
			}
			return "text"
		case "valueCode", "valueCoding":
			return "choice"
		case "valueBoolean":
			return "box"
		case "valueDate":
			return "date"
		case "valueQuantity", "valueMoney":
			return "number"
		}
	}
	return ""
}

// fieldOf is the control for a parameter. An item is a group for each item of the
// prescription, or a box for each.
func (v *visit) fieldOf(a *acting, p fhir.Parameter, within string) field {
	name := within + p.Name
	f := field{Name: name, Label: labelOf(p.Name), Hint: p.Doc, Kind: kindOf(&p), Value: a.form.Get(name), Required: p.Required && p.Name != "item"}
	switch {
	case p.Name == "item" && slices.Contains(p.Kinds, "part"):
		f.Kind = ""
		for n, item := range itemNames(a.task) {
			group := field{Kind: "group", Label: item.Value, Name: "item." + strconv.Itoa(n)}
			for _, part := range p.Parts {
				if part.Name == "number" {
					continue
				}
				x := v.fieldOf(a, part, "item."+strconv.Itoa(n)+".")
				if x.Required = false; x.Kind != "" && part.Name != "endorsement" && part.Name != "product" && part.Name != "protocol" {
					group.Parts = append(group.Parts, x)
				}
			}
			f.Parts = append(f.Parts, group)
		}
	case slices.Contains(p.Kinds, "part"):
		f.Kind = "group"
		for _, part := range p.Parts {
			if x := v.fieldOf(a, part, p.Name+"."); x.Kind != "" {
				f.Parts = append(f.Parts, x)
			}
		}
	case p.Name == "item" && len(itemNames(a.task)) > 0:
		f.Kind, f.Label, f.Hint = "boxes", "Items", "With none chosen, everything that is outstanding is meant."
		for _, item := range itemNames(a.task) {
			f.Choices = append(f.Choices, choice{item.Name, item.Value, slices.Contains(a.form["item"], item.Name)})
		}
	case f.Kind == "choice":
		list := v.config.Codes(a.typ+"/$"+a.act.op, p.Name)
		coding := !slices.Contains(p.Kinds, "valueCode")
		for _, c := range list {
			value := c.Code
			if coding {
				value = c.System + "|" + c.Code
			}
			f.Choices = append(f.Choices, choice{Value: value, Words: strings.TrimSpace(c.Display + " (" + c.Code + ")")})
		}
		if len(list) == 0 {
			f.Kind = "text"
		}
		if p.Name == "hold" && f.Value != "" {
			f.Choices = []choice{{f.Value, f.Value, true}}
			f.Kind = "choice"
		}
	}
	return f
}

// labels are names of parameters as people say them.
var labels = map[string]string{
	"hold": "Why", "reason": "Reason", "note": "Note", "all": "Everything that is outstanding, in full", "bag": "Into the bag, to be", "whenHandedOver": "Handed over", "exemptionEvidence": "Evidence of the exemption",
	"collectorName": "Name of who collects", "collectorAddress": "Address of who collects", "collector": "Who collects", "identityRequested": "Proof of identity was asked for", "identityProvided": "Proof of identity was shown",
	"newPrescription": "Ask to cancel and prescribe anew", "signatureChecked": "The form and its signature were compared", "prescriberNumber": "Number of the prescriber", "scan": "Scan of the pack", "expected": "Expected on",
	"notDispensed": "Not dispensed at all, because", "received": "Received on", "about": "About",
}

func labelOf(name string) string {
	if l := labels[name]; l != "" {
		return l
	}
	return strings.ToUpper(name[:1]) + name[1:]
}
