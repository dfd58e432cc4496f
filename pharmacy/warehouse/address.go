package warehouse

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// addressOf is a digest of where a patient lives: it tells whether that has changed, and
// nothing of it.
func addressOf(r *fhir.Resource) string {
	if r == nil {
		return ""
	}
	h := sha256.New()
	part := func(text string) { _, _ = h.Write(append([]byte(text), 0)) }
	for a := range r.Get("address").Items() {
		for line := range a.Get("line").Items() {
			part(line.Text())
		}
		for _, name := range []string{"use", "text", "city", "district", "state", "postalCode", "country"} {
			part(a.Get(name).Text())
		}
		part(a.Path("period", "start").Text())
		part(a.Path("period", "end").Text())
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// relocated tells the warehouse that what it has not sent yet goes to another address: a
// higher revision, of which it reads the address again. A controlled drug waits until a
// person has verified the address.
func (s *Service) relocated(b *book, v *fhir.Version) error {
	if v.Deleted() || v.VersionID == "1" {
		return nil
	}
	ids, err := b.state.Find("SupplyRequest", "status="+orderActive+"&subject="+nhs.Text(v.Ref()))
	if err != nil || len(ids) == 0 {
		return err
	}
	r, err := v.Resource()
	if err != nil {
		return err
	}
	now := addressOf(r)
	for _, id := range ids {
		o, err := b.order(id)
		if err != nil {
			return err
		}
		if o == nil || !o.out() || o.address == now {
			continue
		}
		if o.address = now; len(handlingOf(o.product.Schedule, b.day)) > 0 {
			o.verify = true
			b.stop(o, "The address of the patient has changed, and it is a controlled drug: verify it.")
		}
		before := o.revision
		if b.tell(o); o.revision == before {
			b.raise(o)
		}
		b.wrote("SupplyRequest", o.id)
	}
	return nil
}
