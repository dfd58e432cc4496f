// Package dispensing takes a prescription from its arrival to the hand of the
// patient: it receives the messages of the Electronic Prescription Service
// (EPS), keeps one Task per issue of a prescription, and gives the pharmacy
// its operations.
//
// The rules are pure functions in two packages below: prescription holds the law,
// the state machine and what a supply does, message the rules of EPS messages and
// how messages are read and written. This package is the service: it reads the
// state, asks them, and commits what follows, by operations, by guards within
// commits and by a follower. Rules stand under the id by which the field knows
// them; MDR-15 and the like are regulations of the Misuse of Drugs Regulations
// 2001, HMR those of the Human Medicines Regulations 2012, four-digit ids Spine's
// own errors.
//
// # What is stored of a message
//
// The message itself stays as it was sent, in a Bundle resource, because the
// prescriber's signature covers it. Its parts become resources of their own,
// with references between them rewritten:
//
//   - MedicationRequest, Provenance, CommunicationRequest, List and whatever
//     else belongs to the one prescription: created, under ids derived from
//     the prescription.
//   - Patient, Practitioner, PractitionerRole, Organization, Location and
//     HealthcareService: matched by their first identifier and created where
//     the server has none. One that exists is never changed by a message: a
//     prescription tells how things were when it was signed, and a late or
//     repeated one must not turn an address back. Those records are kept by
//     ordinary updates.
//
// # Time
//
// No rule reads a clock; the time comes with the call. The life of an item
// counts from its appropriate date, the later of the signature and the start
// of its validity period. Prescriptions of the past can be received, and end
// by themselves like all that expire. Training works
// with such prescriptions: with [Options.FromReceipt], which only a sandbox may
// have (serve --law-from-receipt), the life of an item counts from its arrival
// where that is later.
package dispensing
