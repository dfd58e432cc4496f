// Package stock is the arithmetic of a stock ledger: lots, movements between what
// becomes of them, and which lot an order is filled from. It is functions of values
// and knows neither a store nor a clock.
//
// # Lots and states
//
// A [Lot] is all that a pharmacy has of one product, batch and expiry in one location.
// Its units are in states: available, allocated to an order, picked, packed, with a
// courier (in-transit), or in quarantine. What patients brought back (returned) is
// kept beside the stock and never becomes available. The sum of a lot's states but
// returned is its balance.
//
// # Movements
//
// A [Move] takes an amount of a lot from one state to another, into the stock from
// outside, or out of it; which ways there are is data (moves.tsv). Nothing of a move
// changes later: what was wrong is moved back by another one. The balance of a lot is
// therefore the sum of its moves, and no move takes more from a state than it has.
//
// One lot of each product may be below zero: the unrecorded one, without a batch. What
// is supplied and was never received is taken from it, so that a difference is seen
// and counted in place of a supply that is refused after it was made.
//
// # Value
//
// A lot is worth what was paid for it, in pence. A move out of the stock takes its part
// of the value, rounded half to even, and the last one takes the rest: what came in is
// what went out and what is left, to the penny.
package stock
