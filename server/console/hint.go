package console

import "github.com/pestle-fhir/pestle/fhir"

// hints are what a form says below the name of a field, in the words of who fills it in, by
// "operation.parameter", with the part after another dot, or by the parameter alone; ""
// where its name and its choices say it all. What is not here is as the operation has it.
var hints = map[string]string{
	"all": "Leave the items below empty then.", "bag": "It waits there, and is supplied when it is handed over.",
	"exemption": "Why the patient pays no prescription charge, or that they paid: the claim says so.", "exemptionEvidence": "",
	"collector": "The law asks for it of Schedule 2.", "identityRequested": "", "identityProvided": "", "method": "",
	"dispense.item.status": "Fully dispensed, where nothing is chosen.", "dispense.item.reason": "Of what is not dispensed at all.", "difference": "Why something else than what was ordered may lawfully be supplied.",
	"query.reason": "What it is about.", "newPrescription": "What was signed is never altered: the prescriber cancels it, and prescribes anew.",
	"return.reason": "", "withdraw.reason": "", "reject.reason": "Why the items are not dispensed, or the prescription is given back.",
	"notDispensed": "Where nothing is chosen, the items stay outstanding.", "release-hold.hold": "", "mitigate.action": "",
	"hold.hold": "", "record-original.form": "",
	"product": "The code of the product or of its pack in dm+d.", "batch": "",
	"receive-goods.quantity": inUnits, "return-goods.quantity": inUnits, "move-stock.quantity": inUnits, "clear-quarantine.quantity": inUnits, "order-goods.quantity": inUnits,
	"receive-goods.expiry": "The last day on which it may be used.", "receive-goods.paper": "", "receive-goods.location": "", "receive-goods.from": "", "price": "For all of it, in pounds and pence, without VAT: it is what the stock is worth.",
	"destroy.returned": "It is entered in the book of patient returns, and is no part of the stock.", "denatured": "What patients return must be.",
	"destroy-goods.returned": "It is taken from what patients brought back, and not from the stock.", "lift": "What is in quarantine stays there until it is cleared.",
	"destroy-goods.quantity": "In the unit in which it is counted. What is allocated to a prescription is released first.",
	"change":                 "With a minus sign for what is taken off.", "stock-level.level": "", "stock-level.order": "", "leadDays": "By it what is owed has the day on which it is expected.", "supplier": "",
	"order-goods.supplier": "From whom; else the one that the reorder level names.", "order-goods.expected": "Else after the days that the reorder level names.", "order-goods.number": "",
	"leave": "It was done in another way, or is not wanted.", "again": "Of what came back.", "to": "",
	"responsible-pharmacist.note": "Why, where you record it for another pharmacist.", "act": "", "registration": "The number of your registration with the GPhC.",
	"payments.method": "", "settle-difference.action": "", "note.readers": "What customer service reads names no medicine, and tells nothing clinical.", "papers-sent.form": "", "break-glass.code": "",
}

// inUnits is said of a quantity of the stock.
const inUnits = "In the unit in which it is counted."

// labels are names of parameters as people say them.
var labels = map[string]string{
	"hold": "Why", "reason": "Reason", "note": "Note", "all": "Everything that is outstanding, in full", "bag": "Into the bag, to be", "whenHandedOver": "Handed over", "exemptionEvidence": "Evidence of the exemption",
	"collectorName": "Name of who collects", "collectorAddress": "Address of who collects", "collector": "Who collects", "identityRequested": "Proof of identity was asked for", "identityProvided": "Proof of identity was shown",
	"newPrescription": "Ask to cancel and prescribe anew", "signatureChecked": "The form and its signature were compared", "prescriberNumber": "Number of the prescriber", "scan": "Scan of the pack", "expected": "Expected on",
	"notDispensed": "Not dispensed at all, because", "received": "Received on", "about": "About",
	"expiry": "Expires on", "from": "From whom", "receive-goods.from": "From whom it was received", "paper": "Number of the order or the delivery note", "price": "Price", "counted": "How much was counted", "counted-on": "Counted on", "destroyed": "Destroyed on",
	"change": "How much is added", "level": "Reorder when less than this is available", "leadDays": "Days from the order to the delivery", "supplier": "Who supplies it", "order-goods.number": "Number of the purchase order", "order": "How much is ordered at a time", "purpose": "For what it is required", "authority": "Who signed the order",
	"to": "Where it is moved to", "lift": "The recall is over", "returned": "A patient brought it back", "denatured": "It was denatured", "leave": "Leave what was refused", "again": "Send it again",
	"registration": "Registration number", "break-glass.code": "Why", "note.readers": "For",
}

func labelOf(op, path string, p *fhir.Parameter) string {
	if l := lookUp(labels, op, path, p.Name); l != nil {
		return *l
	}
	return capital(p.Name)
}

func hintOf(op, path string, p *fhir.Parameter) string {
	if h := lookUp(hints, op, path, p.Name); h != nil {
		return *h
	}
	return p.Doc
}

// lookUp is what a table says of a parameter of an operation: of the one at the path first.
func lookUp(table map[string]string, op, path, name string) *string {
	for _, key := range []string{op + "." + path, name} {
		if text, ok := table[key]; ok {
			return &text
		}
	}
	return nil
}
