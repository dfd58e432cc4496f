package days

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/pestle-fhir/pestle/fhir/checkdigit"
)

type (
	object map[string]any
	list   []any
)

func (o object) json() string {
	b, err := json.Marshal(o)
	if err != nil {
		panic(err) // it is made of text and numbers
	}
	return string(b)
}

// Systems of the NHS.
const (
	snomed      = "http://snomed.info/sct"
	nhs         = "https://fhir.nhs.uk/"
	itemNumber  = nhs + "Id/prescription-order-item-number"
	orderNumber = nhs + "Id/prescription-order-number"
	supplyItem  = nhs + "Id/prescription-dispense-item-number"
	ods         = nhs + "Id/ods-organization-code"
)

// newID is a UUID by the random numbers of a life, so that a seed repeats it.
func newID(rnd *rand.Rand) string {
	var b [16]byte
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	id, _ := uuid.FromBytes(b[:])
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id.String()
}

// person is a patient.
type person struct{ nhs, family, given, birth, street string }

// newPerson is the patient of a number, who lives alone.
func newPerson(rnd *rand.Rand, n int) person {
	number := ""
	for i := n * 20; !checkdigit.NHSNumber(number); i++ {
		for check := 0; check < 10 && !checkdigit.NHSNumber(number); check++ {
			number = fmt.Sprintf("999%06d%d", i%1_000_000, check)
		}
	}
	family := []string{"Marlow", "Denham", "Marsh", "Bourne", "Cookham", "Pangbourne", "Goring", "Henley"}
	given := []string{"Jo", "Sam", "Alex", "Kim", "Robin", "Ash", "Max", "Lee"}
	return person{number, family[rnd.IntN(8)], given[rnd.IntN(8)], fmt.Sprintf("%d-0%d-1%d", 1960+rnd.IntN(45), 1+rnd.IntN(9), rnd.IntN(9)), fmt.Sprint(n, " Example Street")}
}

// newNumber is the number of a prescription of the clinic: ISO 7064 mod 37,2.
func newNumber(rnd *rand.Rand) string {
	digits := fmt.Sprintf("%011X", rnd.Uint64()&0xfffffffffff)
	body := digits[:6] + "X99CL0" + digits[6:]
	return fmt.Sprintf("%s-%s-%s%c", body[:6], body[6:12], body[12:], checkdigit.Prescription(body))
}

func coded(system, code, display string) object {
	return object{"coding": list{object{"system": system, "code": code, "display": display}}}
}

func identified(system, value string) object { return object{"system": system, "value": value} }

func referred(id string) object { return object{"reference": "urn:uuid:" + id} }

// message is the EPS message by which the clinic sends the prescription.
func (p *prescription) message(rnd *rand.Rand) string {
	header, patient, doctor, role, clinic, proof := newID(rnd), newID(rnd), newID(rnd), newID(rnd), newID(rnd), newID(rnd)
	signed := p.signed.Format("2006-01-02T15:04:05+00:00")
	var entries, focus list
	entry := func(id string, resource object) {
		resource["id"] = id
		entries = append(entries, object{"fullUrl": "urn:uuid:" + id, "resource": resource})
	}
	for _, it := range p.items {
		focus = append(focus, referred(it.number))
	}
	receiver := p.nominated
	if receiver == "" {
		receiver = home
	}
	entry(header, object{"resourceType": "MessageHeader",
		"eventCoding": object{"system": nhs + "CodeSystem/message-event", "code": "prescription-order", "display": "Prescription Order"},
		"sender":      object{"identifier": identified(ods, "X99CL"), "reference": "urn:uuid:" + role, "display": "Sandbox Attention Clinic"},
		"source":      object{"endpoint": "https://clinic.example/fhir"},
		"destination": list{object{"endpoint": "https://pharmacy.example/fhir/$process-message", "receiver": object{"identifier": identified(ods, receiver)}}},
		"focus":       focus})
	for _, it := range p.items {
		entry(it.number, p.line(it, patient, role, signed))
	}
	entry(patient, object{"resourceType": "Patient", "identifier": list{identified(nhs+"Id/nhs-number", p.patient.nhs)},
		"name": list{object{"use": "usual", "family": p.patient.family, "given": list{p.patient.given}}}, "gender": "other", "birthDate": p.patient.birth,
		"address":             list{object{"use": "home", "line": list{p.patient.street}, "city": "Leeds", "postalCode": "LS3 3AA"}},
		"generalPractitioner": list{object{"identifier": identified(ods, "X99GP")}}})
	entry(doctor, object{"resourceType": "Practitioner", "identifier": list{identified(nhs+"Id/sds-user-id", "555000000001"), identified("https://fhir.hl7.org.uk/Id/gmc-number", "C1234567")},
		"name": list{object{"family": "Attwell", "given": list{"Asha"}, "prefix": list{"DR"}}}})
	entry(role, object{"resourceType": "PractitionerRole", "identifier": list{identified(nhs+"Id/sds-role-profile-id", "555000000002")},
		"practitioner": referred(doctor), "organization": referred(clinic), "telecom": list{object{"system": "phone", "value": "0113 4960001", "use": "work"}},
		"code": list{coded(nhs+"CodeSystem/NHSDigital-SDS-JobRoleCode", "S8000:G8000:R8000", "Clinical Practitioner Access Role")}})
	entry(clinic, object{"resourceType": "Organization", "identifier": list{identified(ods, "X99CL")}, "active": true, "name": "Sandbox Attention Clinic",
		"type": list{coded(nhs+"CodeSystem/organisation-role", "197", "NHS TRUST")}, "telecom": list{object{"system": "phone", "value": "0113 4960001", "use": "work"}},
		"address": list{object{"use": "work", "line": list{"1 Example Row"}, "city": "Leeds", "postalCode": "LS1 1AA"}},
		"partOf":  object{"identifier": identified(ods, "X99TR"), "display": "Sandbox NHS Trust"}})
	targets := append(list{referred(header), referred(patient), referred(doctor), referred(role), referred(clinic)}, focus...)
	entry(proof, object{"resourceType": "Provenance", "target": targets, "recorded": signed, "agent": list{object{"who": referred(role)}},
		"signature": list{object{"type": list{object{"system": "urn:iso-astm:E1762-95:2013", "code": "1.2.840.10065.1.12.1.1"}}, "when": signed, "who": referred(role), "data": signatureData}}})
	return object{"resourceType": "Bundle", "identifier": identified("https://tools.ietf.org/html/rfc4122", newID(rnd)), "type": "message", "timestamp": signed, "entry": entries}.json()
}

