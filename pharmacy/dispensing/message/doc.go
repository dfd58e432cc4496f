// Package message reads and writes the messages of the Electronic Prescription
// Service (EPS). [Read] and [Message.Judge] take what arrives: prescription-order,
// prescription-order-update, dispense-notification; [JudgeTask], [JudgeRelease] and
// [CheckTracker] judge what arrives beside them. [Message.Parts] makes resources of
// a message. [Notification], [Release] and [Message.CancelResponse] write what
// leaves.
//
// Rules are functions over the message as it arrived, one file for each family
// (rules_*.go), each under the id by which the field knows it: B1…B11, P1…P12,
// C1…C3, D0…D6, T1…T8, R1…R5, Q1…Q5 are the checks of the EPS FHIR API, four-digit
// ids are Spine's own errors, MDR-15 and the like regulations. What follows from a
// message is decided by package dispensing.
package message
