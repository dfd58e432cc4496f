package register

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// collected reads who collected a supply, and whether they showed who they are. What
// nobody recorded stays not recorded.
func (e *Entry) collected(d fhir.Node) {
	c := nhs.Extension(d, nhs.ExtOwnCollection)
	text := func(name, kind string) string { return nhs.Extension(c, name).Get(kind).Text() }
	e.Collector = Party{Role: text("collector", "valueCode"), Name: text("name", "valueString"), Address: text("address", "valueString")}
	e.Requested = flagOf(nhs.Extension(c, "identityRequested").Get("valueBoolean"))
	e.Provided = flagOf(nhs.Extension(c, "identityProvided").Get("valueBoolean"))
}
