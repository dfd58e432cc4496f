package warehouse

import "github.com/pestle-fhir/pestle/fhir"

// The parameters of the operations.
var (
	orgInput      = fhir.Parameter{Name: "org", Kinds: []string{"valueCode", "valueString"}, Doc: "The ODS code of the pharmacy whose stock it is. By default the caller's."}
	productInput  = fhir.Parameter{Name: "product", Kinds: []string{"valueCoding"}, Required: true, Doc: "The product or pack, by its code in dm+d: the ledger counts units of the virtual product."}
	batchInput    = fhir.Parameter{Name: "batch", Kinds: []string{"valueString"}, Required: true, Doc: "The batch number."}
	expiryInput   = fhir.Parameter{Name: "expiry", Kinds: []string{"valueDate"}, Doc: "The last day on which it may be used; needed where the ledger has the batch with several."}
	locationInput = fhir.Parameter{Name: "location", Kinds: []string{"valueString"}, Doc: "Where it is; needed where the ledger has the batch in several places."}
	reasonInput   = fhir.Parameter{Name: "reason", Kinds: []string{"valueString"}, Required: true, Doc: "Why, in words."}
	quantityInput = fhir.Parameter{Name: "quantity", Kinds: []string{"valueQuantity"}, Required: true, Doc: "How much, in the unit of the product."}

	receiveInputs = []fhir.Parameter{orgInput, productInput, quantityInput, batchInput,
		{Name: "expiry", Kinds: []string{"valueDate"}, Required: true, Doc: "The last day on which it may be used."},
		{Name: "location", Kinds: []string{"valueString"}, Doc: "Where it is put."},
		{Name: "from", Kinds: []string{"valueString"}, Required: true, Doc: "From whom it was received."},
		{Name: "price", Kinds: []string{"valueMoney"}, Doc: "What was paid for all of it, without VAT, in pounds and pence: the value of the stock."},
		{Name: "order", Kinds: []string{"valueReference"}, Doc: "The purchase order that it is received against: no more of it than is outstanding. Without a price it is worth what was agreed."},
		{Name: "paper", Kinds: []string{"valueString"}, Doc: "The number of the delivery note; of the purchase order by default."},
		{Name: "received", Kinds: []string{"valueDate"}, Doc: "The day on which it was received; today by default."}}

	orderInputs = []fhir.Parameter{orgInput, productInput, quantityInput,
		{Name: "number", Kinds: []string{"valueString"}, Required: true, Doc: "The number of the purchase order. Several products may have the same; a product is ordered once under it."},
		{Name: "supplier", Kinds: []string{"valueString"}, Doc: "From whom it is ordered; by default the supplier of the product, as Basic/$stock-level has it."},
		{Name: "price", Kinds: []string{"valueMoney"}, Doc: "What was agreed for all of it, without VAT, in pounds and pence."},
		{Name: "expected", Kinds: []string{"valueDate"}, Doc: "The day on which it is to come; by default after the days that Basic/$stock-level has."},
		{Name: "purpose", Kinds: []string{"valueString"}, Doc: "Of a controlled drug that is ordered by a requisition: for what it is required."},
		{Name: "authority", Kinds: []string{"part"}, Doc: "Of such a controlled drug: who signed the order.",
			Parts: []fhir.Parameter{{Name: "name", Kinds: []string{"valueString"}, Required: true, Doc: "The name."}, {Name: "role", Kinds: []string{"valueString"}, Required: true, Doc: "The profession."}}}}

	reassignInputs = []fhir.Parameter{orgInput,
		{Name: "receipt", Kinds: []string{"valueReference"}, Required: true, Doc: "The entry of the ledger with which it was received: a Basic of the code receipt."},
		{Name: "order", Kinds: []string{"valueReference"}, Doc: "The purchase order that it is received against; without it, it came without an order."},
		{Name: "from", Kinds: []string{"valueReference"}, Doc: "The purchase order that it is taken off, where the receipt is of several; without it what is of none."},
		{Name: "quantity", Kinds: []string{"valueQuantity"}, Doc: "How much of it, in the unit of the product; all by default."}, reasonInput}

	cancelInputs = []fhir.Parameter{reasonInput}

	adjustInputs = []fhir.Parameter{orgInput, productInput, batchInput, expiryInput, locationInput,
		{Name: "change", Kinds: []string{"valueQuantity"}, Required: true, Doc: "What is added to what is available: above 0, or below."}, reasonInput}

	destroyInputs = []fhir.Parameter{orgInput, productInput, quantityInput, batchInput, expiryInput, locationInput, reasonInput,
		{Name: "returned", Kinds: []string{"valueBoolean"}, Doc: "true for what patients brought back."}}

	returnInputs = []fhir.Parameter{orgInput, productInput, quantityInput, batchInput,
		{Name: "expiry", Kinds: []string{"valueDate"}, Doc: "The last day on which it may be used, where that is legible."}, reasonInput}

	recallInputs = []fhir.Parameter{orgInput, productInput, batchInput, reasonInput,
		{Name: "lift", Kinds: []string{"valueBoolean"}, Doc: "true where the recall is over: what is in quarantine stays there until it is cleared."}}

	clearInputs = []fhir.Parameter{orgInput, productInput, quantityInput, batchInput, expiryInput, locationInput, reasonInput}

	moveInputs = []fhir.Parameter{orgInput, productInput, quantityInput, batchInput, expiryInput, locationInput,
		{Name: "to", Kinds: []string{"valueString"}, Required: true, Doc: "The location to which it is moved."}}

	countInputs = []fhir.Parameter{orgInput, productInput, batchInput, expiryInput, locationInput,
		{Name: "counted", Kinds: []string{"valueQuantity"}, Required: true, Doc: "How much was counted of the lot, in whatever state: but for what a courier has, and what patients brought back."}}

	levelInputs = []fhir.Parameter{orgInput, productInput,
		{Name: "level", Kinds: []string{"valueQuantity"}, Required: true, Doc: "It is to be ordered when less than this is available."},
		{Name: "order", Kinds: []string{"valueQuantity"}, Doc: "How much is ordered at a time."},
		{Name: "leadDays", Kinds: []string{"valuePositiveInt", "valueInteger"}, Doc: "How many days it takes from the order to the delivery: by it an owing is expected."},
		{Name: "supplier", Kinds: []string{"valueString"}, Doc: "Who supplies it."}}

	resumeInputs = []fhir.Parameter{
		{Name: "reason", Kinds: []string{"valueString"}, Required: true, Doc: "What was found out, and decided, in words."},
		{Name: "leave", Kinds: []string{"valueBoolean"}, Doc: "true where what was refused is not to be done: it was done in another way, or is not wanted."},
		{Name: "again", Kinds: []string{"valueBoolean"}, Doc: "true where what came back is to be sent again."}}

	journalInputs = []fhir.Parameter{orgInput,
		{Name: "kind", Kinds: []string{"valueCode", "valueString"}, Required: true, Doc: "valuation, purchases, sales, changes, orders, purchase-orders or control."},
		{Name: "from", Kinds: []string{"valueDate", "valueString"}, Doc: "The first day of the entries; today by default, or the day that to names."},
		{Name: "to", Kinds: []string{"valueDate", "valueString"}, Doc: "The last day of the entries, and the day at the end of which the stock is valued; today by default."}}

	stockInputs = []fhir.Parameter{orgInput,
		{Name: "product", Kinds: []string{"valueCoding", "valueString"}, Doc: "The product, by its code in dm+d; all without it."}}
)
