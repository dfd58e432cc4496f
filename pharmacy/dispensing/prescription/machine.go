package prescription

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// State is how far the dispensing of one issue of a prescription is: the
// Task's status and its EPS business status together.
type State struct {
	Status   string // Task.status
	Business string // Task.businessStatus, a code of EPS-task-business-status
}

// The states of a Task. Source: EPS FulfilmentStates.
var (
	Nominated                 = State{"requested", "0001"}   // waits for the pharmacy that the patient chose
	Waiting                   = State{"ready", "0001"}       // waits for any pharmacy
	Accepted                  = State{"accepted", "0002"}    // with a dispenser
	Active                    = State{"in-progress", "0003"} // part of it supplied, or owed
	Dispensed                 = State{"completed", "0006"}
	NoneDispensed             = State{"completed", "0007"} // nothing was supplied, and nothing will be
	Expired                   = State{"failed", "0004"}
	Cancelled                 = State{"cancelled", "0005"}
	PendingCancellation       = State{"failed", "0002"} // cancelled by the prescriber while with a dispenser
	PendingCancellationActive = State{"failed", "0003"} // the same, part of it supplied
)

// States are all the states of a Task.
var States = []State{Nominated, Waiting, Accepted, Active, Dispensed, NoneDispensed, Expired, Cancelled, PendingCancellation, PendingCancellationActive}

// Event is what happens to a prescription.
type Event string

// The events.
const (
	Accept   Event = "accept"   // a pharmacy takes it: $accept, $release
	Dispense Event = "dispense" // items are supplied, owed or given up
	Amend    Event = "amend"    // a dispense notification is replaced
	Return   Event = "return"   // the pharmacy returns it
	Withdraw Event = "withdraw" // the last dispense notification is taken back
	Cancel   Event = "cancel"   // the prescriber cancels the last of its items
	Expire   Event = "expire"   // its time is over
)

// transition is one row of the state machine: the id by which the move is
// known, from where, by which event and to where it may lead. Which of the
// targets it is depends on the lines; see [Prescription.Settle].
type transition struct {
	id   string
	from State
	by   Event
	to   []State
}

// machine is the state machine of a Task, the whole of it.
var machine = []transition{
	{"SM-01", Nominated, Accept, []State{Accepted}},
	{"SM-02", Waiting, Accept, []State{Accepted}},
	{"SM-03", Nominated, Cancel, []State{Cancelled}},
	{"SM-04", Waiting, Cancel, []State{Cancelled}},
	{"SM-05", Nominated, Expire, []State{Expired}},
	{"SM-06", Waiting, Expire, []State{Expired}},
	{"SM-07", Accepted, Dispense, []State{Active, PendingCancellationActive, Dispensed, NoneDispensed}},
	{"SM-08", Accepted, Return, []State{Nominated, Waiting, Cancelled, Expired}},
	{"SM-09", Accepted, Cancel, []State{PendingCancellation}},
	{"SM-10", Accepted, Expire, []State{Expired}},
	{"SM-11", Active, Dispense, []State{Active, PendingCancellationActive, Dispensed, NoneDispensed}},
	{"SM-12", Active, Amend, []State{Active, PendingCancellationActive, Dispensed, NoneDispensed}},
	{"SM-13", Active, Withdraw, []State{Accepted, Active, PendingCancellation, PendingCancellationActive}},
	{"SM-14", Active, Cancel, []State{PendingCancellationActive}},
	{"SM-15", Active, Expire, []State{Dispensed, Expired}},
	{"SM-16", Dispensed, Amend, []State{Active, PendingCancellationActive, Dispensed, NoneDispensed}},
	{"SM-17", Dispensed, Withdraw, []State{Accepted, Active, PendingCancellation, PendingCancellationActive}},
	{"SM-18", NoneDispensed, Amend, []State{Active, PendingCancellationActive, Dispensed, NoneDispensed}},
	{"SM-19", NoneDispensed, Withdraw, []State{Accepted, Active, PendingCancellation, PendingCancellationActive}},
	{"SM-20", PendingCancellation, Return, []State{Cancelled}},
	{"SM-21", PendingCancellation, Dispense, []State{PendingCancellationActive, Dispensed, NoneDispensed}},
	{"SM-22", PendingCancellationActive, Dispense, []State{PendingCancellationActive, Dispensed, NoneDispensed}},
	{"SM-23", PendingCancellationActive, Amend, []State{Active, PendingCancellationActive, Dispensed, NoneDispensed}},
	{"SM-24", PendingCancellationActive, Withdraw, []State{Accepted, Active, PendingCancellation, PendingCancellationActive}},
	{"SM-25", PendingCancellation, Expire, []State{Cancelled, Expired}},
	{"SM-26", PendingCancellationActive, Expire, []State{Dispensed, Cancelled, Expired}},
	{"SM-27", Expired, Dispense, []State{Active, Dispensed, Expired}}, // told late of a supply that was made in time
}

