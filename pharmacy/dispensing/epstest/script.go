package epstest

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/google/uuid"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/checkdigit"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Script is a prescription to be written for a test.
type Script struct {
	Order     string
	Long      string // the prescription's UUID, made from order where it is empty
	Type      string // prescription type
	Therapy   string
	Repeats   int
	Nominee   string
	Signed    string
	Start     string
	NHSNumber string
	Without   string // number or address: what is not told of the prescriber
	Data      string // of the signature, Signature where it is empty
	From      string // a country, or a postcode, in the place of the prescriber's
	Clinic    string // whose prescriber it is, an ODS code
	Born      string // the patient's date of birth
	Address   string // and address: line, postcode; "" for none
	Items     []Item
}

// Item is one item of a prescription. Number and dose are made up where they are
// empty.
type Item struct {
	Number, Name, Quantity, Schedule, Words, Dose string
	Unit                                          string // where it is empty, that of a controlled drug that the tables have, and else tablet
	Instalment, Interval                          string // how much at a time, and every how many days, or another unit after a colon
}

// OrderNumber makes a valid short-form id.
func OrderNumber(n int, ods string) string {
	body := fmt.Sprintf("%06X%s%05X", (n*7919+1)%0xFFFFFF, ods, n%0xFFFFF)
	return body[:6] + "-" + body[6:12] + "-" + body[12:] + string(checkdigit.Prescription(body))
}

// Acute is the n-th acute prescription of the NHS: of some items, or of two without
// a schedule.
func Acute(n int, items ...Item) Script {
	if len(items) == 0 {
		items = []Item{{Name: "Paracetamol 500mg tablets", Quantity: "100"}, {Name: "Amoxicillin 500mg capsules", Quantity: "21"}}
	}
	for i := range items {
		if items[i].Number == "" {
			items[i].Number = uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%d/%d", n, i)).String()
		}
		if items[i].Dose == "" {
			items[i].Dose = "One to be taken three times a day"
		}
	}
	return Script{Order: OrderNumber(n, "A83008"), Type: "0101", Therapy: "acute", Nominee: "VNE51", Signed: "2026-11-20T10:00:00+00:00", NHSNumber: "9449304130",
		Clinic: "A83008", Born: "1980-02-03", Address: "12 Example Road, LS1 6AE", Items: items}
}

// units are the codes of units.
var units = map[string]string{"tablet": "428673006", "capsule": "428641000", "ml": "258773002", "patch": "419702001"}

// Counted is the unit of a controlled drug that the tables have, or that its name tells;
// "" for any other.
func (i Item) Counted() string {
	if i.Schedule == "" {
		return ""
	}
	if m, ok := prescription.BuiltInMedicines.Named(i.Name); ok && units[m.Unit] != "" {
		return m.Unit
	}
	for unit := range units {
		if strings.HasSuffix(i.Name, unit+"s") {
			return unit
		}
	}
	return ""
}

// Full URLs of the parts of a message.
const (
	RoleURL    = "urn:uuid:0c2a9e0e-2c64-4b59-9f63-4f5a0b7c1d01"
	personURL  = "urn:uuid:0c2a9e0e-2c64-4b59-9f63-4f5a0b7c1d02"
	OrgURL     = "urn:uuid:0c2a9e0e-2c64-4b59-9f63-4f5a0b7c1d03"
	PatientURL = "urn:uuid:0c2a9e0e-2c64-4b59-9f63-4f5a0b7c1d04"
	proofURL   = "urn:uuid:0c2a9e0e-2c64-4b59-9f63-4f5a0b7c1d05"
	HeaderURL  = "urn:uuid:0c2a9e0e-2c64-4b59-9f63-4f5a0b7c1d06"
)

