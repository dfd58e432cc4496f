package reimbursement

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
)

// claim is a Claim of the EPS shape, be it the server's own or one that was
// posted.
type claim struct {
	*fhir.Resource
	item    fhir.Node
	details []fhir.Node
}

// IsEPS reports whether a Claim is one of EPS; the package comment says how one
// is told.
func IsEPS(r *fhir.Resource) bool {
	if r.Type() != "Claim" {
		return false
	}
	if nhs.Extension(r.Get("prescription"), nhs.ExtGroup).Exists() {
		return true
	}
	for item := range r.Get("item").Items() {
		if nhs.Coded(item.Get("productOrService"), nhs.CSSNOMED) == nhs.Prescription {
			return true
		}
	}
	return false
}

func readClaim(r *fhir.Resource) *claim {
	c := &claim{Resource: r, item: r.Get("item").Item(0)}
	for d := range c.item.Get("detail").Items() {
		c.details = append(c.details, d)
	}
	return c
}

// message is the Claim's identifier, by which an amendment names it.
func (c *claim) message() string { return nhs.Identifier(c.Root(), nhs.IDUUID).Text() }

func (c *claim) group(name string) fhir.Node {
	return nhs.Extension(nhs.Extension(c.Get("prescription"), nhs.ExtGroup), name).Get("valueIdentifier")
}

// order is the short-form id of the prescription. It is compared in capitals.
func (c *claim) order() string { return strings.ToUpper(c.group("shortForm").Get("value").Text()) }

// issue is which issue of the prescription is claimed: the item's repeat
// information, or the first detail's where older software puts it.
func (c *claim) issue() (issue int, given bool) {
	for _, n := range append([]fhir.Node{c.item}, c.details...) {
		if issued, ok := repeats(n, "numberOfRepeatsIssued"); ok {
			return issued + 1, true
		}
	}
	return 1, false
}

func (c *claim) replaces() fhir.Node {
	return nhs.Extension(c.Root(), nhs.ExtReplacement).Get("valueIdentifier")
}

// role is the contained PractitionerRole of the provider, and pharmacy its
// contained Organization.
func (c *claim) role() fhir.Node { return nhs.Contained(c.Root(), c.Get("provider")) }

func (c *claim) pharmacy() fhir.Node { return nhs.Contained(c.Root(), c.role().Get("organization")) }

// country is whose prescription charge the claim is made under, by who is
// claimed from.
func (c *claim) country() string {
	return payers[c.Get("insurance").Item(0).Path("coverage", "identifier", "value").Text()].country
}

// requestOf is the number of the prescribed item that a detail claims.
func requestOf(detail fhir.Node) fhir.Node {
	return nhs.Extension(detail, nhs.ExtClaimOrder).Path("valueReference", "identifier", "value")
}

// chargesOf is how many prescription charges a detail says were paid.
func chargesOf(detail fhir.Node) int {
	switch nhs.Coded(detail.Get("programCode"), nhs.CSCharge) {
	case "paid-once":
		return 1
	case "paid-twice":
		return 2
	}
	return 0
}

// endorsementsOf are the dispenser's endorsements of a detail.
func endorsementsOf(detail fhir.Node) []pricing.Endorsement {
	var list []pricing.Endorsement
	for p := range detail.Get("programCode").Items() {
		if e := nhs.Coded(p, nhs.CSEndorsement); e != "" {
			list = append(list, pricing.Endorsement{Code: e, Text: p.Get("text").Text()})
		}
	}
	return list
}

// amountOf is a Quantity as pricing takes it.
func amountOf(q fhir.Node) pricing.Quantity {
	value, _ := pricing.ParseDecimal(q.Get("value").Text())
	unit := q.Get("unit").Text()
	if unit == "" {
		unit = q.Get("code").Text()
	}
	return pricing.Quantity{Value: value, Unit: unit}
}

// productOf is a product as pricing takes it.
func productOf(concept fhir.Node) pricing.Product {
	p := pricing.Product{Name: concept.Get("text").Text()}
	if found := nhs.Codings(concept, nhs.CSSNOMED); len(found) > 0 {
		if p.Code = found[0].Get("code").Text(); found[0].Get("display").Exists() {
			p.Name = found[0].Get("display").Text()
		}
	}
	return p
}
