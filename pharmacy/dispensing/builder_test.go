package dispensing

import (
	"fmt"
	"hash/fnv"
	"os"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/checkdigit"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// script is a prescription to be written for a test.
type script struct {
	order   string
	long    string // the prescription's UUID, made from order where it is empty
	typ     string // prescription type
	therapy string
	repeats int
	nominee string
	signed  string
	start   string
	nhs     string
	without string // number or address: what is not told of the prescriber
	items   []scriptItem
}

type scriptItem struct {
	number, name, quantity, schedule, words, dose string
}

// orderNumber makes a valid short-form id.
func orderNumber(n int, ods string) string {
	body := fmt.Sprintf("%06X%s%05X", (n*7919+1)%0xFFFFFF, ods, n%0xFFFFF)
	return body[:6] + "-" + body[6:12] + "-" + body[12:] + string(checkdigit.Prescription(body))
}

func acute(n int, items ...scriptItem) script {
	if len(items) == 0 {
		items = []scriptItem{{name: "Paracetamol 500mg tablets", quantity: "100"}, {name: "Amoxicillin 500mg capsules", quantity: "21"}}
	}
	for i := range items {
		if items[i].number == "" {
			items[i].number = uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%d/%d", n, i)).String()
		}
		if items[i].dose == "" {
			items[i].dose = "One to be taken three times a day"
		}
	}
	return script{order: orderNumber(n, "A83008"), typ: "0101", therapy: "acute", nominee: "VNE51", signed: "2026-11-20T10:00:00+00:00", nhs: "9449304130", items: items}
}

const (
	roleURL    = "urn:uuid:0c2a9e0e-2c64-4b59-9f63-4f5a0b7c1d01"
	personURL  = "urn:uuid:0c2a9e0e-2c64-4b59-9f63-4f5a0b7c1d02"
	orgURL     = "urn:uuid:0c2a9e0e-2c64-4b59-9f63-4f5a0b7c1d03"
	patientURL = "urn:uuid:0c2a9e0e-2c64-4b59-9f63-4f5a0b7c1d04"
	proofURL   = "urn:uuid:0c2a9e0e-2c64-4b59-9f63-4f5a0b7c1d05"
	headerURL  = "urn:uuid:0c2a9e0e-2c64-4b59-9f63-4f5a0b7c1d06"
)

func (s script) medicationRequest(i int, subject, requester string) fhir.Value {
	item := s.items[i]
	extensions := []any{fhir.Obj("url", nhs.ExtPrescriptionType, "valueCoding", fhir.Obj("system", nhs.CSPrescriptionType, "code", s.typ))}
	if item.schedule != "" {
		extensions = append(extensions, fhir.Obj("url", nhs.ExtControlled, "extension", fhir.List(
			fhir.Obj("url", "quantityWords", "valueString", item.words),
			fhir.Obj("url", "schedule", "valueCoding", fhir.Obj("system", nhs.CSControlled, "code", item.schedule)))))
	}
	intent, system := "order", "http://terminology.hl7.org/CodeSystem/medicationrequest-course-of-therapy"
	request := []any{
		"extension", fhir.List(fhir.Obj("url", nhs.ExtSiteType, "valueCoding", fhir.Obj("system", "https://fhir.nhs.uk/CodeSystem/dispensing-site-preference", "code", "P1"))),
	}
	if s.start != "" || s.therapy == prescription.RepeatDispensing {
		request = append(request, "validityPeriod", fhir.Obj("start", s.start+strings.Repeat("2026-11-20", btoi(s.start == ""))))
	}
	if s.therapy == prescription.RepeatDispensing {
		intent, system = "original-order", "https://fhir.nhs.uk/CodeSystem/medicationrequest-course-of-therapy"
		request = append(request, "numberOfRepeatsAllowed", s.repeats,
			"expectedSupplyDuration", fhir.Obj("value", 28, "unit", "day", "system", "http://unitsofmeasure.org", "code", "d"))
	}
	request = append(request, "quantity", fhir.Obj("value", fhir.Raw(item.quantity), "unit", "tablet", "system", nhs.CSSNOMED, "code", "428673006"))
	if s.nominee != "" {
		request = append(request, "performer", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, s.nominee)))
	}
	return fhir.Obj("resourceType", "MedicationRequest", "extension", fhir.List(extensions...),
		"identifier", fhir.List(nhs.IdentifierValue(nhs.IDItem, item.number)),
		"status", "active", "intent", intent,
		"category", fhir.List(nhs.Concept(fhir.Coding{System: "http://terminology.hl7.org/CodeSystem/medicationrequest-category", Code: "community", Display: "Community"})),
		"medicationCodeableConcept", nhs.Concept(fhir.Coding{System: nhs.CSSNOMED, Code: productCode(item.name), Display: item.name}),
		"subject", fhir.Obj("reference", subject), "requester", fhir.Obj("reference", requester),
		"groupIdentifier", fhir.Obj("extension", fhir.List(fhir.Obj("url", nhs.ExtPrescriptionID, "valueIdentifier", nhs.IdentifierValue(nhs.IDOrderUUID, s.uuid()))), "system", nhs.IDOrder, "value", s.order),
		"courseOfTherapyType", nhs.Concept(fhir.Coding{System: system, Code: s.therapy, Display: s.therapy}),
		"dosageInstruction", fhir.List(fhir.Obj("text", item.dose)),
		"dispenseRequest", fhir.Obj(request...),
		"substitution", fhir.Obj("allowedBoolean", false))
}