// MedicationRequest writes the i-th item, with references to patient and prescriber.
func (s Script) MedicationRequest(i int, subject, requester string) fhir.Value {
	item := s.Items[i]
	extensions := []any{fhir.Obj("url", nhs.ExtPrescriptionType, "valueCoding", fhir.Obj("system", nhs.CSPrescriptionType, "code", s.Type))}
	if item.Schedule != "" {
		extensions = append(extensions, fhir.Obj("url", nhs.ExtControlled, "extension", fhir.List(
			fhir.Obj("url", "quantityWords", "valueString", item.Words),
			fhir.Obj("url", "schedule", "valueCoding", fhir.Obj("system", nhs.CSControlled, "code", item.Schedule)))))
	}
	intent, system := "order", "http://terminology.hl7.org/CodeSystem/medicationrequest-course-of-therapy"
	request := []any{
		"extension", fhir.List(fhir.Obj("url", nhs.ExtSiteType, "valueCoding", fhir.Obj("system", "https://fhir.nhs.uk/CodeSystem/dispensing-site-preference", "code", "P1"))),
	}
	if s.Start != "" || s.Therapy == prescription.RepeatDispensing {
		request = append(request, "validityPeriod", fhir.Obj("start", s.Start+strings.Repeat("2026-11-20", Btoi(s.Start == ""))))
	}
	if s.Therapy == prescription.RepeatDispensing {
		intent, system = "original-order", "https://fhir.nhs.uk/CodeSystem/medicationrequest-course-of-therapy"
		request = append(request, "numberOfRepeatsAllowed", s.Repeats,
			"expectedSupplyDuration", fhir.Obj("value", 28, "unit", "day", "system", "http://unitsofmeasure.org", "code", "d"))
	}
	unit := cmp.Or(item.Unit, item.Counted(), "tablet")
	request = append(request, "quantity", fhir.Obj("value", fhir.Raw(item.Quantity), "unit", unit, "system", nhs.CSSNOMED, "code", units[unit]))
	if item.Instalment != "" {
		request = append(request, "initialFill", fhir.Obj("quantity", fhir.Obj("value", fhir.Raw(item.Instalment), "unit", unit, "system", nhs.CSSNOMED, "code", units[unit])))
	}
	if item.Interval != "" {
		every, code, said := strings.Cut(item.Interval, ":")
		if !said {
			code = "d"
		}
		request = append(request, "dispenseInterval", fhir.Obj("value", fhir.Raw(every), "unit", code, "system", "http://unitsofmeasure.org", "code", code))
	}
	if s.Nominee != "" {
		request = append(request, "performer", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, s.Nominee)))
	}
	return fhir.Obj("resourceType", "MedicationRequest", "extension", fhir.List(extensions...),
		"identifier", fhir.List(nhs.IdentifierValue(nhs.IDItem, item.Number)),
		"status", "active", "intent", intent,
		"category", fhir.List(nhs.Concept(fhir.Coding{System: "http://terminology.hl7.org/CodeSystem/medicationrequest-category", Code: "community", Display: "Community"})),
		"medicationCodeableConcept", nhs.Concept(fhir.Coding{System: nhs.CSSNOMED, Code: ProductCode(item.Name), Display: item.Name}),
		"subject", fhir.Obj("reference", subject), "requester", fhir.Obj("reference", requester),
		"groupIdentifier", fhir.Obj("extension", fhir.List(fhir.Obj("url", nhs.ExtPrescriptionID, "valueIdentifier", nhs.IdentifierValue(nhs.IDOrderUUID, s.UUID()))), "system", nhs.IDOrder, "value", s.Order),
		"courseOfTherapyType", nhs.Concept(fhir.Coding{System: system, Code: s.Therapy, Display: s.Therapy}),
		"dosageInstruction", instructions(item.Dose),
		"dispenseRequest", fhir.Obj(request...),
		"substitution", fhir.Obj("allowedBoolean", false))
}

// ProductCode is a code for a name: that of dm+d where the tables have the name,
// else one of the test's own with a check digit that is right.
func ProductCode(name string) string {
	if m, ok := prescription.BuiltInMedicines.Named(name); ok {
		return m.Code
	}
	h := fnv.New32a()
	h.Write([]byte(name))
	for i := range 10 {
		if code := fmt.Sprintf("%d1000001%d0%d", 10000000+h.Sum32()%10000000, 1, i); checkdigit.Verhoeff(code) {
			return code
		}
	}
	return ""
}

// Btoi is 1 for true.
func Btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// instructions are dose instructions in words, with "|" between them.
func instructions(texts string) fhir.Value {
	if !strings.Contains(texts, "|") {
		return fhir.List(fhir.Obj("text", texts))
	}
	var list []any
	for i, text := range strings.Split(texts, "|") {
		list = append(list, fhir.Obj("sequence", i+1, "text", text))
	}
	return fhir.List(list...)
}

// UUID is the long id of the prescription.
func (s Script) UUID() string {
	if s.Long != "" {
		return s.Long
	}
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(s.Order)).String()
}

