package takeon

import (
	"bytes"
	"errors"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/checkdigit"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// isJSON reports whether a file holds FHIR resources: a spreadsheet begins with no
// brace.
func isJSON(data []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(data, "\ufeff \t\r\n"), []byte("{"))
}

// resource is one of a file, with the address by which others of it refer to it.
type resource struct {
	*fhir.Resource
	url string
	at  fhir.Position
}

// resources reads a Bundle, a resource, or one on each line (NDJSON).
func (r *reader) resources(data []byte) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	var all []resource
	if whole, err := fhir.Parse(data); err == nil {
		all = within(whole, 0)
	} else {
		lines := bytes.Split(data, []byte("\n"))
		if len(lines) < 2 || !isJSON(lines[0]) || !bytes.HasSuffix(bytes.TrimSpace(lines[0]), []byte("}")) {
			r.unread(err, 0)
			return
		}
		for i, line := range lines {
			if line = bytes.TrimSpace(line); len(line) == 0 {
				continue
			}
			one, err := fhir.Parse(line)
			if err != nil {
				r.unread(err, i)
				continue
			}
			all = append(all, within(one, i)...)
		}
	}
	f := &resourceFile{r, map[string]fhir.Node{}}
	for _, one := range all { // what others refer to first
		switch one.Type() {
		case "Medication":
			f.medicines[one.url] = one.Get("code")
		case "Patient":
			f.patient(one)
		}
	}
	for _, one := range all {
		switch one.Type() {
		case "Patient", "Medication":
		case "MedicationDispense":
			f.supply(one)
		default:
			r.fail(one.at, fhir.NotSupported, "A "+one.Type()+" is not taken on.", "Patient, MedicationDispense, and the Medications to which those refer", one.Type())
		}
	}
}

// within are the resources of a file: the entries of a Bundle, or the one itself.
func within(r *fhir.Resource, line int) (all []resource) {
	if r.Type() != "Bundle" {
		return []resource{{r, r.Type() + "/" + r.ID(), place(r.Root(), line)}}
	}
	for e := range r.Get("entry").Items() {
		n := e.Get("resource")
		if n.Kind() != fhir.Object {
			continue
		}
		one := r.Sub(n)
		url := e.Get("fullUrl").Text()
		if one.ID() != "" && (url == "" || strings.HasSuffix(url, "/"+one.Type()+"/"+one.ID())) {
			url = one.Type() + "/" + one.ID()
		}
		all = append(all, resource{one, url, place(n, line)})
	}
	return all
}

// place is where an element of a resource is in its file, of which the resource begins
// on a line.
func place(n fhir.Node, line int) fhir.Position {
	p := n.Position()
	p.Line += line
	return p
}

func (r *reader) unread(err error, line int) {
	at := fhir.Position{Line: line + 1, Column: 1}
	message := err.Error()
	if e := (*fhir.Error)(nil); errors.As(err, &e) && len(e.Issues) > 0 {
		message = e.Issues[0].Message
		if !e.Issues[0].Position.IsZero() {
			at = e.Issues[0].Position
			at.Line += line
		}
	}
	r.fail(at, fhir.Structure, message, "a FHIR Bundle or resource in JSON, or one resource on each line", "")
}

// resourceFile is a file of resources.
type resourceFile struct {
	*reader
	medicines map[string]fhir.Node
}

// wrong notes what is wrong with an element of a resource, or what it lacks.
func (f *resourceFile) wrong(one resource, element, expected, found string) {
	at := one.at
	if n := one.Get(element); n.Exists() {
		if p := n.Position(); !p.IsZero() {
			p.Line += one.at.Line - one.Root().Position().Line
			at = p
		}
	}
	code := fhir.ValueCode
	if found == "" {
		code, found = fhir.Required, "nothing"
	}
	f.fail(at, code, one.Type()+"."+element+" is not valid.", expected, found)
}

func (f *resourceFile) patient(one resource) {
	p := Patient{Place: Place{f.file, one.at}, Key: one.url, Number: nhs.Identifier(one.Root(), nhs.IDNHS).Text(), Sex: one.Get("gender").Text(), Born: nhs.ReadDate(one.Get("birthDate").Text())}
	if p.Number != "" && !checkdigit.NHSNumber(p.Number) {
		f.wrong(one, "identifier", "an NHS number of ten digits of which the last is their check digit", p.Number)
	}
	name := one.Get("name").Item(0)
	for n := range one.Get("name").Items() {
		if n.Get("use").Text() == "official" || n.Get("use").Text() == "usual" {
			name = n
			break
		}
	}
	if p.Family = strings.TrimSpace(name.Get("family").Text()); p.Family == "" {
		f.wrong(one, "name", "a family name", "")
	}
	for g := range name.Get("given").Items() {
		p.Given = append(p.Given, g.Text())
	}
	if p.Born.IsZero() || f.today.Before(p.Born) {
		f.wrong(one, "birthDate", "a whole day up to "+f.today.String(), one.Get("birthDate").Text())
	}
	if _, ok := sexes[p.Sex]; !ok {
		f.wrong(one, "gender", "male, female, other or unknown", p.Sex)
	}
	for a := range one.Get("address").Items() {
		if a.Get("use").Text() == "old" || p.Post != "" {
			continue
		}
		p.Lines, p.Post = nil, a.Get("postalCode").Text()
		for line := range a.Get("line").Items() {
			p.Lines = append(p.Lines, line.Text())
		}
		if city := a.Get("city").Text(); city != "" {
			p.Lines = append(p.Lines, city)
		}
	}
	for t := range one.Get("telecom").Items() {
		switch value := t.Get("value").Text(); t.Get("system").Text() {
		case "phone", "sms":
			p.Phone = value
		case "email":
			p.Mail = value
		}
	}
	if one.url == "Patient/" || one.url == "" {
		f.wrong(one, "id", "an id, or a fullUrl in the Bundle, by which supplies refer to it", "")
		return
	}
	f.reader.patient(p)
}

