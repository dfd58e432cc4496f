package tariff

import (
	"slices"
	"strconv"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// Endorsement is one code with which a dispenser may endorse an item:
// medicationdispense-endorsement.
type Endorsement struct {
	Code        string
	From, Until time.Time // Until is the last day, zero while it holds
	Meaning     string
	Information string // "required" or "none": the supporting information
	Effect      string // what is worked out by it, NoEffect where the price does not change
	Line        int
}

// NoEffect is the effect of an endorsement that changes no price.
const NoEffect = "none"

// effects are what pricing works out by an endorsement.
var effects = []string{"broken-bulk", "unlicensed-fee", "invoice-price", "pack-size", "out-of-pocket", "no-discount-endorsed", NoEffect}

// Endorsements is the code list.
type Endorsements struct {
	Edition string
	list    []Endorsement
}

func (e Endorsement) holds(day time.Time) bool {
	return !e.From.After(day) && (e.Until.IsZero() || !day.After(e.Until))
}

// At is the meaning of a code on a day.
func (l *Endorsements) At(code string, day time.Time) (Endorsement, bool) {
	for _, e := range l.list {
		if e.Code == code && e.holds(day) {
			return e, true
		}
	}
	return Endorsement{}, false
}

// Codes are the codes that hold on a day, in the order of the list.
func (l *Endorsements) Codes(day time.Time) []string {
	var codes []string
	for _, e := range l.list {
		if e.holds(day) {
			codes = append(codes, e.Code)
		}
	}
	return codes
}

// ReadEndorsements reads the code list: a CSV with the columns code, from,
// until, information, effect and meaning.
func ReadEndorsements(data []byte) (*Endorsements, []fhir.Issue) {
	s := readSheet(data, true, "code", "from", "information", "effect", "meaning")
	l := &Endorsements{Edition: contentName("endorsements", data)}
	for _, r := range s.rows {
		e := Endorsement{Code: s.text(r, "code"), From: s.day(r, "from"), Information: s.text(r, "information"), Effect: s.text(r, "effect"),
			Meaning: s.text(r, "meaning"), Line: r.places[0].Line}
		if until, _ := s.cell(r, "until"); until != "" {
			e.Until = s.day(r, "until")
		}
		if _, at := s.cell(r, "information"); e.Information != "required" && e.Information != "none" {
			s.fail(at, fhir.CodeInvalid, "It is not understood whether supporting information is required.", "required or none", strconv.Quote(e.Information))
		}
		if _, at := s.cell(r, "effect"); !slices.Contains(effects, e.Effect) {
			s.fail(at, fhir.CodeInvalid, "The effect is not known.", "one of broken-bulk, unlicensed-fee, invoice-price, pack-size, out-of-pocket, no-discount-endorsed, none", strconv.Quote(e.Effect))
		}
		for _, other := range l.list {
			if other.Code == e.Code && (other.Until.IsZero() || !other.Until.Before(e.From)) && (e.Until.IsZero() || !e.Until.Before(other.From)) {
				s.fail(r.places[0], fhir.Duplicate, "Code "+e.Code+" has two meanings on one day.", "", "line "+strconv.Itoa(other.Line)+" and this one")
			}
		}
		l.list = append(l.list, e)
	}
	if fhir.HasErrors(s.issues) {
		return nil, s.issues
	}
	return l, s.issues
}
