package xml

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// What decodes without a fault must encode, and come back the same.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`<Patient xmlns="http://hl7.org/fhir"><id value="1"/><text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml">a&amp;<br/></div></text><name id="n"><given value="A"/><given><extension url="u"><valueDecimal value="1.0"/></extension></given></name></Patient>`,
		`<?xml version="1.0"?><f:Bundle xmlns:f="http://hl7.org/fhir"><f:entry><f:resource><f:Binary><f:data value="AA=="/></f:Binary></f:resource></f:entry></f:Bundle>`,
		`<Observation xmlns="http://hl7.org/fhir"><x value="1"/><y><z value="&#x41;&#10;"/><z/></y><!-- c --><valueInteger value="-1"/></Observation>`,
		`<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="a"/><resource><Patient/></resource></parameter></Parameters>`,
		`<!DOCTYPE a [<!ENTITY b "c">]><Patient xmlns="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml"><text><h:div><![CDATA[<]]></h:div></text></Patient>`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Decode(data)
		if err != nil {
			return
		}
		require.NoError(t, again(r))
	})
}

// What encodes is XML that Decode can read.
func FuzzEncode(f *testing.F) {
	for _, seed := range []string{
		`{"resourceType":"Patient","id":"1","text":{"status":"generated","div":"<div>&nbsp;</div>"},"name":[{"given":["A",null],"_given":[null,{"id":"x"}]}],"contained":[{"resourceType":"Patient"}]}`,
		`{"resourceType":"Bundle","foo":[1,{"a":null}],"_bar":{"id":"1"},"entry":{"resource":{"resourceType":"Binary","data":"AA"}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := fhir.Parse(data)
		if err != nil {
			return
		}
		text, err := Encode(r)
		if err != nil {
			return
		}
		back, err := Decode(text)
		if back == nil {
			assert.Equal(t, fhir.TooLong, fhir.KindOf(err), "%s", text)
		}
	})
}
