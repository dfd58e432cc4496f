package main

import (
	"strings"

	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/profiles/terminology"
	"github.com/pestle-fhir/pestle/profiles/terminology/dmd"
)

// medicines shows dispensing the dm+d that is loaded, if any.
type medicines struct{ terms *terminology.Service }

var _ prescription.Dictionary = medicines{}

// Medicine is the product of a code of dm+d; a pack is the product in it.
func (m medicines) Medicine(code string) (prescription.Medicine, bool) {
	c, ok := m.terms.Find(dmd.System, code)
	if !ok {
		return prescription.Medicine{}, false
	}
	if product := property(c, "APID"); product != "" {
		return m.Medicine(product)
	}
	vmp, isActual := c, false
	if above := property(c, "VPID"); above != "" {
		// An actual product is below its virtual one, as a virtual pack is.
		if vmp, ok = m.terms.Find(dmd.System, above); !ok {
			return prescription.Medicine{}, false
		}
		isActual = property(c, "QTYVAL") == ""
	}
	if !isActual {
		c = vmp
	}
	out := prescription.Medicine{Code: c.Code, VMP: vmp.Code, Actual: isActual, Name: c.Display}
	out.Schedule, out.Known = prescription.ScheduleOf(property(vmp, "CATCD"))
	if vtm, ok := m.terms.Find(dmd.System, property(vmp, "VTMID")); ok {
		out.Substance = strings.ToLower(vtm.Display)
	}
	return out, isProduct(vmp)
}

// isProduct tells products from the units, forms and suppliers that dm+d names.
func isProduct(c terminology.Concept) bool {
	for _, p := range c.Parents {
		if p == "VMP" {
			return true
		}
	}
	return false
}

func property(c terminology.Concept, code string) string {
	for _, p := range c.Properties {
		if p.Code == code {
			return p.Value
		}
	}
	return ""
}
