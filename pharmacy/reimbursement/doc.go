// Package reimbursement turns what a pharmacy supplied into claims on the NHS
// and works out what they are worth.
//
// When the supply of a prescription is finished, a Claim in the shape of the
// Electronic Prescription Service (EPS) follows, and a ClaimResponse that holds
// the money line by line: every figure names the rule and the edition of the
// data that made it. There is one Claim for each issue of a prescription;
// whatever claims it again becomes its next version. Dispensing software may
// post Claims of its own, and clinics may post any Claim and are answered with
// a ClaimResponse. At month end the Claims of a month leave as one Bundle for
// each pharmacy, with the month's deductions. What is paid for them comes in as
// a schedule or a PaymentReconciliation, and is matched with them to the penny.
//
// The data (the Drug Tariff, concessions, fees) is in package tariff, the
// arithmetic in package pricing; this package knows FHIR.
//
// # Which Claim is an EPS claim
//
// A Claim whose prescription carries Extension-DM-GroupIdentifier, or one of
// whose items is the SNOMED CT concept 16076005 (Prescription). Either mark is
// enough, so that a claim that lacks the other is told so and does not pass for
// a Claim of another kind.
//
// # Which month a claim belongs to
//
// The month, in the United Kingdom, of the day on which the last item was
// handed over: the Drug Tariff prices by the month of dispensing, fees change
// by "activity" from a day, and the claims of a dispensing month are due by the
// fifth of the next. When the Claim was made does not matter.
package reimbursement
