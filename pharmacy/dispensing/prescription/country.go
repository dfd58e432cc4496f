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

// OnlyBoxes reports whether a patient has addresses and the first line of each is a post
// office box, which is not the address that MDR 15(1) asks for; "no fixed abode" is one. A
// box below a street is no matter, and an address without lines begins with its text.
func OnlyBoxes(patient node, on nhs.Date) bool {
	box := func(text string) bool {
		text = strings.Join(strings.Fields(strings.ToLower(strings.ReplaceAll(text, ".", " "))), " ")
		text = poBox.ReplaceAllString(text, "po box")
		return slices.ContainsFunc(countries, func(c datedCountry) bool {
			return c.kind == "box" && !on.Before(c.from) && strings.HasPrefix(text, c.text)
		})
	}
	addresses := slices.Collect(patient.Get("address").Items())
	return len(addresses) > 0 && !slices.ContainsFunc(addresses, func(a node) bool {
		return !box(cmp.Or(a.Get("line").Item(0).Text(), a.Get("text").Text()))
	})
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
