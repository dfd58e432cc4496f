package pricing

import "github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"

// Book is the data that holds for a prescription, each part with the name under
// which an auditor finds it.
type Book struct {
	Fees       *tariff.Fees
	FeesName   string
	Exemptions *tariff.Exemptions
	// Endorsements are the codes that a dispenser may endorse with.
	Endorsements *tariff.Endorsements
	Edition      *tariff.Edition // nil where none may be used
	EditionName  string
	NoEdition    string // why Edition is nil

	Concessions     tariff.Concessions
	ConcessionsName string
	Products        *tariff.Products // nil where there is none
	ProductsName    string
	Flags           tariff.Flags
	FlagsName       string
}
