package message

import (
	"net/url"
	"strings"

	"github.com/google/uuid"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/checkdigit"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// A prescription and its items are found by the text of their numbers. So that
// there is one prescription under each, the short form is in capitals, by
// whatever way it comes; item numbers are UUIDs, in small letters or in
// capitals, which are compared without case.

// 5009: the prescription that a message is about has a short-form id, of which
// the last character proves that it was not mistyped.
func orderNumbers(m *Message, f *Findings) {
	seen := map[string]bool{}
	for _, mr := range m.Lines() {
		n := mr.Path("groupIdentifier", "value")
		if !seen[n.Text()] {
			seen[n.Text()] = true
			checkOrderNumber(Place(n, mr), n.Text(), f)
		}
	}
}

// 5009: so does a dispenser's Task.
func taskNumber(t *fhir.Resource, f *Findings) {
	if n := t.Root().Path("groupIdentifier", "value"); n.Text() != "" {
		checkOrderNumber(n, n.Text(), f)
	}
}

// 5009: and a release of one prescription.
func releaseNumber(p *fhir.Resource, f *Findings) {
	if group := Parameter(p, "group-identifier"); group.Exists() {
		n := group.Path("valueIdentifier", "value")
		checkOrderNumber(Place(n, group), n.Text(), f)
	}
}

// Q5: a prescription is tracked by its number as it was issued.
func trackedNumber(q url.Values, f *Findings) {
	for _, name := range names(q) {
		value := q.Get(name)
		if value = value[strings.LastIndexByte(value, '|')+1:]; trackerIDs[name] == nhs.IDOrder && value != strings.ToUpper(value) {
			about(f, name, fhir.Issue{Code: fhir.ValueCode, Message: "A prescription id is written in capitals.", Expected: strings.ToUpper(value), Found: value})
		}
	}
}

func checkOrderNumber(at node, number string, f *Findings) {
	issuer, _, ok, wellFormed := checkdigit.PrescriptionID(number)
	switch {
	case !wellFormed:
		issue := fhir.Issue{Code: fhir.ValueCode, Message: "The prescription has no short-form id.",
			Expected: "groupIdentifier of " + nhs.IDOrder + " such as 24F5DA-A83008-7EFE6Z", Found: fhir.OrNothing(number),
			Details: nhs.Facade("INVALID_VALUE", "groupIdentifier.value must be a short-form prescription id")}
		if _, _, _, capitals := checkdigit.PrescriptionID(strings.ToUpper(number)); capitals {
			issue.Fix = "Write it in capitals: " + strings.ToUpper(number) + "."
		}
		f.At(at, issue)
	case !ok && checkdigit.Scheme(issuer):
		f.At(at, fhir.Issue{Code: fhir.ValueCode, Message: "The check character of the prescription id is wrong.",
			Expected: "an id that meets ISO/IEC 7064 MOD 37-2", Found: number, Fix: "Compare the id with the paper or the sending system.",
			Details: nhs.EPS("INVALID_CHECK_DIGIT")})
	}
}

// checkUUIDs refuses numbers of an item that could be told apart from others
// by their case alone.
func checkUUIDs(mr node, f *Findings) {
	checkUUID("The number of the item", nhs.Identifier(mr, nhs.IDItem), f)
	checkUUID("The long id of the prescription", prescription.LongID(mr), f)
}

func checkUUID(what string, n node, f *Findings) {
	text := n.Text()
	if _, err := uuid.Parse(text); !n.Exists() || err == nil && len(text) == 36 && (text == strings.ToLower(text) || text == strings.ToUpper(text)) {
		return
	}
	f.At(n, fhir.Issue{Code: fhir.ValueCode, Message: what + " is not a UUID in small letters or in capitals.",
		Expected: "a UUID such as a54219b8-f741-4c47-b662-e4f8dfa49ab6", Found: text, Details: nhs.Facade("INVALID_VALUE", what+" must be a UUID")})
}
