package tariff

import (
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// Exemption is one meaning of a prescription-charge-exemption code.
type Exemption struct {
	Meaning
	Country     string // whose patients it is for; "" for England
	Charge      Charge
	Age         string // "<16", ">=60" where age alone is enough
	Endorsement string // the prescriber's endorsement that frees a line: CC, FS
}

// Charge says what an exemption code means for the charge.
type Charge string

// What a code means for the charge.
const (
	ChargeDue      Charge = "due"      // the patient paid the charge of the day
	ChargePrevious Charge = "previous" // the patient paid at the rate before
	ChargeNone     Charge = "none"     // nothing was to be paid
)

// Exemptions is the code list with all its meanings.
type Exemptions struct {
	Edition string
	dated[Exemption]
}

// ByAge is the code for a patient of that age in whole years who is exempt by
// age alone.
func (l *Exemptions) ByAge(age int, day time.Time) (Exemption, bool) {
	return l.first(day, func(e Exemption) bool {
		if e.Country != "" {
			return false
		}
		return e.within(age) != ""
	})
}

// within is the limit of an exemption by age that an age is within, "" for none.
func (e Exemption) within(age int) string {
	for _, limit := range strings.Fields(e.Age) {
		if n, err := strconv.Atoi(strings.TrimPrefix(limit, ">=")); err == nil && strings.HasPrefix(limit, ">=") && age >= n {
			return limit
		}
		if n, err := strconv.Atoi(strings.TrimPrefix(limit, "<")); err == nil && age < n {
			return limit
		}
	}
	return ""
}

// OtherThan reports whether a patient of an age in whole years is exempt by another reason,
// if by any: the exemption is one by age, and the age is not within it.
func (e Exemption) OtherThan(age int) bool { return e.Age != "" && e.within(age) == "" }

// OtherAge is the age group of those who are not exempt by their age.
const OtherAge = "other-age"

// AgeGroup is the group that an age is in by the limits that hold on a day:
// "under-16", "60-and-over", [OtherAge].
func (l *Exemptions) AgeGroup(age int, day time.Time) string {
	e, ok := l.ByAge(age, day)
	if !ok {
		return OtherAge
	}
	limit := e.within(age)
	if n, ok := strings.CutPrefix(limit, "<"); ok {
		return "under-" + n
	}
	return strings.TrimPrefix(limit, ">=") + "-and-over"
}

// AgeGroups are the groups of a day, in the order of the list.
func (l *Exemptions) AgeGroups(day time.Time) []string {
	var groups []string
	for _, e := range l.dated {
		if !e.holds(day) || e.Country != "" {
			continue
		}
		for _, limit := range strings.Fields(e.Age) {
			if n, ok := strings.CutPrefix(limit, "<"); ok {
				groups = append(groups, "under-"+n)
			} else {
				groups = append(groups, strings.TrimPrefix(limit, ">=")+"-and-over")
			}
		}
	}
	return append(groups, OtherAge)
}

// ByEndorsement is the code of a line that a prescriber's endorsement frees.
func (l *Exemptions) ByEndorsement(endorsement string, day time.Time) (Exemption, bool) {
	return l.first(day, func(e Exemption) bool { return endorsement != "" && e.Endorsement == endorsement })
}

// Paid is the code of a patient who pays the charge.
func (l *Exemptions) Paid(day time.Time) (Exemption, bool) {
	return l.first(day, func(e Exemption) bool { return e.Country == "" && e.Charge == ChargeDue })
}

// Of is the first code of a country by which nothing is to be paid: in one
// without a prescription charge, that of all its patients.
func (l *Exemptions) Of(country string, day time.Time) (Exemption, bool) {
	return l.first(day, func(e Exemption) bool { return e.Country == country && e.Charge == ChargeNone })
}

// ReadExemptions reads the code list: a CSV with the columns code, from, until,
// charge, age, endorsement, meaning and, where it is not for England, country.
func ReadExemptions(data []byte) (*Exemptions, []fhir.Issue) {
	s := readTable(data, true, "code", "from", "charge", "meaning")
	l := &Exemptions{Edition: contentName("exemptions", data)}
	for r := range s.Rows() {
		e := Exemption{Meaning: readMeaning(s, r, l.dated)}
		e.Age, _ = s.Cell(r, "age")
		e.Endorsement, _ = s.Cell(r, "endorsement")
		e.Country, _ = s.Cell(r, "country")
		e.Charge = Charge(s.text(r, "charge"))
		_, at := s.Cell(r, "charge")
		switch e.Charge {
		case ChargeDue, ChargePrevious, ChargeNone:
		default:
			s.Fail(at, fhir.CodeInvalid, "The charge is not understood.", "due, previous or none", strconv.Quote(string(e.Charge)))
		}
		l.dated = append(l.dated, e)
	}
	if fhir.HasErrors(s.Issues) {
		return nil, s.Issues
	}
	return l, s.Issues
}
