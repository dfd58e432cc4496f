package notices

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// csNote is of the category of a Communication that is a note of the pharmacy about a
// prescription or a patient. Whom each code is for follows from the table of redaction.
const csNote = nhs.Own + "CodeSystem/note"

// readers are for whom a note is, with the codes of its category.
var readers = []fhir.Coding{
	{System: csNote, Code: "note", Display: "Note"},
	{System: csNote, Code: "pharmacy-note", Display: "Note for the people of the pharmacy"},
}

// longest is how many characters a note has at most.
const longest = 2000

var noteInputs = []fhir.Parameter{
	{Name: "note", Kinds: []string{"valueString"}, Required: true, Doc: "What is noted, in at most 2000 characters."},
	{Name: "readers", Kinds: []string{"valueCode"}, Required: true, Doc: "For whom it is: note for everybody of the pharmacy, customer service too, so that it names no medicine and nothing clinical; pharmacy-note for those who are shown medicines."},
}

// note is $note of a Task or a Patient: a Communication, which is never changed.
func (s *Service) note(typ string) func(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	return func(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
		v, err := s.db.Read(ctx, typ, call.ID)
		if err != nil {
			return nil, err
		}
		of, err := v.Resource()
		if err != nil || of == nil {
			return nil, fhir.E("note", fhir.Deleted, fhir.Issue{Expression: typ, Message: "It was deleted.", Found: v.Ref()})
		}
		text, category, err := noted(call)
		if err != nil {
			return nil, err
		}
		patient := v.Ref()
		var about fhir.Value
		if typ == "Task" {
			patient = of.Root().Path("for", "reference").Text()
			about = fhir.List(fhir.Obj("reference", v.Ref()))
		}
		if !strings.HasPrefix(patient, "Patient/") {
			return nil, fhir.E("note", fhir.BusinessRule, fhir.Issue{Expression: "Task.for", Message: "The Task is for no patient of this server.", Expected: "the Task of a prescription", Found: v.Ref()})
		}
		by := call.Requester.OnBehalf
		if by == "" {
			by = s.site
		}
		id := pharmacy.ID("Communication", "note", v.Ref(), nhs.Stamp(call.Time), call.RequestID, text)
		r := fhir.Obj("resourceType", "Communication", "id", id, "status", "completed", "category", fhir.List(nhs.Concept(category)), "subject", fhir.Obj("reference", patient), "about", about,
			"sent", nhs.Stamp(call.Time), "sender", organisation(by), "payload", fhir.List(fhir.Obj("contentString", text))).Resource()
		return s.commit(ctx, call, "note", func(fhir.State) ([]fhir.Change, *fhir.Reply, error) {
			return []fhir.Change{{Method: fhir.Create, Type: "Communication", ID: id, Resource: r, IfAbsent: true}}, &fhir.Reply{Resource: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(
				fhir.Obj("name", "note", "valueReference", fhir.Obj("reference", "Communication/"+id)))).Resource(), Impersonal: true}, nil
		})
	}
}

// noted are the parameters of $note.
func noted(call *fhir.Call) (text string, category fhir.Coding, err error) {
	var issues []fhir.Issue
	wrong := func(name string, code fhir.Code, message, expected, found string) {
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: code, Expression: "Parameters.parameter.where(name = '" + name + "')", Message: message, Expected: expected, Found: found})
	}
	value := func(name, kind string) string {
		if call.Body == nil {
			return ""
		}
		for p := range call.Body.Get("parameter").Items() {
			if p.Get("name").Text() == name {
				return strings.TrimSpace(p.Get(kind).Text())
			}
		}
		return ""
	}
	text = value("note", "valueString")
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		wrong("note", fhir.Required, "The note is missing.", "what is noted", "none")
	case n > longest:
		wrong("note", fhir.TooLong, "The note is too long.", "at most 2000 characters", strconv.Itoa(n))
	}
	code := value("readers", "valueCode")
	i := slices.IndexFunc(readers, func(c fhir.Coding) bool { return c.Code == code })
	switch {
	case code == "":
		wrong("readers", fhir.Required, "It is not said for whom the note is.", "note or pharmacy-note", "none")
	case i < 0:
		wrong("readers", fhir.CodeInvalid, "It is not said for whom the note is.", "note or pharmacy-note", code)
	}
	if len(issues) > 0 {
		return "", category, &fhir.Error{Op: "note", Kind: fhir.Processing, Issues: issues}
	}
	return text, readers[i], nil
}
