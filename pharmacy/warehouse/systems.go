package warehouse

import "github.com/pestle-fhir/pestle/pharmacy/nhs"

// Our own systems and extensions.
const (
	csStock = nhs.Own + "CodeSystem/stock-ledger" // Basic.code: item, lot, or the kind of an entry; SupplyRequest.category: order, or purchase-order

	idLedger  = nhs.Own + "Id/stock-ledger"       // of items, entries and purchase orders: the ODS code of the pharmacy
	idLot     = nhs.Own + "Id/stock-lot"          // of lots with anything in them: the id of the item
	idEntry   = nhs.Own + "Id/stock-entry"        // of entries: the id of the item
	idSource  = nhs.Own + "Id/stock-source"       // of entries of a supply: MedicationDispense/1
	idOrder   = nhs.Own + "Id/warehouse-order"    // of SupplyRequests: the id of the MedicationRequest, a blank, and the issue
	idOf      = nhs.Own + "Id/warehouse-order-of" // of SupplyRequests that are not over: the id of the MedicationRequest
	idWaiting = nhs.Own + "Id/stock-waiting"      // of SupplyRequests that are short: the id of the item

	idHas     = nhs.Own + "Id/stock-lot-of-order"  // of SupplyRequests: each lot of which they have something
	idSend    = nhs.Own + "Id/warehouse-message"   // of SupplyRequests of which the warehouse is to be told: pending
	idAct     = nhs.Own + "Id/warehouse-act"       // of SupplyRequests of which something is to be done with the prescription: pending
	idLink    = nhs.Own + "Id/warehouse-link"      // of the link to the warehouse: failing where it does not take messages
	idTold    = nhs.Own + "Id/stock-accounts-link" // of the link to who keeps the accounts: failing where they are not told
	idTrouble = nhs.Own + "Id/warehouse-trouble"   // of SupplyRequests that wait for a person: pending
	idCourier = nhs.Own + "Id/consignment"         // of SupplyDeliveries: the courier, with the number of the consignment

	idPurchase    = nhs.Own + "Id/purchase-order"             // of SupplyRequests to a supplier: the number of the purchase order
	idReassigned  = nhs.Own + "Id/stock-reassigned"           // of corrections of which purchase order a receipt is against: the id of the receipt
	idOutstanding = nhs.Own + "Id/purchase-order-outstanding" // of those of which something is to come: the ODS code of the pharmacy

	extPurchase   = nhs.Own + "StructureDefinition/purchase-order"
	extItem       = nhs.Own + "StructureDefinition/stock-item"
	extLot        = nhs.Own + "StructureDefinition/stock-lot"
	extEntry      = nhs.Own + "StructureDefinition/stock-entry"
	extLink       = nhs.Own + "StructureDefinition/warehouse-link"
	extCount      = nhs.Own + "StructureDefinition/stock-count"
	extReassigned = nhs.Own + "StructureDefinition/stock-reassigned"
	extOrder      = nhs.Own + "StructureDefinition/warehouse-order"

	pending = "pending"

	codeItem       = "item"
	codeLot        = "lot"
	codeLink       = "link"
	codeCount      = "count"
	codeOrder      = "order"
	codeReassigned = "reassigned"
	codePurchase   = "purchase-order"

	// As Tasks of prescriptions have them: written by package dispensing.
	csDispensing  = nhs.Own + "CodeSystem/dispensing-record"
	extDispensing = nhs.Own + "StructureDefinition/dispensing-record"
)
