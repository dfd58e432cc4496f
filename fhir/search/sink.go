package search

import (
	"bytes"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// sink gathers the entries of one resource. The keys share one buffer.
type sink struct {
	entries []Entry
	buf     []byte
	joined  int // entries of composite parameters; see maxJoined

	at     visit // the contained resource that is indexed; zero for the whole one
	place  int   // of it in the queue, -1 for the whole one
	queue  []visit
	within int // entries of contained resources; see maxContained
}

// take makes an entry of what was appended to the buffer since start.
func (s *sink) take(param string, start int) {
	if s.at.prefix != "" {
		param = s.at.prefix + param
	}
	s.entries = append(s.entries, Entry{Param: param, Key: s.buf[start:len(s.buf):len(s.buf)]})
}

// sorted gives the entries in the order of parameter and key, each once.
func (s *sink) sorted() []Entry {
	slices.SortFunc(s.entries, func(a, b Entry) int {
		if c := strings.Compare(a.Param, b.Param); c != 0 {
			return c
		}
		return bytes.Compare(a.Key, b.Key)
	})
	return slices.CompactFunc(s.entries, func(a, b Entry) bool {
		return a.Param == b.Param && bytes.Equal(a.Key, b.Key)
	})
}

// names are the names under which a parameter's entries stand: its code, and
// those of the modifiers that are indexed apart.
type names struct{ code, text, ofType, identifier string }

func namesOf(code string) names {
	return names{code, code + ":text", code + ":of-type", code + ":identifier"}
}

// writer indexes one element under a parameter.
type writer func(s *sink, p *names, n fhir.Node)

// writers says how an element of an R4 type is indexed for a kind of
// parameter. What is not here holds no value for that kind: a token parameter
// on Observation.value[x] skips a quantity.
var writers = map[string]map[string]writer{
	"token": {
		"code": writeImplicit, "boolean": writeImplicit, "id": writeImplicit,
		"uri": writeImplicit, "url": writeImplicit, "canonical": writeImplicit, "oid": writeImplicit, "uuid": writeImplicit,
		"string": writeWord, "markdown": writeWord,
		"Coding": writeCoding, "CodeableConcept": writeConcept,
		"Identifier": writeIdentifier, "ContactPoint": writeContact,
	},
	"string": {
		"string": writeString, "markdown": writeString, "code": writeString, "id": writeString,
		"uri": writeString, "url": writeString, "canonical": writeString,
		"HumanName": writeHumanName, "Address": writeAddress,
		"CodeableConcept": writeConceptText, "Coding": writeCodingText, "Annotation": writeAnnotation,
	},
	"date": {
		"date": writeDate, "dateTime": writeDate, "instant": writeDate,
		"Period": writePeriod, "Timing": writeTiming,
	},
	"reference": {
		"Reference": writeReference, "Resource": writeInBundle, "canonical": writeCanonical, "uri": writeCanonical, "url": writeCanonical,
	},
	"uri": {
		"uri": writeURI, "url": writeURI, "canonical": writeURI, "oid": writeURI, "uuid": writeURI,
	},
	"number": {
		"decimal": writeNumber, "integer": writeNumber, "positiveInt": writeNumber, "unsignedInt": writeNumber,
		"Range": writeNumberRange,
	},
	"quantity": {
		"Quantity": writeQuantity, "Age": writeQuantity, "Duration": writeQuantity, "Count": writeQuantity,
		"Distance": writeQuantity, "SimpleQuantity": writeQuantity, "MoneyQuantity": writeQuantity,
		"Money": writeMoney, "Range": writeRange,
	},
}
