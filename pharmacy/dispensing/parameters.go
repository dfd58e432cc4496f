package dispensing

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// The parameters of the operations on the Task of a prescription. The server
// refuses any other before it calls; see package inputs.
var (
	ownerInput = fhir.Parameter{Name: "owner", Kinds: []string{"Organization"}, Doc: "The pharmacy: an Organization with an ODS code. By default the one that this server serves."}
	agentInput = fhir.Parameter{Name: "agent", Kinds: []string{"PractitionerRole"}, Doc: "Who acts: a PractitionerRole. By default the caller."}

	acceptInputs   = []fhir.Parameter{ownerInput, agentInput}
	returnInputs   = []fhir.Parameter{reasonInput(nhs.CSReturn)}
	withdrawInputs = []fhir.Parameter{reasonInput(nhs.CSWithdraw)}
	cancelInputs   = []fhir.Parameter{reasonInput(nhs.CSCancel), {Name: "item", Kinds: []string{"valueString"}, Doc: "The number of one item; without it all items are cancelled."}}
	releaseInputs  = []fhir.Parameter{
		{Name: "owner", Kinds: []string{"Organization"}, Doc: "The pharmacy that asks: an Organization with an ODS code."},
		{Name: "agent", Kinds: []string{"PractitionerRole"}, Doc: "Who asks."},
		{Name: "status", Kinds: []string{"valueCode"}, Doc: "accepted: the state that what is released has afterwards."},
		{Name: "group-identifier", Kinds: []string{"valueIdentifier"}, Doc: "The number of one prescription; without it up to 25 that are nominated to the pharmacy are released."},
	}
	dispenseInputs = append([]fhir.Parameter{
		{Name: "all", Kinds: []string{"valueBoolean"}, Doc: "true: everything that is outstanding is supplied in full. In the place of item."},
		{Name: "item", Kinds: []string{"part"}, Repeated: true, Doc: "An item that is supplied, owed or not dispensed.", Parts: []fhir.Parameter{
			{Name: "number", Kinds: []string{"valueString", "valueIdentifier", "valueReference"}, Required: true, Doc: "The item: its prescription-order-item-number, or a reference to its MedicationRequest."},
			{Name: "status", Kinds: []string{"valueCode"}, Doc: "A code of medicationdispense-type: 0001 fully dispensed, which is the default, 0002 not dispensed, 0003 in part, 0004 owing."},
			{Name: "quantity", Kinds: []string{"valueQuantity"}, Doc: "The amount that is handed over now, in the unit of the prescription."},
			{Name: "difference", Kinds: []string{"valueCode"}, Doc: "Why something else than what was ordered may lawfully be supplied: a code."},
			{Name: "protocol", Kinds: []string{"valueString"}, Doc: "The protocol under which it is supplied."},
			{Name: "product", Kinds: []string{"valueCoding"}, Doc: "What was supplied, when it is not what was ordered."},
			{Name: "reason", Kinds: []string{"valueCode"}, Doc: "Why the item is not dispensed: a code of medicationdispense-status-reason, for status 0002."},
			{Name: "endorsement", Kinds: []string{"valueCodeableConcept"}, Repeated: true, Doc: "An endorsement of the item for the claim: a code of " + nhs.CSEndorsement + ", with its supporting information as text."},
			packInputs[0], packInputs[1], packInputs[2],
		}},
		{Name: "bag", Kinds: []string{"valueCode"}, Doc: "collection or delivery: it is dispensed into the bag, which waits for that. Nothing is supplied before Task/$hand-over."},
	}, handedOverInputs...)
	// handedOverInputs are what is said when something is handed over.
	handedOverInputs = []fhir.Parameter{
		{Name: "exemption", Kinds: []string{"valueCode"}, Doc: "Why the patient pays no prescription charge, or 0001 that they paid: a code of " + nhs.CSExemption + ", for the claim."},
		{Name: "exemptionEvidence", Kinds: []string{"valueCode"}, Doc: "evidence-seen or no-evidence-seen, which is the default: whether the pharmacy saw the evidence of the exemption."},
		{Name: "whenHandedOver", Kinds: []string{"valueDateTime"}, Doc: "When it was handed over. By default now."}, agentInput,
		{Name: "collector", Kinds: []string{"valueCode"}, Doc: "Who collects: patient, representative or healthcare-professional. The law asks for it of Schedule 2."},
		{Name: "collectorName", Kinds: []string{"valueString"}, Doc: "The collector's name; a healthcare professional's is needed."},
		{Name: "collectorAddress", Kinds: []string{"valueString"}, Doc: "The collector's address; a healthcare professional's is needed."},
		{Name: "identityRequested", Kinds: []string{"valueBoolean"}, Doc: "Whether proof of identity was requested."},
		{Name: "identityProvided", Kinds: []string{"valueBoolean"}, Doc: "Whether proof of identity was provided."},
		{Name: "method", Kinds: []string{"valueCode"}, Doc: "collected or delivered."},
		{Name: "courier", Kinds: []string{"valueString"}, Doc: "Who delivered it, with the number of the consignment."},
		{Name: "signature", Kinds: []string{"valueString"}, Doc: "Who signed for it, or where the signature is kept. What is delivered of Schedules 1 to 3 needs one."},
		{Name: "note", Kinds: []string{"valueString"}, Doc: "What else there is to say of the hand-over."},
	}
)

// messageInputs are those of R4's $process-message.
var messageInputs = []fhir.Parameter{
	{Name: "content", Kinds: []string{"Bundle"}, Required: true, Doc: "The message: a Bundle of type message. Usually it is the body itself."},
	{Name: "async", Kinds: []string{"valueBoolean"}, Only: []string{"false"}, Doc: "Messages are answered at once: false, which is the default, and nothing else."},
	{Name: "response-url", Kinds: []string{"valueUrl", "valueUri", "valueString"}, Doc: "Where the answer would be sent.", Unsupported: "messages are answered at once, to the sender."},
}

// reasonInput is why something is done, by a code system.
func reasonInput(system string) fhir.Parameter {
	return fhir.Parameter{Name: "reason", Kinds: []string{"valueCode", "valueCoding", "valueString"}, Required: true, Doc: "Why: a code of " + system + "."}
}
