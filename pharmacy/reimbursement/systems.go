package reimbursement

import (
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Our own code systems and extensions.
const (
	csCategory = nhs.Own + "CodeSystem/reimbursement-category" // of figures and totals
	csRule     = nhs.Own + "CodeSystem/reimbursement-rule"     // what made a figure, or why there is none
	csGroup    = nhs.Own + "CodeSystem/discount-group"         // in which the month's deduction is made
	csMonth    = nhs.Own + "CodeSystem/reimbursement-month"    // meta.tag of what belongs to a month: 2026-11, 2026-11.FA565
	csExport   = nhs.Own + "CodeSystem/month-export"           // meta.tag of the record of an export
	csQueue    = nhs.Own + "CodeSystem/queue"                  // meta.tag of an answer that waits for a person: claim-incomplete
	csResidue  = nhs.Own + "CodeSystem/broken-bulk-residue"    // meta.tag of who may have packs left: FA565.VMPP

	csWork      = nhs.Own + "CodeSystem/money-work"       // Task.code of what people do about money: close-month
	csWorkInput = nhs.Own + "CodeSystem/money-work-input" // Task.input.type of such a Task

	csPaper    = nhs.Own + "CodeSystem/paper-form"       // SupplyRequest.category of what is supplied on a requisition: FP10CDF
	csFigure   = nhs.Own + "CodeSystem/payment-figure"   // of a line of a payment: BASIC_PRICES
	csDecision = nhs.Own + "CodeSystem/payment-decision" // Task.businessStatus of a difference in a payment

	csDispensingRecord  = nhs.Own + "CodeSystem/dispensing-record" // of records in the Task of a prescription: package dispensing
	extDispensingRecord = nhs.Own + "StructureDefinition/dispensing-record"

	csRun = nhs.Own + "Id/month-export" // identifier of a run of an export

	extEdition = nhs.Own + "StructureDefinition/tariff-edition"  // on a figure: the data that made it
	extDay     = nhs.Own + "StructureDefinition/dispensing-day"  // on a ClaimResponse: the day it is priced by
	extAge     = nhs.Own + "StructureDefinition/age-group"       // on a ClaimResponse: the patient's age on that day, by the limits of exemption
	extPin     = nhs.Own + "StructureDefinition/export-sequence" // on an export's record: the sequence it reads at

	extRuns = nhs.Own + "StructureDefinition/payment-runs" // on a PaymentReconciliation: the first and the last run of the month that it is matched with; none where the first is after the last

	extLate       = nhs.Own + "StructureDefinition/late-claim"          // on the entry of an export: the dispensing month of a claim that came too late for it
	extWithdrawn  = nhs.Own + "StructureDefinition/withdrawn-claim"     // on the entry of an export: the answer to the claim as it was submitted before and is now taken back
	extAmended    = nhs.Own + "StructureDefinition/amended-claim"       // on the entry of an export: the answer to the claim as it was submitted before
	extIncomplete = nhs.Own + "StructureDefinition/claim-incomplete"    // on a ClaimResponse: what the claim lacks, and the money at stake
	extLeftover   = nhs.Own + "StructureDefinition/broken-bulk-residue" // on a ClaimResponse line: what is left of packs paid whole
)
