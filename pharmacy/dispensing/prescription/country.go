package prescription

import (
	"cmp"
	_ "embed"
	"regexp"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

//go:embed countries.tsv
var countriesTSV string

// countries are the rows of countries.tsv: kind and text.
var countries = func() (list []datedCountry) {
	for cells := range rows(countriesTSV, 4) {
		list = append(list, datedCountry{nhs.ReadDate(cells[0]), cells[1], cells[2]})
	}
	return list
}()

type datedCountry struct {
	from       nhs.Date
	kind, text string
}

// Whereabouts is where an address is.
type Whereabouts uint8

// An address is in the United Kingdom, abroad, or does not say.
const (
	InUK Whereabouts = iota
	Abroad
	Unsaid
)

// postcode is the form of the postcodes of the UK and of the islands beside it; the
// letters are of the area.
var postcode = regexp.MustCompile(`^([a-z]{1,2})[0-9][0-9a-z]?\s*[0-9][a-z]{2}$`)

// poBox is a spelling of "po box" at the beginning of a line in small letters without points.
var poBox = regexp.MustCompile(`^p\s*o\s*box\b`)

// PatientLacks says what a prescription of a controlled drug does not tell of its patient,
// "" for nothing: the name and the address (MDR 15(1)(e)). An address has a line, or a text, and
// is not an old one; a post office box at its beginning is none, "no fixed abode" is one.
func PatientLacks(patient node, on nhs.Date) string {
	box := func(text string) bool {
		text = strings.Join(strings.Fields(strings.ToLower(strings.ReplaceAll(text, ".", " "))), " ")
		text = poBox.ReplaceAllString(text, "po box")
		return slices.ContainsFunc(countries, func(c datedCountry) bool {
			return c.kind == "box" && !on.Before(c.from) && strings.HasPrefix(text, c.text)
		})
	}
	named := func(n node) bool {
		return strings.TrimSpace(n.Get("text").Text()+n.Get("family").Text()+n.Get("given").Item(0).Text()) != ""
	}
	if !slices.ContainsFunc(slices.Collect(patient.Get("name").Items()), named) {
		return "The prescription of a controlled drug does not name its patient."
	}
	boxes := false
	for a := range patient.Get("address").Items() {
		until := nhs.ReadDate(a.Path("period", "end").Text())
		first := strings.TrimSpace(cmp.Or(a.Get("line").Item(0).Text(), a.Get("text").Text()))
		switch {
		case first == "" || a.Get("use").Text() == "old" || !until.IsZero() && until.Before(on):
		case box(first):
			boxes = true
		default:
			return ""
		}
	}
	if boxes {
		return "The address of the patient is a post office box, which is not where they live."
	}
	return "The prescription of a controlled drug does not have the address of its patient."
}

// WhereIs says where an Address is by its country, and by its postcode. A country that the
// table does not have beside a postcode of the United Kingdom contradicts it: the address
// does not say.
func WhereIs(address node, on nhs.Date) Whereabouts {
	says := func(kind, text string) bool {
		return slices.ContainsFunc(countries, func(c datedCountry) bool { return c.kind == kind && c.text == text && !on.Before(c.from) })
	}
	country := strings.Join(strings.Fields(strings.ToLower(strings.ReplaceAll(address.Get("country").Text(), ".", ""))), " ")
	if first, second, _ := strings.Cut(country, ", "); says("country", second) {
		country = first // "England, United Kingdom"
	}
	code := postcode.FindStringSubmatch(strings.ToLower(strings.TrimSpace(address.Get("postalCode").Text())))
	switch {
	case code != nil && says("outside", code[1]), code == nil && country != "" && !says("country", country):
		return Abroad
	case code == nil && country == "", country != "" && !says("country", country):
		return Unsaid
	}
	return InUK
}
