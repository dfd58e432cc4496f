package register

import (
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// The record of responsible pharmacists is one resource for each pharmacy: who is
// responsible now, and, in its versions, who was and when.
const (
	csResponsible  = nhs.Own + "CodeSystem/responsible-pharmacist" // Basic.code: a Presence
	idResponsible  = nhs.Own + "Id/responsible-pharmacist"         // of a pharmacy's record: its ODS code
	idPerson       = nhs.Own + "Id/responsible-pharmacist-person"  // while a person is responsible: who
	extResponsible = nhs.Own + "StructureDefinition/responsible-pharmacist"
)

// Presence is where the responsible pharmacist is.
type Presence string

// The presences.
const (
	SignedIn  Presence = "signed-in"
	Absent    Presence = "absent"
	SignedOut Presence = "signed-out"
)

// Responsible is what stands in the record of a pharmacy.
type Responsible struct {
	Org      string
	Presence Presence
	Who      Party // as the server established them
	Number   string
	Since    time.Time // of signing in
	Left     time.Time // of the absence; zero for none
	// Away is for how long they were absent on the day of Until.
	Away  time.Duration
	Until time.Time // of the last absence
	By    Party     // who wrote the version, where that is another person
	Note  string

	version string
}

// responsibleID is the id of the record of a pharmacy.
func responsibleID(org string) string {
	return pharmacy.ID("responsible-pharmacist", strings.ToUpper(org))
}

// responsibleOf reads the record of a pharmacy; that nobody was ever signed in reads
// as signed out.
func responsibleOf(state fhir.State, org string) (*Responsible, error) {
	v, err := state.Current("Basic", responsibleID(org))
	if err != nil || v == nil || v.Deleted() {
		return &Responsible{Org: strings.ToUpper(org), Presence: SignedOut}, err
	}
	r, err := v.Resource()
	if err != nil {
		return nil, err
	}
	said := nhs.Extension(r.Root(), extResponsible)
	text := func(name, kind string) string { return nhs.Extension(said, name).Get(kind).Text() }
	when := func(name string) (t time.Time) { t, _ = time.Parse(time.RFC3339, text(name, "valueInstant")); return t }
	who := nhs.Extension(said, "pharmacist")
	of := func(name string) string { return nhs.Extension(who, name).Get("valueString").Text() }
	seconds, _ := strconv.Atoi(text("away", "valueUnsignedInt"))
	return &Responsible{Org: nhs.Identifier(r.Root(), idResponsible).Text(), Presence: Presence(nhs.Coded(r.Get("code"), csResponsible)),
		Who: Party{ID: of("identifier"), Name: of("name")}, Number: text("registration", "valueString"), Since: when("since"), Left: when("left"),
		Away: time.Duration(seconds) * time.Second, Until: when("until"), Note: text("note", "valueString"), version: v.VersionID}, nil
}

// change writes the next version of the record.
func (p *Responsible) change() fhir.Change {
	said := nhs.Parts{}
	said.Within("pharmacist", p.Who.parts())
	said.Text("registration", "valueString", p.Number)
	said.Text("since", "valueInstant", instant(p.Since))
	said.Text("left", "valueInstant", instant(p.Left))
	if p.Away > 0 {
		said.Int("away", "valueUnsignedInt", int(p.Away.Seconds()))
	}
	said.Text("until", "valueInstant", instant(p.Until))
	said.Within("by", p.By.parts())
	said.Text("note", "valueString", p.Note)
	person := fhir.Value{}
	if p.Presence != SignedOut {
		person = nhs.IdentifierValue(idPerson, p.Who.ID)
	}
	r := fhir.Obj("resourceType", "Basic", "id", responsibleID(p.Org),
		"extension", fhir.List(said.Extension(extResponsible)),
		"identifier", fhir.List(nhs.IdentifierValue(idResponsible, p.Org), person),
		"code", fhir.Obj("coding", fhir.List(fhir.Obj("system", csResponsible, "code", string(p.Presence)))),
		"author", keeper(p.Org)).Resource()
	c := fhir.Change{Method: fhir.Update, Type: "Basic", ID: responsibleID(p.Org), Resource: r, IfMatch: p.version}
	if p.version == "" {
		c.IfNoneMatch = true
	}
	return c
}

// awayOn is for how long they have been absent on the day of a time, until then.
func (p *Responsible) awayOn(now time.Time) (away time.Duration) {
	day := nhs.DateOf(now)
	if nhs.DateOf(p.Until) == day {
		away = p.Away
	}
	if !p.Left.IsZero() {
		left := p.Left
		if nhs.DateOf(left) != day { // it began before midnight
			left = startOf(now)
		}
		away += now.Sub(left)
	}
	return away
}

// startOf is midnight in London before a time.
func startOf(now time.Time) time.Time {
	midnight := nhs.Midnight(now)
	if summer := midnight.Add(-time.Hour); nhs.DateOf(summer) == nhs.DateOf(now) {
		return summer
	}
	return midnight
}

// mostAway is for how long a responsible pharmacist may be absent on a day.
func mostAway(on nhs.Date) time.Duration {
	minutes, _ := strconv.Atoi(ruleOn(ruleAbsence, on))
	return time.Duration(minutes) * time.Minute
}