// medicineTable is the table of medicines that the program comes with.
var medicineTable = sync.OnceValue(func() string {
	data, err := os.ReadFile("prescription/medicines.tsv")
	if err != nil {
		panic(err)
	}
	return string(data)
})

// productCode is a code for a name: that of dm+d where the tables have the name,
// else one of the test's own with a check digit that is right.
func productCode(name string) string {
	for line := range strings.Lines(medicineTable()) {
		if c := strings.Split(line, "\t"); len(c) > 4 && c[4] == name && c[2] != "AMP" && c[3] == c[1] {
			return c[1]
		}
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

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (s script) uuid() string {
	if s.long != "" {
		return s.long
	}
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(s.order)).String()
}

func (s script) people() []any {
	number, address := nhs.IdentifierValue("https://fhir.hl7.org.uk/Id/gmc-number", "6095103"), fhir.List(fhir.Obj("line", fhir.List("1 Mill Lane"), "city", "Leeds", "postalCode", "LS1 6AE"))
	switch s.without {
	case "number":
		number = fhir.Value{}
	case "address":
		address = fhir.Value{}
	}
	return []any{
		"Patient", patientURL, fhir.Obj("resourceType", "Patient", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDNHS, s.nhs)),
			"name", fhir.List(fhir.Obj("use", "usual", "family", "Quill", "given", fhir.List("Ada"))), "gender", "female", "birthDate", "1980-02-03"),
		"PractitionerRole", roleURL, fhir.Obj("resourceType", "PractitionerRole", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDRoleProfile, "200102238987")),
			"practitioner", fhir.Obj("reference", personURL), "organization", fhir.Obj("reference", orgURL),
			"telecom", fhir.List(fhir.Obj("system", "phone", "value", "01234567890", "use", "work"))),
		"Practitioner", personURL, fhir.Obj("resourceType", "Practitioner", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDUser, "555086689106"), number),
			"name", fhir.List(fhir.Obj("family", "Penn", "given", fhir.List("Orla"), "prefix", fhir.List("Dr")))),
		"Organization", orgURL, fhir.Obj("resourceType", "Organization", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDODS, "A83008")), "name", "Mill Lane Surgery",
			"address", address,
			"partOf", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, "84H"))),
	}
}

// message writes the prescription as an EPS message.
func (s script) message() *fhir.Resource { return s.bundle("prescription-order") }

func (s script) bundle(event string) *fhir.Resource {
	entry := func(url string, r any) fhir.Value { return fhir.Obj("fullUrl", url, "resource", r) }
	id := uuid.NewSHA1(uuid.NameSpaceOID, []byte(event+s.order)).String()
	var targets, items []any
	for i := range s.items {
		url := "urn:uuid:" + s.items[i].number
		targets = append(targets, fhir.Obj("reference", url))
		items = append(items, entry(url, s.medicationRequest(i, patientURL, roleURL)))
	}
	entries := []any{entry(headerURL, fhir.Obj("resourceType", "MessageHeader", "eventCoding", nhs.CodingValue(nhs.Coding(nhs.CSEvent, event)),
		"sender", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, "A83008"), "display", "Mill Lane Surgery"),
		"source", fhir.Obj("endpoint", "https://clinic.example/fhir"), "focus", fhir.List(targets...)))}
	entries = append(entries, items...)
	people := s.people()
	for i := 0; i < len(people); i += 3 {
		entries = append(entries, entry(people[i+1].(string), people[i+2]))
	}
	entries = append(entries, entry(proofURL, fhir.Obj("resourceType", "Provenance", "target", fhir.List(targets...), "recorded", s.signed,
		"agent", fhir.List(fhir.Obj("who", fhir.Obj("reference", roleURL))),
		"signature", fhir.List(fhir.Obj("type", fhir.List(fhir.Obj("system", "urn:iso-astm:E1762-95:2013", "code", "1.2.840.10065.1.12.1.1")),
			"when", s.signed, "who", fhir.Obj("reference", roleURL), "data", "PFNpZ25hdHVyZS8+")))))
	return fhir.Obj("resourceType", "Bundle", "id", id, "identifier", nhs.IdentifierValue(nhs.IDUUID, id), "type", "message", "entry", fhir.List(entries...)).Resource()
}

// cancellation writes the message that cancels an item.
func (s script) cancellation(i int) *fhir.Resource {
	one := s
	one.items = s.items[i : i+1]
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
