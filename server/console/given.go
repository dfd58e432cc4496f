package console

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// parameters are what the form says, as the operation declares it; nil where it says nothing.
func (a *acting) parameters() []byte {
	var list []any
	for _, p := range a.op.Parameters {
		if a.typ == "Claim" && p.Name == "month" {
			list = append(list, fhir.Obj("name", "month", "valueString", a.id))
		}
		if (a.typ == "Claim" || a.typ == "Basic") && p.Name == "org" {
			list = append(list, fhir.Obj("name", "org", "valueString", a.org))
		}
		if slices.Contains(a.leave, p.Name) {
			continue
		}
		if p.Name == "item" && slices.Contains(p.Kinds, "part") {
			for n, item := range itemNames(a.task) {
				parts := []any{fhir.Obj("name", "number", "valueString", item.Name)}
				for _, part := range p.Parts {
					if value := a.value(part, "item."+strconv.Itoa(n)+"."+part.Name); part.Name != "number" && !value.IsZero() {
						parts = append(parts, value)
					}
				}
				if len(parts) > 1 {
					list = append(list, fhir.Obj("name", "item", "part", fhir.List(parts...)))
				}
			}
			continue
		}
		if slices.Contains(p.Kinds, "part") {
			var parts []any
			for _, part := range p.Parts {
				parts = append(parts, a.value(part, p.Name+"."+part.Name))
			}
			if all := fhir.List(parts...); !all.IsZero() {
				list = append(list, fhir.Obj("name", p.Name, "part", all))
			}
			continue
		}
		if p.Name == "item" {
			for _, item := range a.form["item"] {
				if item != "" {
					list = append(list, fhir.Obj("name", "item", "valueString", item))
				}
			}
			continue
		}
		list = append(list, a.value(p, p.Name))
	}
	all := fhir.List(list...)
	if all.IsZero() {
		return nil
	}
	return fhir.Obj("resourceType", "Parameters", "parameter", all).JSON()
}

// value is a parameter as the form has it, nothing where it was left empty.
func (a *acting) value(p fhir.Parameter, name string) fhir.Value {
	text := strings.TrimSpace(a.form.Get(name))
	if text == "" || len(p.Kinds) == 0 {
		return fhir.Value{}
	}
	switch kindOf(&p) {
	case "box":
		return fhir.Obj("name", p.Name, "valueBoolean", text == "true")
	case "number":
		n := amountIn(text)
		if n == "" {
			return fhir.Obj("name", p.Name, "valueString", text) // which the server refuses, and says why
		}
		return fhir.Obj("name", p.Name, "valueQuantity", fhir.Obj("value", fhir.Raw(n)))
	case "money":
		n := amountIn(strings.TrimSpace(strings.TrimPrefix(text, "£")))
		if n == "" {
			return fhir.Obj("name", p.Name, "valueString", text)
		}
		return fhir.Obj("name", p.Name, "valueMoney", fhir.Obj("value", fhir.Raw(n), "currency", "GBP"))
	case "whole":
		if !isDigits(text) || len(text) > 9 {
			return fhir.Obj("name", p.Name, "valueString", text)
		}
		return fhir.Obj("name", p.Name, "valuePositiveInt", fhir.Raw(cmp.Or(strings.TrimLeft(text, "0"), "0")))
	case "choice":
		if !slices.Contains(p.Kinds, "valueCode") {
			system, code, ok := strings.Cut(text, "|")
			if !ok && p.Name == "product" {
				system, code = medicines, text
			}
			code, display, _ := strings.Cut(code, "|")
			return fhir.Obj("name", p.Name, "valueCoding", fhir.Obj("system", system, "code", code, "display", display))
		}
		return fhir.Obj("name", p.Name, "valueCode", text)
	case "reference":
		if !a.isSet(name) {
			return fhir.Value{}
		}
		return fhir.Obj("name", p.Name, "valueReference", fhir.Obj("reference", text))
	case "date":
		return fhir.Obj("name", p.Name, "valueDate", text)
	case "":
		return fhir.Value{}
	}
	return fhir.Obj("name", p.Name, "valueString", text)
}

// medicines is the system of the codes of medicines: dm+d.
const medicines = "https://dmd.nhs.uk"

// amountIn is a number as JSON has it, "" where a text is none.
func amountIn(text string) string {
	minus := ""
	if rest, less := strings.CutPrefix(strings.Replace(text, "−", "-", 1), "-"); less {
		text, minus = rest, "-"
	}
	if strings.Trim(text, "0123456789.") != "" || strings.Count(text, ".") > 1 || strings.Trim(text, ".") == "" {
		return ""
	}
	text = strings.TrimLeft(text, "0")
	if text == "" || text[0] == '.' {
		text = "0" + text
	}
	return minus + strings.TrimSuffix(text, ".")
}

// fieldAt is the name of the field of which an issue tells, by its expression and by what
// was sent: "Parameters.parameter[1].part[0].valueString", or with where(name='batch').
func (a *acting) fieldAt(body []byte, expression string) string {
	rest, ok := strings.CutPrefix(expression, "Parameters.parameter")
	if !ok || len(body) == 0 {
		return ""
	}
	sent, err := fhir.Parse(body)
	if err != nil {
		return ""
	}
	list, names := sent.Get("parameter"), []string(nil)
	for rest != "" && len(names) < 3 {
		var p fhir.Node
		switch {
		case strings.HasPrefix(rest, ".where(name"):
			name, after, _ := strings.Cut(strings.TrimLeft(rest[len(".where(name"):], " ='"), "')")
			names, p, rest = append(names, name), parameter(list, name), after
		case rest[0] == '[':
			place, after, _ := strings.Cut(rest[1:], "]")
			n, err := strconv.Atoi(place)
			if err != nil {
				return ""
			}
			p, rest = list.Item(n), after
			names = append(names, p.Get("name").Text())
		default:
			return ""
		}
		if len(names) == 1 && names[0] == "item" && p.Get("part").Exists() {
			number := parameter(p.Get("part"), "number").Get("valueString").Text()
			names[0] = "item." + strconv.Itoa(slices.IndexFunc(itemNames(a.task), func(f fact) bool { return f.Name == number }))
		}
		if rest, ok = strings.CutPrefix(rest, ".part"); !ok {
			break
		}
		list = p.Get("part")
	}
	return strings.Join(names, ".")
}
