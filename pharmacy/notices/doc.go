// Package notices tells patients what becomes of their prescriptions: that there is
// something to pay, that a parcel is on its way, that something is owed, that a
// delivery failed, that somebody collected it.
//
// A follower reads what is stored (the Tasks of queues, the records of payment
// requests) and makes one CommunicationRequest for each cause, under an id that
// follows from it, so that a replay of the log tells nothing twice. [Service.Deliver]
// sends what is active and writes a Communication of each: its status says what came
// of it, and its payload is what was sent. A message goes out with a key, the id of its
// Communication: who receives it twice, because the process ended between the sending
// and the record, can tell.
//
// # What a message says
//
// Templates are rows of a dated table (templates.tsv) with named fields in braces. No
// field holds a medicine, and a template that names a field that its kind does not
// have is refused when it is read.
//
// # Who is told
//
// The address is the patient's telecom: the first by rank that a sender of the server
// takes. A patient who is not active or has died is not told, nor one who does not want
// it: a Consent of the category notices that denies, which [Service.Operations] writes.
package notices
