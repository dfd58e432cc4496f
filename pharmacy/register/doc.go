// Package register is the controlled drugs register of a pharmacy (MDR 2001 reg. 19
// and 20): for each class, strength and form a page, and on it what was obtained,
// supplied and destroyed, in the order in which it was entered, with what was counted
// and corrected beside it.
//
// An entry is a resource (Basic) that the server writes and nobody alters. The
// entries of supplies follow from the versions of MedicationDispense, written by a
// follower; those of receipts, destructions, stock checks and corrections are
// written by the operations that record them. A balance is stored nowhere: it is
// the sum of the entries, whenever a page is read. See docs/adr/register.md.
package register
