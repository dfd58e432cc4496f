package uk

import (
	"regexp"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// postcodeForm is the form of UK postcodes (BS 7666), with those that stand for
// no fixed abode (ZZ99) among them.
var postcodeForm = regexp.MustCompile(`^(GIR 0AA|ZZ99 [0-9][A-Z]{2}|[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][ABD-HJLNP-UW-Z]{2})$`)

// ofUK are the countries, as addresses name them, in which postcodes are UK ones.
var ofUK = map[string]bool{"": true, "GB": true, "GBR": true, "UK": true, "UNITED KINGDOM": true, "GREAT BRITAIN": true, "ENGLAND": true,
	"SCOTLAND": true, "WALES": true, "NORTHERN IRELAND": true}

func postcode(n fhir.Node, say func(fhir.Node, fhir.Issue)) {
	code := n.Get("postalCode")
	text := code.Text()
	if text == "" || !ofUK[strings.ToUpper(strings.TrimSpace(n.Get("country").Text()))] || postcodeForm.MatchString(text) {
		return
	}
	i := fhir.Issue{Code: fhir.ValueCode, Message: "This is no UK postcode.", Expected: "a postcode such as LS1 6AE, in capitals with one space", Found: clip(text)}
	if tidy := spaceless(strings.ToUpper(text)); len(tidy) > 3 {
		if tidy = tidy[:len(tidy)-3] + " " + tidy[len(tidy)-3:]; postcodeForm.MatchString(tidy) {
			i.Fix = "Write " + tidy + "."
		}
	}
	if i.Fix == "" {
		i.Fix = "If the address is abroad, give its country."
	}
	say(code, i)
}

// birthDate refuses dates of birth that are still to come. In the UK it is at
// most an hour later than UTC.
func birthDate(clock func() time.Time) func(fhir.Node, func(fhir.Node, fhir.Issue)) {
	return func(n fhir.Node, say func(fhir.Node, fhir.Issue)) {
		date := n.Get("birthDate")
		text := date.Text()
		if text == "" {
			return
		}
		today := clock().UTC().Add(time.Hour).Format(time.DateOnly)
		if text > today[:min(len(text), len(today))] {
			say(date, fhir.Issue{Code: fhir.ValueCode, Message: "The birth date is in the future.", Expected: "a date not after today, " + today, Found: clip(text)})
		}
	}
}
