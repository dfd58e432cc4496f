// Package spine tells the NHS what becomes of its prescriptions, and asks it who a patient
// is: the Prescription Status Update API, by which the NHS App shows where a prescription is,
// and the Personal Demographics Service. It is off unless an [NHS] is set.
//
// A follower reads the Tasks of NHS prescriptions and keeps two records of each, resources of
// type Basic under ids that follow from the Task: the statuses of its items that were told and
// are to be told, and what the Personal Demographics Service said of its patient.
// [Service.Run] does what they wait for. What waits is in the database alone, so that a crash
// forgets nothing; what is told twice has the same id.
//
// The statuses of a prescription are told in the order in which it had them, each item's next
// when its last was taken. What the NHS refuses is kept with the reason until a person has it
// sent again, or left; it holds up nothing else.
package spine
