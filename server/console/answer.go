package console

import (
	"slices"
	"strings"
	"time"
)

// Facts is what is known of where a prescription is: what Task/$progress tells, and
// what is to be paid.
type Facts struct {
	Milestone string    // a code of Task/$progress
	Since     time.Time // zero where it is not known
	Last      string    // the last day on which it may be supplied, "2026-12-12"; "" for none
	Expected  string    // the day on which the courier, or the rest, is expected
	Courier   string    // who has it, with the number of the consignment
	Attempts  int       // to deliver it that failed
	Owed      string    // what is outstanding: "14 capsule"

	Answered, Controlled, Supplied bool

	Payment
}

// Payment is the state of the payment of a private prescription, as Task/$balance tells it.
type Payment struct {
	Payer          string    // patient or clinic; "" where it is not private, or not known
	First          bool      // it is paid before it is supplied
	Due            string    // what is not paid: "£42.50"; "" for nothing
	Unpriced       bool      // what it costs is not known
	Page           string    // what became of the page to pay it: open, declined, expired or paid; "" for none
	Asked          time.Time // when that was; zero for never
	Paid, Refunded string    // "" for nothing
	Moved          time.Time // when money moved last
}

// Line is the answer to "Where is my prescription?".
type Line struct {
	State   string // what it waits for
	Since   moment
	Next    string // who acts next
	By      string // until when, "" where nothing limits it
	Patient string // what the patient can do
	Payment string // of a private prescription, "" where nothing is known
}

// saying is what is said of a milestone.
type saying struct {
	state   func(f *Facts, now time.Time) string
	next    string
	patient string
}

func plainly(text string) func(*Facts, time.Time) string {
	return func(*Facts, time.Time) string { return text }
}

// sayings are what is said of each milestone. They name no medicine and tell nothing that
// was found about the patient.
var sayings = map[string]saying{
	"sent":              {plainly("Received; the pharmacy has not taken it up yet"), "pharmacy", "Nothing to do."},
	"unclaimed":         {plainly("Signed, and with no pharmacy yet"), "any pharmacy that takes it", "Choose a pharmacy and give it the number of the prescription."},
	"preparing":         {plainly("Being checked and prepared"), "pharmacy", "Nothing to do."},
	"legal-hold":        {plainly("Held: the pharmacist has to settle a question about the prescription itself"), "pharmacist", "Nothing to do; the pharmacy gets in touch where it needs something."},
	"clinical-hold":     {plainly("Held: the pharmacist looks at something before it is supplied"), "pharmacist", "Nothing to do; the pharmacy gets in touch where it needs something."},
	"awaiting-original": {plainly("Waiting for the paper original from the clinic; by law it cannot be supplied without it"), "clinic", "Ask the clinic whether it was posted."},
	"query":             {queried, "clinic", "Ask the clinic to reply to the pharmacist."},
	"second-check":      {plainly("Approved; a second person has to check it"), "pharmacy", "Nothing to do."},
	"collection":        {plainly("Ready to collect"), "patient", "Collect it, or send somebody."},
	"delivery":          {plainly("Packed; waiting for the courier"), "pharmacy", "Nothing to do."},
	"in-transit":        {func(f *Facts, _ time.Time) string { return "With " + courier(f) }, "courier", "Be in to take it."},
	"failed-delivery":   {failed, "pharmacy", "Confirm the address and a day."},
	"owing":             {owing, "pharmacy", "Nothing to do; the pharmacy tells when the rest is there."},
	"cancelling":        {plainly("The prescriber has cancelled it; the pharmacy has to give it back"), "pharmacy", "Ask the clinic what comes instead."},
	"delivered":         {plainly("Delivered"), "nobody", "Nothing to do."},
	"collected":         {plainly("Collected"), "nobody", "Nothing to do."},
	"not-dispensed":     {ended("Not dispensed"), "nobody", "Ask the clinic for a new prescription where it is still needed."},
	"expired":           {ended("Expired: the law does not let it be supplied any more"), "clinic", "Ask the clinic for a new prescription."},
	"cancelled":         {ended("Cancelled by the prescriber"), "nobody", "Ask the clinic what comes instead."},
}

