// Package days proves on the real binary that a pharmacy's days go by the book:
// thousands of prescriptions of an ADHD clinic go from the order to the claim over
// HTTP, while the process is killed again and again. At every step somebody also
// tries what is not allowed: the wrong person, the wrong pharmacy, too much, too
// late, twice, in another unit. A model of its own, written from the law and the
// rules of the service, says of each act whether it is allowed and which rule
// forbids it. At the end the history of everything is read, and another model
// proves from it that nothing was supplied twice, too late or by the wrong person,
// that each supply is claimed once, and that the controlled drugs register has the
// balance that receipts, supplies and destructions come to.
//
// It speaks HTTP and runs commands, and knows nothing of what is inside.
package days