// Moves lists the targets of an event in a state, none when it is not allowed.
func Moves(from State, by Event) (id string, to []State) {
	for _, t := range machine {
		if t.from == from && t.by == by {
			return t.id, t.to
		}
	}
	return "", nil
}

// Allowed reports whether an event may lead from one state to the other.
func Allowed(from State, by Event, to State) bool {
	_, targets := Moves(from, by)
	return slices.Contains(targets, to)
}

// MayBecome reports whether any event leads from one state to the other.
func MayBecome(from, to State) bool {
	return from == to || slices.ContainsFunc(machine, func(t transition) bool { return t.from == from && slices.Contains(t.to, to) })
}

// Forbidden refuses an event in a state; nil where the state machine has it.
func Forbidden(from State, by Event, place string) *fhir.Issue {
	if id, _ := Moves(from, by); id != "" || slices.Contains(acts[by], from) {
		return nil
	}
	issue := forbidden(from, by, place)
	return &issue
}

// forbidden is the refusal of an event in a state.
func forbidden(from State, by Event, place string) fhir.Issue {
	var allowed []string
	for _, t := range machine {
		if t.from == from && !slices.Contains(allowed, string(t.by)) {
			allowed = append(allowed, string(t.by))
		}
	}
	if from == Expired {
		// 0002: expired.
		return fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: "0002", Message: "The prescription has expired.", Expression: place, Details: nhs.EPS("PRESCRIPTION_EXPIRED"),
			Expected: "nothing but the record of a supply that was made in time, by the pharmacy that had taken it", Found: from.String(), Fix: "Ask the prescriber for a new prescription."}
	}
	if states := acts[by]; states != nil {
		allowed = nil
		for _, s := range states {
			allowed = append(allowed, s.String())
		}
		return fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: "0012", Expression: place, Message: fmt.Sprintf("The prescription is not in a state for %s.", by),
			Expected: strings.Join(allowed, " or "), Found: from.String(), Details: nhs.EPS("PRESCRIPTION_INVALID_STATE_TRANSITION")}
	}
	can := "nothing more"
	if len(allowed) > 0 {
		can = strings.Join(allowed, ", ")
	}
	// 0012: invalid state transition of a prescription.
	return fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule,
		Message:  fmt.Sprintf("The prescription cannot be changed by %s now.", by),
		Expected: can, Found: from.String(), Rule: "0012", Expression: place, Details: nhs.EPS("PRESCRIPTION_INVALID_STATE_TRANSITION"),
	}
}

// String is the state in words: "With Dispenser (accepted, 0002)".
func (s State) String() string {
	return fmt.Sprintf("%s (%s, %s)", nhs.Display(nhs.CSBusinessStatus, s.Business), s.Status, s.Business)
}

// WithDispenser reports whether a pharmacy holds the prescription.
func (s State) WithDispenser() bool {
	return s == Accepted || s == Active || s == PendingCancellation || s == PendingCancellationActive
}

// Open reports whether no pharmacy has taken it yet.
func (s State) Open() bool { return s == Nominated || s == Waiting }

// NextStates are the states that any event leads to from one, in words; "nothing"
// for none.
func NextStates(from State) string {
	list := ""
	for _, t := range machine {
		if t.from == from {
			for _, to := range t.to {
				if list != "" {
					list += ", "
				}
				list += to.String()
			}
		}
	}
	return fhir.OrNothing(list)
}
