package prescription

import (
	dpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/datatypes_go_proto"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/typed"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Party is a person or organisation: an identifier, a name, and a reference
// where the server has a resource.
type Party struct{ ID, Name, Ref string }

func partyFrom(r *dpb.Reference) Party {
	return Party{ID: r.GetIdentifier().GetValue().GetValue(), Name: r.GetDisplay().GetValue(), Ref: typed.Reference(r)}
}

// Organization writes a Reference to an organisation by ODS code, nothing for no
// party.
func (p Party) Organization() fhir.Value {
	if p.ID == "" {
		return fhir.Value{}
	}
	return fhir.Obj("reference", p.Ref, "identifier", nhs.IdentifierValue(nhs.IDODS, p.ID), "display", p.Name)
}

// ReadParty reads a Reference: its identifier, display and reference.
func ReadParty(reference node) Party {
	return Party{ID: reference.Path("identifier", "value").Text(), Name: reference.Get("display").Text(), Ref: reference.Get("reference").Text()}
}
