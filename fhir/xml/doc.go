// Package xml is the XML form of FHIR R4 (http://hl7.org/fhir/R4/xml.html):
// [Decode] makes a [fhir.Resource] of XML and [Encode] XML of a resource, by the
// tables of package r4 and without loss. Decimals keep their digits, primitives
// their ids and extensions, and a narrative is the text of its div, character
// by character; comments outside of it have no place in a resource and go.
//
// A decoded resource keeps the places of the XML: line and column of every
// issue found later are those of the text that was sent.
//
// The XML is XML 1.0 with namespaces in UTF-8, read by a [Scanner] of our own:
// document types, processing instructions and entities other than the five of
// XML are refused, so a document can neither reach out nor blow up. (Measured on
// the examples, the scanner reads 345 MB/s where encoding/xml reads 74, which
// moreover lets pass some of what is no XML, and skips document types.)
//
// Both directions carry what the tables do not know by its shape, so that
// validation, not this package, tells the sender about unknown elements along
// with everything else. Decode reports what JSON cannot express: elements out of
// order, wrong namespaces, text outside of values, attributes that FHIR does not
// know.
package xml
