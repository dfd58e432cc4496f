package dispensing

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// people fills in what the orders only refer to: the patient, who sent it, and
// when it was signed.
func people(p *prescription.Prescription, state fhir.State, o *prescription.Order) (authored string, err error) {
	patient, err := read(state, p.Patient.Ref, "Patient")
	if err != nil {
		return "", err
	}
	if patient != nil {
		p.Patient.ID = nhs.Identifier(patient.Root(), nhs.IDNHS).Text()
		p.Patient.Name = nameOf(patient.Get("name"))
	}
	if p.Sender, err = organizationOf(state, o.Resource.Root().Path("requester", "reference").Text()); err != nil {
		return "", err
	}
	if p.Nominee.ID != "" && p.Nominee.Name == "" {
		org, err := sole(state, "Organization", nhs.IDODS, p.Nominee.ID)
		if err != nil {
			return "", err
		}
		if org != nil {
			p.Nominee.Name, p.Nominee.Ref = org.Get("name").Text(), "Organization/"+org.ID()
		}
	}
	when, err := signedAt(state, o)
	if err != nil {
		return "", err
	}
	for _, authored = range []string{when, o.Resource.Get("authoredOn").Text(), nhs.Stamp(p.Received)} {
		if authored != "" {
			p.Signed = nhs.ReadDate(authored)
			return authored, nil
		}
	}
	return "", nil
}

// organizationOf follows a role to its organisation.
func organizationOf(state fhir.State, ref string) (prescription.Party, error) {
	role, err := read(state, ref, "PractitionerRole")
	if err != nil || role == nil {
		return prescription.Party{}, err
	}
	party := prescription.ReadParty(role.Get("organization"))
	org, err := read(state, party.Ref, "Organization")
	if org != nil {
		party.ID, party.Name = nhs.Identifier(org.Root(), nhs.IDODS).Text(), org.Get("name").Text()
	}
	return party, err
}

// signedAt is when the order was signed, "" where no signature is known.
func signedAt(state fhir.State, o *prescription.Order) (string, error) {
	ids, err := state.Find("Provenance", "target="+o.Version.Ref())
	for i := 0; err == nil && i < len(ids); i++ {
		var p *fhir.Resource
		if p, err = read(state, "Provenance/"+ids[i], "Provenance"); p != nil {
			if when := p.Get("signature").Get("when").Text(); when != "" {
				return when, err
			}
		}
	}
	return "", err
}

// nameOf writes a HumanName in one line.
func nameOf(names node) string {
	for n := range names.Items() {
		if text := n.Get("text").Text(); text != "" {
			return text
		}
		line := ""
		for _, part := range []string{"prefix", "given", "family"} {
			for v := range n.Get(part).Items() {
				if line != "" {
					line += " "
				}
				line += v.Text()
			}
		}
		return line
	}
	return ""
}
