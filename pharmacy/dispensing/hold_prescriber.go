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
// 217), on a private one in the United Kingdom (MDR 16(1)(b)), that lack the words which
// a dentist's must have (MDR 15(1)(d)), whose patient has no name or address (MDR 15(1)(e)), or that nobody signed (MDR 15(1)(a), HMR 219). A private prescription is
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
		issuer, err := issuerOf(state, mr, in)
		if err != nil {
			return err
		}
		lacks := prescriberLacks(mr, issuer, p.Type, p.Appropriate(false))
		if !signed && !p.Private() && len(in.Entries) == 0 {
			lacks = append(lacks, "an electronic signature (a Provenance whose target is the order)")
		}
		patient := in.Resolve(mr.Get("subject"))
		if !patient.Exists() {
			if patient, err = referred(state, mr, mr.Get("subject"), "Patient"); err != nil {
				return err
			}
		}
		if why := prescription.PatientLacks(patient, p.Appropriate(false)); why != "" { // HOLD-ADDRESS
			p.Meet(prescription.Hold{Item: l.Item, Code: prescription.HoldAddress, Text: why})
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

// issuerOf is who issued an order, as its message has them, or else as they are stored.
func issuerOf(state fhir.State, mr node, in *message.Message) (prescription.Issuer, error) {
	return prescription.IssuerOf(mr, func(ref node, types ...string) (node, error) {
		if n := in.Resolve(ref); n.Exists() {
			return n, nil
		}
		return referred(state, mr, ref, types...)
	})
}

// prescriberLacks is what an order does not tell of its prescriber, for a type of
// prescription on a day.
func prescriberLacks(mr node, issuer prescription.Issuer, typ string, on nhs.Date) (lacks []string) {
	if words := prescription.Declaration(typ, on); words != "" && !strings.Contains(wordsOf(mr), words) {
		lacks = append(lacks, "the words \""+words+"\" (in a dosage instruction or a note)")
	}
	if !issuer.Role.Exists() {
		return append(lacks, "a prescriber whom the server knows (MedicationRequest.requester)")
	}
	numbers := nhs.Professionals
	numbered := func(n node) bool {
		return slices.ContainsFunc(numbers, func(system string) bool { return nhs.Identifier(n, system).Text() != "" })
	}
	if named := issuer.Role.Path("practitioner", "identifier"); !numbered(issuer.Person) && !numbered(issuer.Role) && !slices.Contains(numbers, named.Get("system").Text()) {
		lacks = append(lacks, "the professional number of the prescriber (such as gmc-number)")
	}
	switch address, where := issuer.Address(on); {
	case !address.Exists():
		lacks = append(lacks, "the address of the prescriber (Organization.address)")
	case where != prescription.InUK && nhs.Private(typ):
		lacks = append(lacks, "an address of the prescriber in the United Kingdom, as its country or its postcode says (found: "+prescription.InWords(address)+")")
	}
	return lacks
}

// wordsOf are the words of the dosage instructions and the notes of an order, in small letters
// with one space between them.
func wordsOf(mr node) string {
	var list []string
	add := func(texts ...node) {
		for _, t := range texts {
			list = append(list, strings.Fields(strings.ToLower(t.Text()))...)
		}
	}
	for d := range mr.Get("dosageInstruction").Items() {
		add(d.Get("text"), d.Get("patientInstruction"))
		for more := range d.Get("additionalInstruction").Items() {
			add(more.Get("text"))
			for c := range more.Get("coding").Items() {
				add(c.Get("display"))
			}
		}
	}
	for n := range mr.Get("note").Items() {
		add(n.Get("text"))
	}
	return strings.Join(list, " ")
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
