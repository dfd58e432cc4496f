package reimbursement

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// The code of the Task that records a sending, and the names of its inputs.
const (
	sendTask       = "send-papers"
	inputForm      = "form"
	inputPaper     = "paper"
	inputSent      = "sent"
	inputReference = "reference"
)

var (
	papersInputs = []fhir.Parameter{monthInput, orgInput}
	sendInputs   = []fhir.Parameter{monthInput, orgInput,
		{Name: "form", Kinds: []string{"valueCode", "valueString"}, Required: true, Doc: "FP34PCD: originals of private prescriptions. FP10CDF: requisitions."},
		{Name: "sent", Kinds: []string{"valueDate"}, Required: true, Doc: "The day on which they were sent."},
		{Name: "reference", Kinds: []string{"valueString"}, Doc: "The number by which the parcel is traced."},
		{Name: "number", Kinds: []string{"valueString"}, Repeated: true, Doc: "The prescriptions or requisitions that were sent. By default all that are due."},
	}
)

// sendOperation is Claim/$papers-sent: it records that papers of a month were sent.
func (s *Service) sendOperation(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	month, err := monthParameter(call)
	if err != nil {
		return nil, err
	}
	org, err := pharmacyOf(call)
	if err == nil && org == "" {
		err = fhir.E("papers", fhir.Required, fhir.Issue{Rule: "MONTH-2", Expression: "org", Message: "The papers are those of one pharmacy.", Expected: "org= with its ODS code"})
	}
	if err != nil {
		return nil, err
	}
	s.closing.Lock() // a paper is sent once
	defer s.closing.Unlock()
	state := s.db.State(ctx)
	form, sent := parameter(call, "form"), parameter(call, "sent")
	chosen, err := chosenPapers(state, month, org, form, sent, parameters(call, "number"), call.Time)
	if err != nil {
		return nil, err
	}
	n, err := lastRecorded(state, "Task", func(n int) string { return sendingID(form, month, org, n) })
	if err != nil {
		return nil, err
	}
	id := sendingID(form, month, org, n+1)
	inputs := []any{inputValue(inputForm, "valueCode", form), inputValue(inputSent, "valueDate", sent)}
	if reference := strings.TrimSpace(parameter(call, "reference")); reference != "" {
		inputs = append(inputs, inputValue(inputReference, "valueString", reference))
	}
	for _, p := range chosen {
		inputs = append(inputs, inputValue(inputPaper, "valueString", p.number))
	}
	task := fhir.Obj("resourceType", "Task", "id", id,
		"meta", fhir.Obj("tag", fhir.List(fhir.Obj("system", csMonth, "code", monthOf(month.String(), org)))),
		"status", "completed", "intent", "order",
		"code", fhir.Obj("coding", fhir.List(fhir.Obj("system", csWork, "code", sendTask, "display", "Send papers"))),
		"description", fmt.Sprintf("%d papers of %s sent with %s.", len(chosen), month, form),
		"authoredOn", call.Time.UTC().Format(fhir.InstantLayout),
		"requester", fhir.Obj("identifier", fhir.Obj("value", call.Requester.Agent), "display", call.Requester.Display),
		"owner", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, org)),
		"input", fhir.List(inputs...)).Resource()
	return s.answerWith(ctx, call, []fhir.Change{{Method: fhir.Create, Type: "Task", ID: id, Resource: task, Expression: "Task"}})
}

// chosenPapers are the papers that somebody says were sent; what cannot be so is told
// all at once.
func chosenPapers(state fhir.State, month tariff.Month, org, name, sent string, numbers []string, now time.Time) (chosen []*sheetOfPaper, err error) {
	var issues []fhir.Issue
	wrong := func(rule, place, message, expected, found string) {
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: rule, Expression: place, Message: message, Expected: expected, Found: found})
	}
	if formNamed(name, month) == nil {
		wrong("PAPERS-1", "form", "The form is not known.", strings.Join(formNames, " or "), strconv.Quote(name))
	}
	day, err := time.Parse(time.DateOnly, sent)
	if err != nil || day.After(nhs.Midnight(now)) || day.Before(month.First()) {
		wrong("PAPERS-2", "sent", "The day of sending is not valid.", "a day from "+month.First().Format(time.DateOnly)+" to today", strconv.Quote(sent))
	}
	list, err := papersOf(state, month, org)
	if err != nil {
		return nil, err
	}
	for _, number := range numbers {
		if !slices.ContainsFunc(list, func(p *sheetOfPaper) bool { return p.form == name && p.number == number }) {
			wrong("PAPERS-3", "number", "The month has no such paper.", "a number that GET Claim/$papers lists", strconv.Quote(number))
		}
	}
	for _, p := range list {
		if p.form != name || len(numbers) > 0 && !slices.Contains(numbers, p.number) {
			continue
		}
		switch p.state(time.Time{}, now) {
		case "due":
			chosen = append(chosen, p)
		case "missing":
			if len(numbers) > 0 {
				wrong("PAPERS-3", "number", "The original is not in hand, by what is recorded.", "a record by Task/$record-original", p.number)
			}
		case "sent":
			if len(numbers) > 0 {
				wrong("PAPERS-3", "number", "The paper was sent before.", "a paper that is due", p.number+", sent on "+p.sent)
			}
		}
	}
	if len(issues) == 0 && len(chosen) == 0 {
		wrong("PAPERS-3", "number", "Nothing is due.", "papers that are in hand and were not sent", "none")
	}
	if len(issues) > 0 {
		return nil, &fhir.Error{Op: "papers", Kind: fhir.BusinessRule, Issues: issues}
	}
	return chosen, nil
}

// parameters are the values of a parameter that may be there several times.
func parameters(call *fhir.Call, name string) (values []string) {
	values = append(values, call.Params[name]...)
	if call.Body == nil {
		return values
	}
	for p := range call.Body.Get("parameter").Items() {
		if p.Get("name").Text() == name {
			values = append(values, p.Get("valueString").Text())
		}
	}
	return values
}
