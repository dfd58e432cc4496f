// Package dispensing takes a prescription from its arrival to the hand of the
// patient: it receives the messages of the Electronic Prescription Service
// (EPS), keeps one Task per issue of a prescription, and gives the pharmacy
// its operations.
//
// Rules are pure functions over the domain types (Prescription, Line, Supply)
// or over the message as it arrived; each stands under the id by which the
// field knows it: B1…B9, P1…P12, C1…C3, D1…D6, T1…T7, R1…R4, Q1…Q4 are the
// checks of the EPS FHIR API, four-digit ids are Spine's own errors, MDR-15
// and the like are regulations of the Misuse of Drugs Regulations 2001, HMR
// those of the Human Medicines Regulations 2012.
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
// of its validity period. Prescriptions of the past can be received, and are
// found expired when somebody wants to release or supply them. Training works
// with such prescriptions: with [Options.FromReceipt], which only a sandbox may
// have (serve --law-from-receipt), the life of an item counts from its arrival
// where that is later.
package dispensing