// Milestones are the codes of what there is something to say about.
func Milestones() (codes []string) {
	for code := range sayings {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return codes
}

// beforeSupply are the milestones at which a payment that is due stops what comes next.
var beforeSupply = []string{"preparing", "second-check", "collection", "delivery"}

// over are the milestones after which nothing is supplied.
var over = []string{"delivered", "collected", "not-dispensed", "expired", "cancelled"}

// soonest is the first of the days until which the items of a prescription may be supplied,
// of those that are not over.
func soonest(items []Facts) (day string) {
	for _, f := range items {
		if f.Last != "" && (day == "" || f.Last < day) && !slices.Contains(over, f.Milestone) {
			day = f.Last
		}
	}
	return day
}

// Answer says where a prescription is. It is a function of what is known and of the
// time, in whose zone it tells days.
func Answer(f Facts, now time.Time) Line {
	said, ok := sayings[f.Milestone]
	if !ok {
		return Line{State: "It is not known how far it is (" + f.Milestone + ")", Next: "pharmacy", Patient: "Ask the pharmacy."}
	}
	out := Line{State: said.state(&f, now), Next: said.next, Patient: said.patient}
	if !f.Since.IsZero() {
		out.Since = momentOf(f.Since.Format(time.RFC3339), now)
	}
	switch {
	case f.First && f.Due != "" && slices.Contains(beforeSupply, f.Milestone):
		out.State, out.Next, out.Patient = "Waiting for payment of "+f.Due, "patient", "Pay; the pharmacy sends the page again where it was lost."
		if !f.Asked.IsZero() && f.Page == "open" {
			out.State += "; the page was sent " + clockWords(f.Asked.In(now.Location()), now)
		}
	case f.Milestone == "query" && f.Answered:
		out.Next, out.Patient = "pharmacist", "Nothing to do."
	case f.Controlled && f.Milestone == "collection":
		out.Patient = "Collect it, or send somebody; bring proof of identity."
	case f.Controlled && f.Milestone == "in-transit":
		out.State, out.Patient = out.State+", to be signed for", "Be in, with proof of identity: it is handed over against a signature."
	}
	if last, ok := timeOf(f.Last, now.Location()); ok && days(now, last) < 0 && !slices.Contains(over, f.Milestone) {
		out.Next, out.Patient = "pharmacy", "It can no longer be supplied: ask the clinic for a new prescription."
	}
	out.By, out.Payment = by(&f, now), f.words(now)
	return out
}

// Sentence is the line as it is read aloud.
func (l *Line) Sentence() string {
	out := l.State
	if l.Since.Words != "" {
		out += ", since " + l.Since.Words
	}
	out += ". Next: " + l.Next
	if l.By != "" {
		out += ", " + l.By
	}
	out += ". Patient: " + l.Patient
	if l.Payment != "" {
		out += " Payment: " + l.Payment + "."
	}
	return out
}

// words say the state of the payment.
func (p *Payment) words(now time.Time) string {
	when := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return " " + clockWords(t.In(now.Location()), now)
	}
	var parts []string
	switch {
	case p.Payer == "":
		return ""
	case p.Payer == "clinic":
		return "the clinic pays"
	case p.Paid != "" && p.Refunded == "":
		parts = append(parts, p.Paid+" paid"+when(p.Moved))
	case p.Paid != "":
		parts = append(parts, p.Paid+" paid", p.Refunded+" refunded"+when(p.Moved))
	}
	switch {
	case p.Unpriced:
		parts = append(parts, "what it costs is not known yet")
	case p.Due != "":
		parts = append(parts, p.Due+" not paid")
	case len(parts) == 0:
		return "nothing is to be paid"
	}
	if sent := map[string]string{"open": "the payment page was sent", "declined": "the card was declined", "expired": "the payment page expired"}[p.Page]; sent != "" && p.Due != "" {
		parts = append(parts, sent+when(p.Asked))
	}
	return strings.Join(parts, "; ")
}

func queried(f *Facts, now time.Time) string {
	if f.Answered {
		return "The clinic has replied to the pharmacist’s question; the pharmacist has to settle it"
	}
	out := "The pharmacist has asked the clinic a question"
	if !f.Since.IsZero() {
		if n := days(f.Since.In(now.Location()), now); n > 0 {
			return out + "; no reply for " + plural(n, "day")
		}
	}
	return out + "; no reply yet"
}

func courier(f *Facts) string {
	if f.Courier == "" {
		return "the courier"
	}
	return f.Courier
}

func failed(f *Facts, _ time.Time) string {
	out := "Delivery failed"
	if f.Attempts > 1 {
		out += " " + plural(f.Attempts, "time")
	}
	return out + " (" + courier(f) + ")"
}

func owing(f *Facts, _ time.Time) string {
	out := "Nothing supplied yet"
	if f.Supplied {
		out = "Part supplied"
	}
	if f.Owed != "" {
		out += "; " + f.Owed + " owed"
	}
	return out
}

// ended says of what has ended that a part was supplied before.
func ended(text string) func(*Facts, time.Time) string {
	return func(f *Facts, _ time.Time) string {
		if f.Supplied {
			return text + "; a part was supplied before"
		}
		return text
	}
}

// by is until when something has to happen: what is expected, and what the law allows.
func by(f *Facts, now time.Time) string {
	var parts []string
	if t, ok := timeOf(f.Expected, now.Location()); ok {
		switch n := days(now, t); {
		case n < 0:
			parts = append(parts, "expected "+dayWords(t, now)+", which is over")
		case n == 0:
			parts = append(parts, "expected today")
		case n == 1:
			parts = append(parts, "expected tomorrow")
		default:
			parts = append(parts, "expected "+dayWords(t, now))
		}
	}
	if t, ok := timeOf(f.Last, now.Location()); ok && !slices.Contains(over, f.Milestone) {
		switch n := days(now, t); {
		case n < 0:
			parts = append(parts, "the law allowed it until "+dayWords(t, now)+": too late")
		case n == 0:
			parts = append(parts, "by law today is the last day")
		default:
			parts = append(parts, "by law until "+dayWords(t, now)+" ("+plural(n, "day")+")")
		}
	}
	return strings.Join(parts, "; ")
}
