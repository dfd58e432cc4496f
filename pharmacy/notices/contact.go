package notices

import (
	"cmp"
	_ "embed"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

//go:embed contact-methods.tsv
var methodsTSV string

// effects are what a preferred method changes on a day.
func effects(code string, on nhs.Date) (list []string) {
	for line := range strings.Lines(methodsTSV) {
		cells := strings.Split(strings.TrimRight(line, "\r\n"), "\t")
		if len(cells) == 4 && cells[1] == code && !on.Before(nhs.ReadDate(cells[0])) {
			list = append(list, cells[2])
		}
	}
	return list
}

// Address is where a message goes.
type Address struct {
	Channel Channel
	To      string // an email address, or a telephone number: +447700900123
}

// The reasons for which nothing is sent: codes of statusReason.
const (
	noAddress  = "no-address"  // no telecom that a sender takes
	stopped    = "stopped"     // the patient does not want it
	notActive  = "not-active"  // the record is not in use, or the patient has died
	tooLate    = "too-late"    // it was not sent in the time of its template
	overtaken  = "overtaken"   // it is paid, or was called off
	refused    = "refused"     // who delivers it refuses it for good
	noTemplate = "no-template" // nothing is written for the kind
)

var reasons = map[string]string{noAddress: "No address", stopped: "Not wanted", notActive: "Record not in use", tooLate: "Too late", overtaken: "No longer so", refused: "Refused by who delivers", noTemplate: "No template"}

func reasonCoding(code string) fhir.Coding {
	return fhir.Coding{System: csReason, Code: code, Display: reasons[code]}
}

// addresses are those of a patient on channels, the preferred first. Numbers that are not
// of mobile telephones, what is old, and what does not hold now are left out.
func addresses(patient *fhir.Resource, may func(Channel) bool, now time.Time) []Address {
	type ranked struct {
		Address
		rank int
	}
	var list []ranked
	for t := range patient.Get("telecom").Items() {
		a := Address{}
		switch system, value := t.Get("system").Text(), strings.TrimSpace(t.Get("value").Text()); {
		case t.Get("use").Text() == "old" || !within(t.Get("period"), now):
		case system == "email":
			a = Address{Email, address(value)}
		case system == "sms", system == "phone":
			a = Address{Text, mobile(value)}
		}
		if a.To == "" || !may(a.Channel) {
			continue
		}
		rank, err := strconv.Atoi(t.Get("rank").Text())
		if err != nil || rank < 1 {
			rank = 1 << 20
		}
		list = append(list, ranked{a, rank})
	}
	preferred := effects(nhs.Coded(nhs.Extension(nhs.Extension(patient.Root(), extContact), "PreferredContactMethod").Get("valueCodeableConcept"), csContact), nhs.DateOf(now))
	if slices.Contains(preferred, "no-text") {
		list = slices.DeleteFunc(list, func(a ranked) bool { return a.Channel == Text })
	}
	sorting.Stably(list, func(a, b ranked) int {
		if slices.Contains(preferred, "email-first") && a.Channel != b.Channel {
			return cmp.Compare(a.Channel, b.Channel) // email before text
		}
		return cmp.Compare(a.rank, b.rank)
	})
	var out []Address
	for _, a := range list {
		out = append(out, a.Address)
	}
	return out
}

// address is an email address by itself, "" where it is none: no name, no list, nothing
// that could be a header.
func address(value string) string {
	a, err := mail.ParseAddress(value)
	if err != nil || a.Address != value || strings.ContainsAny(value, " \t\r\n\"<>,;") || len(value) > 254 {
		return ""
	}
	return value
}

// mobile is the number of a mobile telephone in the form +447700900123, "" for any other:
// UK mobiles begin with 07, other than 070 (personal numbers) and 076 but 07624 (pagers).
func mobile(value string) string {
	var digits strings.Builder
	for i, r := range value {
		switch {
		case r >= '0' && r <= '9', r == '+' && i == 0:
			digits.WriteRune(r)
		case !strings.ContainsRune(" -().", r):
			return ""
		}
	}
	n := strings.Replace(digits.String(), "+440", "+44", 1)
	if strings.HasPrefix(n, "00") {
		n = "+" + n[2:]
	}
	if strings.HasPrefix(n, "07") {
		n = "+44" + n[1:]
	}
	switch rest, uk := strings.CutPrefix(n, "+447"); {
	case !uk || len(rest) != 9, rest[0] == '0', rest[0] == '6' && !strings.HasPrefix(rest, "624"):
		return ""
	}
	return n
}

// within reports whether a Period holds at a time.
func within(period fhir.Node, now time.Time) bool {
	on := nhs.DateOf(now)
	start, end := nhs.ReadDate(head(period.Get("start").Text())), nhs.ReadDate(head(period.Get("end").Text()))
	return (start.IsZero() || !on.Before(start)) && (end.IsZero() || !end.Before(on))
}

// head is the day of a date and time.
func head(text string) string { return text[:min(len(text), len(time.DateOnly))] }

// alive reports whether a patient's record is in use.
func alive(patient *fhir.Resource) bool {
	d := patient.Get("deceasedBoolean")
	return patient.Get("active").Text() != "false" && !patient.Get("deceasedDateTime").Exists() && (!d.Exists() || d.Text() == "false")
}

// consentID is the id of the Consent that records what a patient wants to be told.
func consentID(patient string) string { return pharmacy.ID("Consent", "notices", patient) }

// unwanted are the kinds that a patient does not want: those that an active Consent of the
// category notices denies, all where it names none.
func unwanted(state fhir.State, patient string, now time.Time) (list []Kind, err error) {
	ids, err := state.Find("Consent", nhs.Query("category", csConsent, "notices")+"&status=active&patient="+patient)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		r, err := current(state, "Consent", "Consent/"+id)
		if err != nil {
			return nil, err
		}
		if r == nil || r.Root().Path("patient", "reference").Text() != patient {
			continue
		}
		p := r.Get("provision")
		if p.Get("type").Text() != "deny" || !within(p.Get("period"), now) {
			continue
		}
		named := nhs.Codings(p.Get("code"), csNotice)
		if len(named) == 0 {
			return Kinds(), nil
		}
		for _, c := range named {
			list = append(list, Kind(c.Get("code").Text()))
		}
	}
	return list, nil
}
