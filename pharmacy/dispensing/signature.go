package dispensing

import (
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// signatureOf is what is known of the electronic signature of a prescription: that of its
// message, or of a Provenance that is stored of its orders.
func signatureOf(state fhir.State, orders []*prescription.Order, sent *fhir.Resource) (prescription.Signature, error) {
	if sent != nil {
		for p := range message.Read(sent, prescription.Law{}).All("Provenance") {
			if s := readSignature(p); s.Result != "" {
				return s, nil
			}
		}
		return prescription.Signature{}, nil
	}
	for _, o := range orders {
		ids, err := state.Find("Provenance", "target="+o.Version.Ref())
		if err != nil {
			return prescription.Signature{}, err
		}
		for _, id := range ids {
			p, err := read(state, "Provenance/"+id, "Provenance")
			if err != nil {
				return prescription.Signature{}, err
			}
			if p == nil {
				continue
			}
			if s := readSignature(p.Root()); s.Result != "" {
				return s, nil
			}
		}
	}
	return prescription.Signature{}, nil
}

// readSignature is the first signature of a Provenance that has data.
func readSignature(provenance node) prescription.Signature {
	for s := range provenance.Get("signature").Items() {
		if data := s.Get("data").Text(); data != "" {
			when, _ := time.Parse(time.RFC3339, s.Get("when").Text())
			return prescription.ReadSignature(data, when)
		}
	}
	return prescription.Signature{}
}

// signatureIn is the signature that the Task of a prescription tells of.
func signatureIn(task *fhir.Resource) prescription.Signature {
	e := nhs.Extension(task.Root(), nhs.ExtOwnSignature)
	return prescription.Signature{Source: nhs.Extension(e, "source").Get("valueCode").Text(), Result: nhs.Extension(e, "result").Get("valueCode").Text(), Reason: nhs.Extension(e, "reason").Get("valueString").Text()}
}
