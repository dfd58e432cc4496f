package console

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// formOf is the form of an act, which is done once however often it is sent with the same
// once.
func (v *visit) formOf(a *acting, once string) *form {
	f := &form{Heading: strings.TrimSuffix(a.words, "…"), Doc: a.op.Doc, Action: address(a.door, a.id, a.act.op), Version: a.form.Get("version"), Back: a.backOf(), Set: a.form.Get("set"), Once: once}
	if a.doc != "" {
		f.Doc = a.doc
	}
	if words := responsibleActs[a.form.Get("act")]; words != "" && a.act.op == "responsible-pharmacist" {
		f.Heading, f.Doc = words, responsibleDocs[a.form.Get("act")]
	}
	for _, p := range a.op.Parameters {
		if p.Name == "registration" && a.isSet("act") && a.form.Get("act") != "start" {
			continue
		}
		if x := v.fieldOf(a, p, ""); askable(&x) && !slices.Contains(a.leave, p.Name) {
			f.Fields = append(f.Fields, x)
		} else if len(x.Parts) > 0 {
			f.Fields = append(f.Fields, x.Parts...)
		}
	}
	return f
}

// settable are the fields that a link to a form may have set: what the act is on.
var settable = []string{"product", "batch", "expiry", "location", "hold", "item", "about", "act", "order", "from"}

// isSet reports whether a field is as the link to the form had it, and is not asked.
func (a *acting) isSet(name string) bool {
	return slices.Contains(settable, name) && a.form.Get(name) != "" && slices.Contains(strings.Split(a.form.Get("set"), ","), name)
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
		case "valuePositiveInt", "valueInteger":
			return "whole"
		case "valueReference":
			return "reference"
		case "valueQuantity":
			return "number"
		case "valueMoney":
			return "money"
		}
	}
	return ""
}

// askable reports whether people are asked for a field: a reference is set by the link to
// the form, or not sent.
func askable(f *field) bool { return f.Kind != "" && f.Kind != "reference" }

// fieldOf is the control for a parameter. An item is a group for each item of the
// prescription, or a box for each.
func (v *visit) fieldOf(a *acting, p fhir.Parameter, within string) field {
	name := within + p.Name
	path := strings.TrimLeft(strings.TrimPrefix(name, "item."), "0123456789")
	if path != name {
		path = "item" + path
	}
	f := field{Name: name, Label: labelOf(a.act.op, path, &p), Hint: hintOf(a.act.op, path, &p), Kind: kindOf(&p), Value: a.form.Get(name), Required: p.Required && p.Name != "item"}
	switch {
	case a.isSet(name):
		f.Kind, f.Hint, f.Words = "set", "", wordsIn(f.Value)
		switch name {
		case "about", "act", "order": // the hold that is meant, the order, or what the heading says
			f.Kind = "pass"
		case "item":
			for _, i := range itemNames(a.task) {
				if i.Name == f.Value {
					f.Words = i.Value
				}
			}
		}
	case p.Name == "item" && slices.Contains(p.Kinds, "part"):
		f.Kind = ""
		for n, item := range itemNames(a.task) {
			group := field{Kind: "group", Label: item.Value, Name: "item." + strconv.Itoa(n)}
			for _, part := range p.Parts {
				if part.Name == "number" {
					continue
				}
				x := v.fieldOf(a, part, "item."+strconv.Itoa(n)+".")
				if x.Required = false; askable(&x) && part.Name != "endorsement" && part.Name != "product" && part.Name != "protocol" {
					group.Parts = append(group.Parts, x)
				}
			}
			f.Parts = append(f.Parts, group)
		}
	case slices.Contains(p.Kinds, "part"):
		f.Kind = "group"
		for _, part := range p.Parts {
			if x := v.fieldOf(a, part, p.Name+"."); askable(&x) {
				x.Required = x.Required && p.Required
				f.Parts = append(f.Parts, x)
			}
		}
	case p.Name == "item" && len(itemNames(a.task)) > 0:
		f.Kind, f.Label, f.Hint = "boxes", "Items", "With none chosen, everything that is outstanding is meant."
		if a.act.op == "query" || a.act.op == "hold" {
			f.Hint = "Those that are chosen wait, and the others go on. With none chosen, everything that is outstanding waits."
		}
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
	}
	return f
}

// capital begins a name with a capital letter.
func capital(name string) string { return strings.ToUpper(name[:1]) + name[1:] }
