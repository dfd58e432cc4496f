package main

import (
	"github.com/pestle-fhir/pestle/fhir/xml"
	"github.com/pestle-fhir/pestle/server"
)

// codecs are the wire formats that the server speaks besides JSON.
var codecs = []server.Codec{{
	Name:   "xml",
	Types:  []string{"application/fhir+xml", "application/xml", "text/xml"},
	Decode: xml.Decode,
	Encode: xml.Encode,
}}