// line is an item of the message.
func (p *prescription) line(it *item, patient, role, signed string) object {
	extension := list{object{"url": nhs + "StructureDefinition/Extension-DM-PrescriptionType", "valueCoding": object{"system": nhs + "CodeSystem/prescription-type", "code": p.kind}}}
	if it.what.schedule != "" && it.what.schedule != "CD5" {
		parts := list{object{"url": "schedule", "valueCoding": object{"system": nhs + "CodeSystem/medicationrequest-controlled-drug", "code": it.what.schedule, "display": "Schedule " + it.what.schedule[2:]}}}
		if it.what.words != "" {
			parts = append(list{object{"url": "quantityWords", "valueString": it.words}}, parts...)
		}
		extension = append(extension, object{"url": nhs + "StructureDefinition/Extension-DM-ControlledDrug", "extension": parts})
	}
	supply := object{"quantity": amount(it.ordered, it.what.unit), "expectedSupplyDuration": object{"value": 28, "unit": "day", "system": "http://unitsofmeasure.org", "code": "d"}}
	site := "0004"
	if p.nominated != "" {
		site = "P1"
		supply["performer"] = object{"identifier": identified(ods, p.nominated)}
	}
	supply["extension"] = list{object{"url": nhs + "StructureDefinition/Extension-DM-PerformerSiteType", "valueCoding": object{"system": nhs + "CodeSystem/dispensing-site-preference", "code": site}}}
	if !p.notBefore.IsZero() {
		supply["validityPeriod"] = object{"start": p.notBefore.Format(time.DateOnly)}
	}
	return object{"resourceType": "MedicationRequest", "extension": extension, "identifier": list{identified(itemNumber, it.number)},
		"status": "active", "intent": "order", "category": list{coded("http://terminology.hl7.org/CodeSystem/medicationrequest-category", "outpatient", "Outpatient")},
		"medicationCodeableConcept": object{"coding": list{coding([2]string{it.what.code, it.what.name})}}, "subject": referred(patient), "authoredOn": signed, "requester": referred(role),
		"groupIdentifier": object{"system": orderNumber, "value": p.number,
			"extension": list{object{"url": nhs + "StructureDefinition/Extension-DM-PrescriptionId", "valueIdentifier": identified(nhs+"Id/prescription", p.long)}}},
		"courseOfTherapyType": coded("http://terminology.hl7.org/CodeSystem/medicationrequest-course-of-therapy", "acute", "Short course (acute) therapy"),
		"dosageInstruction":   list{object{"text": it.dose}}, "dispenseRequest": supply, "substitution": object{"allowedBoolean": false}}
}

// again is a message with another identifier, so that it is not the same request.
func again(rnd *rand.Rand, message string) string {
	var o object
	if err := json.Unmarshal([]byte(message), &o); err != nil {
		panic(err)
	}
	o["identifier"] = identified("https://tools.ietf.org/html/rfc4122", newID(rnd))
	return o.json()
}

// lower is a message whose numbers are in lower case.
func renamed(message, old, to string) string { return strings.ReplaceAll(message, old, to) }
