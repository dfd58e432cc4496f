// Package pricing works out what the NHS pays for a prescription that was
// supplied: the Drug Tariff's arithmetic as pure functions over the data of
// package tariff. Every figure names the rule and the edition that made it; a
// line that the data cannot price stays unpriced, with the reason, and is never
// guessed.
//
// Amounts are exact rationals of pence. The price of a line, price times
// quantity over pack size, is rounded once, to whole pence; every other figure
// is exact as the schedule has it.
package pricing
