// Package warehouse is the goods of a pharmacy: the stock ledger, the orders to the
// warehouse that picks, packs and sends them, what the warehouse and its couriers tell
// of it, and the figures for those who keep the accounts.
//
// # The ledger as FHIR
//
// R4 has no resource for stock. The ledger is resources of type Basic whose author is
// the pharmacy, by a code of CodeSystem/stock-ledger:
//
//   - item: a product of the ledger, in one unit; its reorder level.
//   - lot: a batch of an item, with its expiry, in one location; how much of it is in
//     which state, and what it is worth. It is written with each movement.
//   - the kinds of package stock (receipt, allocate …): an entry, one movement of one
//     lot. It is written once. Entries of a lot are numbered from 1 without gaps, and
//     their ids follow from the lot and the number.
//
// An item of a prescription that is to be supplied is a SupplyRequest, which names the
// lots that it is filled from; what is given to a courier is a SupplyDelivery.
//
// # Who writes
//
// The operations and the follower of this package, and nobody by REST. The guard adds up:
// a lot changes by entries that are written in the same commit and by nothing else, in a
// way of moves.tsv, and no entry is ever altered or removed. What was wrong is moved
// back by a new entry.
//
// # Controlled drugs
//
// What the controlled drugs register is kept for is received, destroyed, counted and
// corrected by the operations of the register, which write the entry of this ledger in
// the same commit. Supplies are entered in both from the same records, so that the
// balance of a product here is that of its page there.
package warehouse