// People are the entries of patient, prescriber and signature.
func (s Script) People() []any {
	number, address := nhs.IdentifierValue("https://fhir.hl7.org.uk/Id/gmc-number", "6095103"), fhir.List(fhir.Obj("line", fhir.List("1 Mill Lane"), "city", "Leeds", "postalCode", "LS1 6AE"))
	switch s.Without {
	case "number":
		number = fhir.Value{}
	case "address":
		address = fhir.Value{}
	}
	country, code, both := strings.Cut(s.From, ";")
	switch {
	case both:
		address = fhir.List(fhir.Obj("line", fhir.List("1 Mill Lane"), "postalCode", code, "country", country))
	case strings.ContainsAny(s.From, "0123456789"):
		address = fhir.List(fhir.Obj("line", fhir.List("1 Mill Lane"), "postalCode", s.From))
	case s.From != "":
		address = fhir.List(fhir.Obj("line", fhir.List("1 Mill Lane"), "country", s.From))
	}
	return []any{
		"Patient", PatientURL, fhir.Obj("resourceType", "Patient", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDNHS, s.NHSNumber)),
			"name", fhir.List(fhir.Obj("use", "usual", "family", "Quill", "given", fhir.List("Ada"))), "gender", "female", "birthDate", s.Born, "address", s.home()),
		"PractitionerRole", RoleURL, fhir.Obj("resourceType", "PractitionerRole", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDRoleProfile, "200102238987")),
			"practitioner", fhir.Obj("reference", personURL), "organization", fhir.Obj("reference", OrgURL),
			"telecom", fhir.List(fhir.Obj("system", "phone", "value", "01234567890", "use", "work"))),
		"Practitioner", personURL, fhir.Obj("resourceType", "Practitioner", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDUser, "555086689106"), number),
			"name", fhir.List(fhir.Obj("family", "Penn", "given", fhir.List("Orla"), "prefix", fhir.List("Dr")))),
		"Organization", OrgURL, fhir.Obj("resourceType", "Organization", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDODS, s.Clinic)), "name", "Mill Lane Surgery",
			"address", address,
			"partOf", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, "84H"))),
	}
}

func (s Script) home() fhir.Value {
	line, postcode, ok := strings.Cut(s.Address, ", ")
	if !ok {
		return fhir.Value{}
	}
	var lines []any
	for line := range strings.SplitSeq(line, "|") {
		lines = append(lines, line)
	}
	return fhir.List(fhir.Obj("use", "home", "line", fhir.List(lines...), "postalCode", postcode))
}

// Message writes the prescription as an EPS message.
func (s Script) Message() *fhir.Resource { return s.bundle("prescription-order") }

func (s Script) bundle(event string) *fhir.Resource {
	entry := func(url string, r any) fhir.Value { return fhir.Obj("fullUrl", url, "resource", r) }
	id := uuid.NewSHA1(uuid.NameSpaceOID, []byte(event+s.Order)).String()
	var targets, items []any
	for i := range s.Items {
		url := "urn:uuid:" + s.Items[i].Number
		targets = append(targets, fhir.Obj("reference", url))
		items = append(items, entry(url, s.MedicationRequest(i, PatientURL, RoleURL)))
	}
	entries := []any{entry(HeaderURL, fhir.Obj("resourceType", "MessageHeader", "eventCoding", nhs.CodingValue(nhs.Coding(nhs.CSEvent, event)),
		"sender", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, s.Clinic), "display", "Mill Lane Surgery"),
		"source", fhir.Obj("endpoint", "https://clinic.example/fhir"), "focus", fhir.List(targets...)))}
	entries = append(entries, items...)
	people := s.People()
	for i := 0; i < len(people); i += 3 {
		entries = append(entries, entry(people[i+1].(string), people[i+2]))
	}
	entries = append(entries, entry(proofURL, fhir.Obj("resourceType", "Provenance", "target", fhir.List(targets...), "recorded", s.Signed,
		"agent", fhir.List(fhir.Obj("who", fhir.Obj("reference", RoleURL))),
		"signature", fhir.List(fhir.Obj("type", fhir.List(fhir.Obj("system", "urn:iso-astm:E1762-95:2013", "code", "1.2.840.10065.1.12.1.1")),
			"when", s.Signed, "who", fhir.Obj("reference", RoleURL), "data", cmp.Or(s.Data, Signature))))))
	return fhir.Obj("resourceType", "Bundle", "id", id, "identifier", nhs.IdentifierValue(nhs.IDUUID, id), "type", "message", "entry", fhir.List(entries...)).Resource()
}

// Cancellation writes the message that cancels an item.
func (s Script) Cancellation(i int) *fhir.Resource {
	one := s
	one.Items = s.Items[i : i+1]
	r := one.bundle("prescription-order-update")
	edit := fhir.NewEdit(r)
	for e := range r.Get("entry").Items() {
		if mr := e.Get("resource"); nhs.TypeOf(mr) == "MedicationRequest" {
			edit.ReplaceString(mr.Get("status"), "cancelled")
			edit.Set(mr, "statusReason", string(nhs.Concept(nhs.Coding(nhs.CSCancel, "0001")).JSON()))
		}
	}
	id := uuid.NewString()
	edit.ReplaceString(r.Root().Path("identifier", "value"), id)
	out, err := edit.Apply()
	if err != nil {
		panic(err)
	}
	return out
}
