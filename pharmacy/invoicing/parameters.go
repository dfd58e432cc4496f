package invoicing

import "github.com/pestle-fhir/pestle/fhir"

// The parameters of the operations.
var (
	creditInputs = []fhir.Parameter{
		{Name: "reason", Kinds: []string{"valueString"}, Required: true, Doc: "Why it is credited, in words: it is on the credit."},
		{Name: "line", Kinds: []string{"valuePositiveInt", "valueInteger"}, Repeated: true, Doc: "The sequence of a line of the invoice; without any, all lines that are not credited yet."}}

	orgInput = fhir.Parameter{Name: "org", Kinds: []string{"valueString", "valueCode"}, Doc: "The ODS code of the pharmacy. By default the caller's, or the server's."}

	priceListInputs = []fhir.Parameter{orgInput,
		{Name: "clinic", Kinds: []string{"valueString", "valueCode"}, Doc: "The ODS code of the clinic whose prices and terms are asked for; by default those of all clinics."},
		{Name: "day", Kinds: []string{"valueDate", "valueString"}, Doc: "The day on which they hold; today by default."},
		{Name: "kind", Kinds: []string{"valueCode", "valueString"}, Doc: "private-prices, private-terms or vat-rates; by default the prices."}}

	paymentInputs = []fhir.Parameter{
		{Name: "amount", Kinds: []string{"valueMoney"}, Required: true, Doc: "What was paid, in pounds and pence."},
		{Name: "method", Kinds: []string{"valueCode", "valueString"}, Required: true, Doc: "How it was paid: cash, bank-transfer, cheque or card-terminal."},
		{Name: "reference", Kinds: []string{"valueString"}, Required: true, Doc: "What it is known by, such as the reference of the bank's statement. The same method and reference are recorded once."},
		{Name: "paid", Kinds: []string{"valueDate"}, Doc: "The day on which it was paid; today by default."}}

	refundInputs = []fhir.Parameter{
		{Name: "amount", Kinds: []string{"valueMoney"}, Doc: "What is given back, in pounds and pence; by default all of the payment that was not refunded."},
		{Name: "reason", Kinds: []string{"valueString"}, Required: true, Doc: "Why it is refunded, in words."}}

	receiptInputs = []fhir.Parameter{
		{Name: "as", Kinds: []string{"valueCode", "valueString"}, Doc: "pdf, which is the default, or text."}}

	askInputs = []fhir.Parameter{
		{Name: "amount", Kinds: []string{"valueMoney"}, Doc: "A part of what is due, in pounds and pence; by default all of it."}}
)
