package main

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/register"
)

// registered shows the register what dispensing knows of medicines.
type registered struct{ prescription.Formulary }

var _ register.Medicines = registered{}

// Product is the virtual product of a medicine.
func (k registered) Product(c fhir.Coding, on nhs.Date) (register.Product, bool) {
	m, ok := k.Formulary.Product(c, on)
	if !ok {
		return register.Product{}, false
	}
	if vmp, found := k.Formulary.Product(fhir.Coding{System: nhs.CSDMD, Code: m.VMP}, on); m.VMP != "" && found {
		vmp.Schedule = m.Schedule
		m = vmp
	}
	return register.Product{Code: m.VMP, Name: m.Name, Class: m.Substance, Form: m.Form, Strength: m.Strength, Unit: m.Unit, Schedule: m.Schedule}, true
}

// Unit is the name of the unit of a quantity.
func (registered) Unit(unit, system, code string, on nhs.Date) string {
	return prescription.UnitNamed(prescription.Quantity{Unit: unit, System: system, Code: code}, on)
}
