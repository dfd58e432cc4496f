package invoicing

import "github.com/pestle-fhir/pestle/pharmacy/nhs"

// Our own systems and extensions.
const (
	csCharge  = nhs.Own + "CodeSystem/private-charge"  // what a ChargeItem is for, and the parts of its price: medicine, dispensing-fee, delivery-fee
	csInvoice = nhs.Own + "CodeSystem/private-invoice" // Invoice.type: invoice or credit
	csVAT     = nhs.Own + "CodeSystem/vat-kind"        // kinds of VAT
	csMoney   = nhs.Own + "CodeSystem/private-payment" // what moved money: payment, refund, fee, payout
	csRecord  = nhs.Own + "CodeSystem/private-record"  // Basic.code: numbers, payment-request

	idAccount = nhs.Own + "Id/private-account"         // of everything on an account: pharmacy/order/issue, or pharmacy/clinic
	idOpen    = nhs.Own + "Id/private-month"           // of a ChargeItem that no invoice has yet: pharmacy/clinic/month, or credit/ and the id of the Invoice that it is taken back from
	idSource  = nhs.Own + "Id/private-supply"          // of a ChargeItem: the supply that it is for
	idNumber  = nhs.Own + "Id/private-invoice-number"  // of an issued Invoice
	idCredits = nhs.Own + "Id/credited-invoice-number" // of a credit: the number of the Invoice that it credits
	idPayment = nhs.Own + "Id/private-payment"         // of a PaymentNotice and its PaymentReconciliation: provider/reference
	idNumbers = nhs.Own + "Id/private-invoice-numbers" // of the record of a pharmacy's numbers: its ODS code

	idClinic = nhs.Own + "Id/private-clinic" // of a ChargeItem: the clinic that prescribed

	extPayer    = nhs.Own + "StructureDefinition/charge-payer"    // of a ChargeItem: who pays, patient or clinic
	extPart     = nhs.Own + "StructureDefinition/charge-part"     // of a ChargeItem: an amount with its VAT and what says so
	extReverses = nhs.Own + "StructureDefinition/charge-reverses" // of a ChargeItem: which one it takes back, and whether because of the supply or by decision
	extBilled   = nhs.Own + "StructureDefinition/charge-billed"   // of a ChargeItem: the Invoice that has it
	extCredits  = nhs.Own + "StructureDefinition/invoice-credits" // of an Invoice: the one that it credits
	extNumbers  = nhs.Own + "StructureDefinition/invoice-numbers" // of the record of numbers: the last one that was given

	// As Tasks of prescriptions have them: written by package dispensing.
	csDispensing  = nhs.Own + "CodeSystem/dispensing-record"
	extDispensing = nhs.Own + "StructureDefinition/dispensing-record"
)

const currency = "GBP"