// supplied are the statuses of a MedicationDispense that was handed over, and those of
// one that is owed.
var (
	supplied = "completed"
	owed     = []string{"on-hold", "in-progress", "preparation"}
)

// supply reads a MedicationDispense: completed is a supply, on-hold, in-progress and
// preparation are an owing; what was not supplied and never will be is passed over.
func (f *resourceFile) supply(one resource) {
	s := Supply{Place: Place{f.file, one.at}, Unit: one.Get("quantity").Get("unit").Text(), Dosages: one.Get("dosageInstruction"), Number: number(one)}
	switch status := one.Get("status").Text(); status {
	case "cancelled", "declined", "entered-in-error", "stopped":
		return
	case supplied:
	case owed[0], owed[1], owed[2]:
		s.Owed = true
	default:
		f.wrong(one, "status", "completed for a supply; on-hold, in-progress or preparation for an owing", status)
	}
	s.Patient = f.subject(one)
	f.medicine(one, &s)
	var ok bool
	if s.Quantity, ok = readAmount(one.Get("quantity").Get("value").Text()); !ok {
		f.wrong(one, "quantity", "a value above 0", one.Get("quantity").Get("value").Text())
	}
	if s.Unit == "" {
		f.wrong(one, "quantity", "a unit in words", "")
	}
	when := "whenHandedOver"
	if s.Owed {
		when = "whenPrepared"
	}
	if s.On = nhs.ReadDate(one.Get(when).Text()); s.On.IsZero() || f.today.Before(s.On) {
		expected := "the day of the supply, up to " + f.today.String()
		if s.Owed {
			expected = "the appropriate date of the prescription, up to " + f.today.String()
		}
		f.wrong(one, when, expected, one.Get(when).Text())
	}
	if days, ok := readAmount(one.Get("daysSupply").Get("value").Text()); ok {
		s.Days = int(days.IntPart())
	}
	if s.Days > 400 {
		f.wrong(one, "daysSupply", "at most 400 days", one.Get("daysSupply").Get("value").Text())
	}
	f.Supplies = append(f.Supplies, s)
}

// subject is the key of the patient: the address of one, or an NHS number.
func (f *resourceFile) subject(one resource) string {
	subject := one.Get("subject")
	if id := subject.Get("identifier"); id.Get("system").Text() == nhs.IDNHS && id.Get("value").Text() != "" {
		return id.Get("value").Text()
	}
	text := subject.Get("reference").Text()
	if i := strings.LastIndex(text, "/Patient/"); i >= 0 {
		text = text[i+1:]
	}
	if text == "" {
		f.wrong(one, "subject", "a reference to a Patient of the files, or an NHS number", "")
	}
	return text
}

// medicine reads what was supplied: its code of dm+d and its name.
func (f *resourceFile) medicine(one resource, s *Supply) {
	concept := one.Get("medicationCodeableConcept")
	if ref := one.Get("medicationReference"); ref.Exists() {
		if concept = nhs.Contained(one.Root(), ref).Get("code"); !concept.Exists() {
			concept = f.medicines[ref.Get("reference").Text()]
		}
	}
	for _, system := range []string{nhs.CSDMD, nhs.CSSNOMED} {
		if c := nhs.CodingOf(concept, system); c.Exists() {
			s.Medicine = fhir.Coding{System: nhs.CSSNOMED, Code: c.Get("code").Text(), Display: c.Get("display").Text()}
		}
	}
	s.Said = strings.TrimSpace(concept.Get("text").Text())
	if s.Said == "" {
		s.Said = s.Medicine.Display
	}
	if s.Medicine.Display == "" {
		s.Medicine.Display = s.Said
	}
	if s.Said == "" {
		f.wrong(one, "medicationCodeableConcept", "the name of the medicine", "")
	}
	if s.Medicine.Code != "" && checkdigit.SNOMED(s.Medicine.Code) != checkdigit.Concept {
		f.wrong(one, "medicationCodeableConcept", "a code of dm+d, 6 to 18 digits with their check digit", s.Medicine.Code)
	}
}

// number is the number of the prescription, as far as it is told.
func number(one resource) string {
	for ref := range one.Get("authorizingPrescription").Items() {
		if id := ref.Path("identifier", "value").Text(); id != "" {
			return id
		}
		if id := nhs.Contained(one.Root(), ref).Path("groupIdentifier", "value").Text(); id != "" {
			return id
		}
	}
	return ""
}
