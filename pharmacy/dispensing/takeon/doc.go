// Package takeon reads what a previous pharmacy hands over: patients, what it supplied to
// them, and what it owes, from CSV files and from FHIR resources. It reads and judges; the
// service stores.
package takeon

import (
	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// File is a file as it was given.
type File struct {
	Name string
	Data []byte
}

// Place is where in the files something was said.
type Place struct {
	File string        `json:"file"`
	At   fhir.Position `json:"at"`
}

// Finding is what is wrong with a file, or worth knowing of it.
type Finding struct {
	File  string     `json:"file"`
	Issue fhir.Issue `json:"issue"`
}

// Patient is a patient of the previous pharmacy.
type Patient struct {
	Place
	Key    string // by which its supplies name it
	Number string // NHS number, "" where it is not known
	Family string
	Given  []string
	Born   nhs.Date
	Sex    string // a code of administrative-gender
	Lines  []string
	Post   string
	Phone  string
	Mail   string
}

// Supply is what was supplied to a patient, or what is owed.
type Supply struct {
	Place
	Patient  string // the key of a Patient, or an NHS number
	Medicine fhir.Coding
	Said     string // the medicine as the previous pharmacy says it
	Quantity decimal.Decimal
	Unit     string
	On       nhs.Date // of the supply; of an owing the appropriate date of the prescription
	Days     int      // that it lasts, 0 where nothing is said
	Dose     string
	Dosages  fhir.Node // dosageInstruction of a resource
	Number   string    // of the prescription there
	Batch    string
	Owed     bool
}

// Intake is all that is handed over.
type Intake struct {
	Patients []Patient
	Supplies []Supply
}

// reader gathers an intake and what is wrong.
type reader struct {
	Intake
	file     string
	today    nhs.Date
	findings []Finding
	keys     map[string]Place // of the patients
}

// Read reads files on a day. It returns all that is wrong with them; where that is an
// error, nothing of the intake is to be stored.
func Read(files []File, today nhs.Date) (*Intake, []Finding) {
	r := &reader{today: today, keys: map[string]Place{}}
	for _, f := range files {
		r.file = f.Name
		if isJSON(f.Data) {
			r.resources(f.Data)
		} else {
			r.csv(f.Data)
		}
	}
	return &r.Intake, r.findings
}

// Failed reports whether there is an error among findings.
func Failed(list []Finding) bool {
	for i := range list {
		if list[i].Issue.IsError() {
			return true
		}
	}
	return false
}

func (r *reader) fail(at fhir.Position, code fhir.Code, message, expected, found string) {
	r.findings = append(r.findings, Finding{r.file, fhir.Issue{Severity: fhir.Err, Code: code, Rule: "TAKE-2", Position: at, Message: message, Expected: expected, Found: found}})
}

// patient adds a patient, once under a key.
func (r *reader) patient(p Patient) {
	if first, ok := r.keys[p.Key]; ok {
		r.fail(p.At, fhir.Duplicate, "The patient is there twice.", "one patient under "+p.Key, "another at "+first.String())
		return
	}
	r.keys[p.Key] = p.Place
	r.Patients = append(r.Patients, p)
}
