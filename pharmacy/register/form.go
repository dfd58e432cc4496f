package register

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// form reads the parameters of an operation, and gathers what is wrong with them.
type form struct {
	s      *Service
	call   *fhir.Call
	op     string
	today  nhs.Date
	issues []fhir.Issue
	err    error
	also   []fhir.Change // what is written with the entry

	mayBeNone, signed bool // a quantity may be zero; it may be negative
}

func (f *form) add(name string, i fhir.Issue) {
	if i.Expression == "" {
		i.Expression = "Parameters.parameter.where(name='" + name + "')"
	}
	f.issues = append(f.issues, i)
}

func (f *form) want(ok bool, name, message, expected string) {
	if !ok {
		f.add(name, fhir.Issue{Rule: "REG-1", Code: fhir.Required, Message: message, Expected: expected, Found: "nothing"})
	}
}

// get is the parameter of a name, absent where there is none.
func (f *form) get(name string) fhir.Node {
	if f.call.Body != nil {
		for p := range f.call.Body.Get("parameter").Items() {
			if p.Get("name").Text() == name {
				return p
			}
		}
	}
	return fhir.Node{}
}

// text is the text of a parameter without blanks around it.
func (f *form) text(name string) string {
	return strings.TrimSpace(f.get(name).Get("valueString").Text())
}

// date is a day that is given, the zero Date where none is.
func (f *form) date(name string) nhs.Date {
	n := f.get(name).Get("valueDate")
	d := nhs.ReadDate(n.Text())
	if n.Exists() && d.IsZero() {
		f.add(name, fhir.Issue{Rule: "REG-1", Code: fhir.Invalid, Message: "The date is not a day.", Expected: "a day such as 2026-11-30", Found: n.Text(), Position: n.Position()})
	}
	return d
}

// day is a day on which something happened: today unless another is given, which is
// not to come.
func (f *form) day(name string, today nhs.Date) nhs.Date {
	d := f.date(name)
	if d.IsZero() {
		return today
	}
	if today.Before(d) {
		f.add(name, fhir.Issue{Rule: "REG-2", Message: "What is entered has happened: the day is not to come.", Expected: "a day until " + today.String(), Found: d.String()})
	}
	return d
}

// product is the medicine that is meant, as it is named and as the register has it.
func (f *form) product(on nhs.Date) (Product, fhir.Coding) {
	n := f.get("product").Get("valueCoding")
	c := fhir.Coding{System: n.Get("system").Text(), Code: n.Get("code").Text(), Display: n.Get("display").Text()}
	p := product(f.s.medicines, c, "", on)
	if !kept(p.Schedule, on, f.s.also) {
		found := p.Schedule
		if found == "" {
			found = "no schedule that the server knows of"
		}
		f.add("product", fhir.Issue{Rule: "MDR-19", Message: "The register is not kept for this medicine.", Expected: "a medicine of the schedules " + strings.Join(append(strings.Fields(ruleOn(ruleSchedules, on)), f.s.also...), ", ") + ", by its code in dm+d",
			Found: strings.TrimSpace(c.Code+" "+c.Display) + ": " + found, Position: n.Position()})
	}
	return p, c
}

// page is the page of a product in the unit of a quantity, which is the product's
// where none is given.
func (f *form) page(book Book, p Product, name string, on nhs.Date) (*Page, Quantity) {
	org, err := f.s.pharmacyFor(f.call)
	if err != nil {
		f.err = err
		return &Page{}, Quantity{}
	}
	n := f.get(name).Get("valueQuantity")
	q, ok := readQuantity(n)
	unit := f.s.medicines.Unit(q.Unit, q.System, q.Code, on)
	switch {
	case !n.Exists() && f.signed: // a note that changes no balance
	case !ok || q.Value.IsNegative() && !f.signed || q.Value.IsZero() && !f.mayBeNone:
		expected := "a value above 0"
		if f.mayBeNone {
			expected = "a number"
		}
		f.add(name, fhir.Issue{Rule: "REG-1", Code: fhir.Invalid, Message: "The quantity is not an amount.", Expected: expected, Found: fhir.OrNothing(n.Get("value").Text()), Position: n.Position()})
	case p.Unit != "" && unit != "" && unit != p.Unit:
		f.add(name, fhir.Issue{Rule: "REG-3", Message: "The medicine is counted in another unit.", Expected: p.Unit, Found: unit, Position: n.Position()})
	case p.Unit == "" && unit == "":
		f.add(name, fhir.Issue{Rule: "REG-3", Code: fhir.Required, Message: "The unit of the quantity is missing.", Expected: "Quantity.unit, such as tablet", Found: "nothing", Position: n.Position()})
	}
	if unit == "" {
		q.Unit = p.Unit
	}
	return newPage(f.s.medicines, org, book, p, q, on), q
}

// party is a person or firm that a parameter names by its parts.
func (f *form) party(name string) (p Party) {
	for part := range f.get(name).Get("part").Items() {
		text := strings.TrimSpace(part.Get("valueString").Text())
		switch part.Get("name").Text() {
		case "name":
			p.Name = text
		case "address":
			p.Address = text
		case "role":
			p.Role = text
		case "identifier":
			p.ID = text
			if id := part.Get("valueIdentifier"); id.Exists() {
				p.ID = id.Get("value").Text()
				if system := id.Get("system").Text(); system != "" {
					p.ID = system + "|" + p.ID
				}
			}
		}
	}
	f.want(p.Name != "", name, "The name of the "+map[string]string{"from": "supplier", "witness": "witness", "to": "person or firm supplied", "authority": "person who signed", "collector": "person collecting"}[name]+" is missing.", "the part name")
	return p
}

// parameter is the value of a parameter of the query string or of a Parameters body.
func parameter(call *fhir.Call, name string) fhir.Node {
	if call.Params.Has(name) {
		return fhir.Obj("value", call.Params.Get(name)).Resource().Get("value")
	}
	if call.Body == nil {
		return fhir.Node{}
	}
	for p := range call.Body.Get("parameter").Items() {
		if p.Get("name").Text() != name {
			continue
		}
		for m := range p.Members() {
			if strings.HasPrefix(m.Name(), "value") {
				return m
			}
		}
	}
	return fhir.Node{}
}
