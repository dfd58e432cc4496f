// Package prescription is what a pharmacy may do with a prescription: the law of a
// day, the state machine of its Task and of its items, what a supply makes of an
// item, which medicine and which schedule it is of. It is made of functions of
// values: it knows no store, no context and no clock, and reads resources that it
// is given.
//
// Start at [Prescription], one issue of a prescription, and [Rules.Decide], the one
// decision on what may become of it: by the law of the day, what is known of its
// medicines, its state, who asks and what for. Operations and messages ask it
// before they commit, and guards its parts within the commit. [FromOrders] reads a
// prescription from the stored orders, [Rules.Classify] adds what the server
// knows of the medicines, [Prescription.Apply] makes supplies part of it or returns
// every reason why it must not, [Moves] is the state machine, [VerdictOn] judges a
// cancellation.
//
// The data are tables with the day from which each row holds: law.json,
// medicines.tsv, substances.tsv, prescribers.tsv, units.tsv, doses.tsv.
package prescription
