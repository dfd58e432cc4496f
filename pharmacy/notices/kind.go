package notices

import "slices"

// Kind is what a patient is told.
type Kind string

// The kinds.
const (
	PaymentLink    Kind = "payment-link"    // a page on which something is paid
	Dispatched     Kind = "dispatched"      // a courier has the parcel
	Owing          Kind = "owing"           // a part is owed
	FailedDelivery Kind = "failed-delivery" // the courier could not deliver it
	Collected      Kind = "collected"       // somebody collected it
)

// Kinds are all kinds.
func Kinds() []Kind { return []Kind{PaymentLink, Dispatched, Owing, FailedDelivery, Collected} }

func known(k Kind) bool { return slices.Contains(Kinds(), k) }

var displays = map[Kind]string{PaymentLink: "Payment link", Dispatched: "Dispatched", Owing: "Owing", FailedDelivery: "Failed delivery", Collected: "Collected"}

// always are the fields of every kind: the patient's given name, the pharmacy's name
// and telephone number, and the number of the prescription.
var always = []string{"name", "pharmacy", "phone", "reference"}

// fields are those of each kind besides. None of them holds a medicine.
var fields = map[Kind][]string{
	PaymentLink:    {"amount", "link"},
	Dispatched:     {"courier", "expected"},
	Owing:          {"expected"},
	FailedDelivery: {"courier"},
	Collected:      {"when"},
}

// Channel is how a message reaches a patient.
type Channel string

// The channels.
const (
	Email Channel = "email"
	Text  Channel = "text" // SMS
)

// modes are the codes of v3-ParticipationMode for the channels.
var modes = map[Channel]string{Email: "EMAILWRIT", Text: "SMSWRIT"}
