package register

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Pages are the pages that a query asks for.
type Pages struct {
	List []*Reading
	// Outstanding is how many supplies were recorded and are not entered yet.
	Outstanding int
}

// Read reads pages of the register.
func (s *Service) Read(ctx context.Context, q Query) (p Pages, err error) {
	state, left, err := s.settled(ctx)
	if err != nil {
		return p, err
	}
	p.Outstanding = left
	p.List, err = read(state, q)
	return p, err
}

// registerOperation is Basic/$register.
func (s *Service) registerOperation(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	q, err := s.asked(call)
	if err != nil {
		return nil, err
	}
	pages, err := s.Read(ctx, q)
	if err != nil {
		return nil, err
	}
	list, size := []any{fhir.Obj("name", "outstanding", "valueUnsignedInt", pages.Outstanding)}, 0
	for _, r := range pages.List {
		page := r.parameter()
		if size += len(page.JSON()); size > fhir.MaxSize-1024 {
			return nil, fhir.E("register", fhir.TooCostly, fhir.Issue{Message: "The pages are too large for one answer (over " + strconv.Itoa(fhir.MaxSize) + " bytes).", Fix: "Ask for one product or fewer days, or use: pestle register"})
		}
		list = append(list, page)
	}
	return &fhir.Reply{Resource: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(list...)).Resource()}, nil
}

// parameter is a page with its entries, each with its number, the balance after it
// and, where it was entered late, by how many days.
func (r *Reading) parameter() fhir.Value {
	list := []any{fhir.Obj("name", "page", "resource", r.change().Resource)}
	balance := func(name string, value decimal.Decimal) fhir.Value {
		if r.Book != Register {
			return fhir.Value{} // what patients return is not stock
		}
		return fhir.Obj("name", name, "valueQuantity", r.Unit.of(value).element())
	}
	list = append(list, balance("forward", r.Forward), balance("balance", r.Balance))
	for _, l := range r.Lines {
		line := []any{fhir.Obj("name", "number", "valuePositiveInt", l.Number),
			fhir.Obj("name", "entered", "valueInstant", instant(l.Entered)),
			fhir.Obj("name", "entry", "resource", l.change().Resource),
			balance("balance", l.Balance)}
		if l.Late > 0 {
			line = append(line, fhir.Obj("name", "daysLate", "valuePositiveInt", l.Late))
		}
		list = append(list, fhir.Obj("name", "entry", "part", fhir.List(line...)))
	}
	return fhir.Obj("name", "page", "part", fhir.List(list...))
}

// asked reads what a call asks for.
func (s *Service) asked(call *fhir.Call) (q Query, err error) {
	text := func(name string) string { return parameter(call, name).Text() }
	if q.Org, err = s.Readable(call.Requester, text("org")); err != nil {
		return q, err
	}
	q.Product, q.Class = text("product"), text("class")
	var issues []fhir.Issue
	wrong := func(name, expected string) {
		issues = append(issues, fhir.Issue{Rule: "REG-1", Code: fhir.Invalid, Message: fmt.Sprintf("The value of %s is not valid.", name), Expression: name, Expected: expected, Found: text(name)})
	}
	if q.Book = Book(text("book")); q.Book != "" && q.Book != Register && q.Book != PatientReturns {
		wrong("book", "register or patient-returns")
	}
	for _, d := range []struct {
		name string
		into *nhs.Date
	}{{"from", &q.From}, {"to", &q.To}} {
		if *d.into = nhs.ReadDate(text(d.name)); text(d.name) != "" && d.into.IsZero() {
			wrong(d.name, "a day such as 2026-11-30")
		}
	}
	if at := text("at"); at != "" {
		if q.At, err = time.Parse(time.RFC3339, at); err != nil {
			wrong("at", "a time such as 2026-11-30T12:00:00Z")
		}
	}
	if len(issues) > 0 {
		return q, refusal("register", issues...)
	}
	return q, nil
}

// Readable is the pharmacy whose register a caller reads, by the one that they name
// or "": who sees the resources of every organisation, such as an auditor, names any
// of them, or none for all.
func (s *Service) Readable(who fhir.Principal, named string) (string, error) {
	if who.SeesAll || !who.Bound() {
		return strings.ToUpper(named), nil
	}
	org := strings.ToUpper(cmp.Or(named, who.OnBehalf))
	if !who.ActsFor(org) {
		return "", who.NotFor("register", fhir.Node{}, org)
	}
	return org, nil
}
