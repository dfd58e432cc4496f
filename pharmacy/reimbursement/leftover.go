package reimbursement

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
)

// leftovers finds what a pharmacy was paid for whole packs as broken bulk, and
// what it has used of their rests since: as its other ClaimResponses tell.
func leftovers(state fhir.State, p pricing.Prescription, book *pricing.Book, org, claimID string) (map[string][]pricing.Leftover, error) {
	found := map[string][]pricing.Leftover{}
	for _, line := range p.Lines {
		for _, pack := range book.PacksOf(line.Prescribed.Code) {
			if _, done := found[pack]; done || org == "" {
				continue
			}
			ids, err := state.Find("ClaimResponse", nhs.Query("_tag", csResidue, org+"."+pack))
			if err != nil {
				return nil, err
			}
			found[pack] = nil
			for _, id := range ids {
				r, err := current(state, "ClaimResponse", "ClaimResponse/"+id)
				if err != nil {
					return nil, err
				}
				if r != nil && id != ResponseID(claimID) && r.Get("status").Text() == "active" {
					found[pack] = append(found[pack], movements(r, pack)...)
				}
			}
		}
	}
	return found, nil
}

// movements are what a ClaimResponse added to the rest of a pack, or took of it.
func movements(r *fhir.Resource, pack string) []pricing.Leftover {
	day := nhs.Day(nhs.Extension(r.Root(), extDay).Get("valueDate").Text())
	var list []pricing.Leftover
	for item := range r.Get("item").Items() {
		for detail := range item.Get("detail").Items() {
			for a := range detail.Get("adjudication").Items() {
				if nhs.Extension(a, extLeftover).Path("valueIdentifier", "value").Text() != pack {
					continue
				}
				if n, ok := pricing.ParseDecimal(a.Get("value").Text()); ok {
					list = append(list, pricing.Leftover{Day: day, Quantity: n})
				}
			}
		}
	}
	return list
}
