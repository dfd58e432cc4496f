package register

import "github.com/pestle-fhir/pestle/fhir"

// The parameters of the operations.
var (
	orgInput     = fhir.Parameter{Name: "org", Kinds: []string{"valueCode", "valueString"}, Doc: "The ODS code of the pharmacy whose register it is. By default the caller's."}
	productInput = fhir.Parameter{Name: "product", Kinds: []string{"valueCoding"}, Required: true, Doc: "The product, by its code in dm+d."}
	batchInput   = fhir.Parameter{Name: "batch", Kinds: []string{"valueString"}, Doc: "The batch number."}
	nameInput    = fhir.Parameter{Name: "name", Kinds: []string{"valueString"}, Required: true, Doc: "The name."}
	whoInput     = fhir.Parameter{Name: "identifier", Kinds: []string{"valueIdentifier", "valueString"}, Doc: "An identifier of the person or firm, such as a GPhC or SDS number."}
	witnessInput = fhir.Parameter{Name: "witness", Kinds: []string{"part"}, Required: true, Doc: "The second person: not the caller.",
		Parts: []fhir.Parameter{nameInput, {Name: "role", Kinds: []string{"valueString"}, Doc: "As what they act: of the destruction of stock, how they are authorised."}, whoInput}}

	receiveInputs = []fhir.Parameter{orgInput, productInput,
		{Name: "quantity", Kinds: []string{"valueQuantity"}, Required: true, Doc: "How much was received."},
		{Name: "received", Kinds: []string{"valueDate"}, Doc: "The day on which it was received; today by default."},
		{Name: "from", Kinds: []string{"part"}, Required: true, Doc: "From whom.",
			Parts: []fhir.Parameter{nameInput, {Name: "address", Kinds: []string{"valueString"}, Required: true, Doc: "The address."}, whoInput}},
		batchInput,
		{Name: "expiry", Kinds: []string{"valueDate"}, Doc: "The day on which it expires."},
		{Name: "order", Kinds: []string{"valueReference"}, Doc: "The purchase order of the stock ledger that it is received against: no more of it than is outstanding."}}

	destroyInputs = []fhir.Parameter{orgInput, productInput,
		{Name: "quantity", Kinds: []string{"valueQuantity"}, Required: true, Doc: "How much was destroyed."},
		{Name: "destroyed", Kinds: []string{"valueDate"}, Doc: "The day of the destruction; today by default."},
		{Name: "reason", Kinds: []string{"valueString"}, Required: true, Doc: "Why it was destroyed."},
		{Name: "returned", Kinds: []string{"valueBoolean"}, Doc: "true for what a patient returned: it is recorded in the book for that, and is not part of the stock."},
		{Name: "denatured", Kinds: []string{"valueBoolean"}, Doc: "true where it was denatured, as what patients return must be."},
		batchInput, witnessInput}

	checkInputs = []fhir.Parameter{orgInput, productInput,
		{Name: "counted", Kinds: []string{"valueQuantity"}, Required: true, Doc: "How much there was."},
		{Name: "counted-on", Kinds: []string{"valueDate"}, Doc: "The day of the count; today by default."},
		{Name: "note", Kinds: []string{"valueString"}, Doc: "What is to be noted of it."},
		witnessInput}

	correctInputs = []fhir.Parameter{orgInput, productInput,
		{Name: "change", Kinds: []string{"valueQuantity"}, Doc: "What is added to the balance, negative for what is taken from it. Without it the note changes no balance."},
		{Name: "reason", Kinds: []string{"valueString"}, Required: true, Doc: "What was found, and why the register is corrected."},
		{Name: "entry", Kinds: []string{"valueReference"}, Doc: "The entry that the note is about."},
		witnessInput}

	responsibleInputs = []fhir.Parameter{orgInput,
		{Name: "act", Kinds: []string{"valueCode", "valueString"}, Required: true, Doc: "start, absence, return or end."},
		{Name: "registration", Kinds: []string{"valueString"}, Doc: "With start: the pharmacist's registration number (GPhC)."},
		{Name: "note", Kinds: []string{"valueString"}, Doc: "What is to be noted; why, where another than the responsible pharmacist records return or end."}}

	registerInputs = []fhir.Parameter{orgInput,
		{Name: "product", Kinds: []string{"valueString", "valueCode"}, Doc: "The code of a product, or a part of its name."},
		{Name: "class", Kinds: []string{"valueString", "valueCode"}, Doc: "The substance."},
		{Name: "book", Kinds: []string{"valueCode", "valueString"}, Doc: "register, or patient-returns for the destructions of what patients returned."},
		{Name: "from", Kinds: []string{"valueDate", "valueString"}, Doc: "From the entries of this day on."},
		{Name: "to", Kinds: []string{"valueDate", "valueString"}, Doc: "Until those of this day, which is part of it."},
		{Name: "at", Kinds: []string{"valueInstant", "valueDateTime", "valueString"}, Doc: "The register as it was at this time."}}
)
