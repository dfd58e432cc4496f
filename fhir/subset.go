package fhir

import "slices"

// The coding in meta.tag of a resource that is a part of the stored one, as
// _elements and _summary return it: https://hl7.org/fhir/R4/search.html#elements
const (
	SubsetSystem = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
	SubsetCode   = "SUBSETTED"
)

// subsetSystems are the system of the tag in R4 and in the releases before it,
// which clients of several releases still send; some leave it out.
var subsetSystems = []string{SubsetSystem, "", "http://hl7.org/fhir/v3/ObservationValue", "http://hl7.org/fhir/v3/vs/ObservationValue"}

// SubsetTag is the tag that marks the resource as a subset, absent on a whole
// one. A subset must not be written: what it lacks would be lost.
func (r *Resource) SubsetTag() Node {
	for tag := range r.Root().Path("meta", "tag").Items() {
		if tag.Get("code").Text() == SubsetCode && slices.Contains(subsetSystems, tag.Get("system").Text()) {
			return tag
		}
	}
	return Node{}
}
