package prescription

import (
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

// OnlyBoxes reports whether a patient has addresses and all of them are post office boxes,
// which are not the address that MDR 15(1) asks for; "no fixed abode" is one.
func OnlyBoxes(patient node, on nhs.Date) bool {
	box := func(text string) bool {
		text = strings.ToLower(strings.Join(strings.Fields(strings.ReplaceAll(strings.ReplaceAll(text, ".", ""), "P O ", "PO ")), " "))
		return slices.ContainsFunc(countries, func(c datedCountry) bool {
			return c.kind == "box" && !on.Before(c.from) && strings.HasPrefix(text, c.text)
		})
	}
	addresses := slices.Collect(patient.Get("address").Items())
	return len(addresses) > 0 && !slices.ContainsFunc(addresses, func(a node) bool {
		for l := range a.Get("line").Items() {
			if box(l.Text()) {
				return false
			}
		}
		return !box(a.Get("text").Text())
	})
}

// WhereIs says where an Address is by its country, and by its postcode.
func WhereIs(address node, on nhs.Date) Whereabouts {
	says := func(kind, text string) bool {
		return slices.ContainsFunc(countries, func(c datedCountry) bool { return c.kind == kind && c.text == text && !on.Before(c.from) })
	}
	country := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(address.Get("country").Text())), ".", "")
	code := postcode.FindStringSubmatch(strings.ToLower(strings.TrimSpace(address.Get("postalCode").Text())))
	switch {
	case code != nil && says("outside", code[1]), country != "" && !says("country", country):
		return Abroad
	case country == "" && code == nil:
		return Unsaid
	}
	return InUK
}
