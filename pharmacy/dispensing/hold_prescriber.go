package dispensing

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// checkPrescribers holds the controlled drugs of orders whose prescriber has no
// professional number (MDR 15(1)(ab), HMR 214) or no address (MDR 15(1)(c), HMR
// 217), or that nobody signed (MDR 15(1)(a), HMR 219). A private prescription is
// signed on its paper original, for which there is a gate of its own. A message
// is signed as a whole; otherwise one signature is for all items, for a Provenance
// may name the first of them alone.
func checkPrescribers(p *prescription.Prescription, state fhir.State, orders []*prescription.Order, sent *fhir.Resource, law prescription.Law) error {
	signed, err := anySigned(state, orders)
	if err != nil {
		return err
	}
	for _, o := range orders {
		l := p.Line(o.Item())
		if l == nil || !law.Control(l.Schedule, p.Appropriate(false)).Prescriber {
			continue
		}
		mr, in := broughtBy(sent, o)
		lacks, err := prescriberLacks(mr, func(ref node, types ...string) (node, error) {
			if n := in.Resolve(ref); n.Exists() {
				return n, nil
			}
			return referred(state, mr, ref, types...)
		})
		if err != nil {
			return err
		}
		if !signed && !p.Private() && len(in.Entries) == 0 {
			lacks = append(lacks, "an electronic signature (a Provenance whose target is the order)")
		}
		if len(lacks) > 0 {
			p.Meet(prescription.Hold{Item: l.Item, Code: prescription.HoldPrescriber, Text: "The prescription of a controlled drug lacks " + strings.Join(lacks, ", ") + "."})
		}
	}
	return nil
}

func anySigned(state fhir.State, orders []*prescription.Order) (bool, error) {
	for _, o := range orders {
		if when, err := signedAt(state, o); when != "" || err != nil {
			return when != "", err
		}
	}
	return false, nil
}

// broughtBy is an order as its message has it, and the message: what a message
// tells of the prescriber may be more, or less, than the server has stored of
// them before. It is the order itself, and no message, where it came otherwise.
func broughtBy(sent *fhir.Resource, o *prescription.Order) (mr node, in *message.Message) {
	if sent != nil {
		in = message.Read(sent, prescription.Law{})
		for mr := range in.All("MedicationRequest") {
			if nhs.SameUUID(nhs.Identifier(mr, nhs.IDItem).Text(), o.Item()) {
				return mr, in
			}
		}
	}
	return o.Resource.Root(), &message.Message{}
}

// prescriberLacks is what an order does not tell of its prescriber; find follows
// its references.
func prescriberLacks(mr node, find func(ref node, types ...string) (node, error)) (lacks []string, err error) {
	role, err := find(mr.Get("requester"), "PractitionerRole", "Practitioner")
	if err != nil {
		return nil, err
	}
	if !role.Exists() {
		return []string{"a prescriber whom the server knows (MedicationRequest.requester)"}, nil
	}
	person, people := role, []node{role}
	for _, at := range []struct{ element, typ string }{{"practitioner", "Practitioner"}, {"organization", "Organization"}, {"location", "Location"}, {"healthcareService", "HealthcareService"}} {
		ref := role.Get(at.element)
		n, err := find(firstItem(ref), at.typ)
		if err != nil {
			return nil, err
		}
		if at.element == "practitioner" && n.Exists() {
			person = n
		}
		people = append(people, n)
	}
	numbers := nhs.Professionals
	numbered := func(n node) bool {
		return slices.ContainsFunc(numbers, func(system string) bool { return nhs.Identifier(n, system).Text() != "" })
	}
	if named := role.Path("practitioner", "identifier"); !numbered(person) && !numbered(role) && !slices.Contains(numbers, named.Get("system").Text()) {
		lacks = append(lacks, "the professional number of the prescriber (such as gmc-number)")
	}
	if !slices.ContainsFunc(people, func(n node) bool { return n.Get("address").Exists() }) {
		lacks = append(lacks, "the address of the prescriber (Organization.address)")
	}
	return lacks, nil
}

func firstItem(n node) node {
	if n.Kind() == fhir.Array {
		return n.Item(0)
	}
	return n
}

// referred is the resource that a reference of an order means, contained or
// stored; absent where there is none of the types.
func referred(state fhir.State, mr, ref node, types ...string) (node, error) {
	if inside := nhs.Contained(mr, ref); inside.Exists() {
		return inside, nil
	}
	for _, typ := range types {
		r, err := read(state, ref.Get("reference").Text(), typ)
		if err != nil {
			return node{}, err
		}
		if r != nil {
			return r.Root(), nil
		}
	}
	return node{}, nil
}
