package console

import (
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
		minus := ""
		if rest, less := strings.CutPrefix(text, "-"); less {
			text, minus = rest, "-"
		}
		if strings.Trim(text, "0123456789.") != "" || strings.Count(text, ".") > 1 || strings.Trim(text, ".") == "" {
			return fhir.Obj("name", p.Name, "valueString", text) // which the server refuses, and says why
		}
		text = strings.TrimLeft(text, "0")
		if text == "" || text[0] == '.' {
			text = "0" + text
		}
		return fhir.Obj("name", p.Name, "valueQuantity", fhir.Obj("value", fhir.Raw(minus+strings.TrimSuffix(text, "."))))
	case "choice":
		if !slices.Contains(p.Kinds, "valueCode") {
			system, code, _ := strings.Cut(text, "|")
			return fhir.Obj("name", p.Name, "valueCoding", fhir.Obj("system", system, "code", code))
		}
		return fhir.Obj("name", p.Name, "valueCode", text)
	case "date":
		return fhir.Obj("name", p.Name, "valueDate", text)
	case "":
		return fhir.Value{}
	}
	return fhir.Obj("name", p.Name, "valueString", text)
}
