package dispensing

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// State is where the dispensing of one issue of a prescription stands: the
// Task's status and its EPS business status together.
type State struct {
	Status   string // Task.status
	Business string // Task.businessStatus, a code of EPS-task-business-status
}

// The states of a Task. Source: EPS FulfilmentStates.
var (
	nominated    = State{"requested", "0001"}   // waits for the pharmacy that the patient chose
	waiting      = State{"ready", "0001"}       // waits for any pharmacy
	accepted     = State{"accepted", "0002"}    // with a dispenser
	active       = State{"in-progress", "0003"} // part of it supplied, or owed
	dispensed    = State{"completed", "0006"}
	notDispensed = State{"completed", "0007"} // nothing was supplied, and nothing will be
	expired      = State{"failed", "0004"}
	cancelled    = State{"cancelled", "0005"}
	doomed       = State{"failed", "0002"} // cancelled by the prescriber while with a dispenser
	doomedActive = State{"failed", "0003"} // the same, part of it supplied
)

// Event is what happens to a prescription.
type Event string

// The events.
const (
	Accept   Event = "accept"   // a pharmacy takes it: $accept, $release
	Dispense Event = "dispense" // items are supplied, owed or given up
	Amend    Event = "amend"    // a dispense notification is replaced
	Return   Event = "return"   // the pharmacy gives it back
	Withdraw Event = "withdraw" // the last dispense notification is taken back
	Cancel   Event = "cancel"   // the prescriber cancels the last of its items
	Expire   Event = "expire"   // its time is over
)

// transition is one row of the state machine: the id by which the move is
// known, from where, by which event and to where it may lead. Which of the
// targets it is depends on the lines; see [Prescription.settle].
type transition struct {
	id   string
	from State
	by   Event
	to   []State
}

// machine is the state machine of a Task, the whole of it.
var machine = []transition{
	{"SM-01", nominated, Accept, []State{accepted}},
	{"SM-02", waiting, Accept, []State{accepted}},
	{"SM-03", nominated, Cancel, []State{cancelled}},
	{"SM-04", waiting, Cancel, []State{cancelled}},
	{"SM-05", nominated, Expire, []State{expired}},
	{"SM-06", waiting, Expire, []State{expired}},
	{"SM-07", accepted, Dispense, []State{active, doomedActive, dispensed, notDispensed}},
	{"SM-08", accepted, Return, []State{nominated, waiting, cancelled, expired}},
	{"SM-09", accepted, Cancel, []State{doomed}},
	{"SM-10", accepted, Expire, []State{expired}},
	{"SM-11", active, Dispense, []State{active, doomedActive, dispensed, notDispensed}},
	{"SM-12", active, Amend, []State{active, doomedActive, dispensed, notDispensed}},
	{"SM-13", active, Withdraw, []State{accepted, active, doomed, doomedActive}},
	{"SM-14", active, Cancel, []State{doomedActive}},
	{"SM-15", active, Expire, []State{expired}},
	{"SM-16", dispensed, Amend, []State{active, doomedActive, dispensed, notDispensed}},
	{"SM-17", dispensed, Withdraw, []State{accepted, active, doomed, doomedActive}},
	{"SM-18", notDispensed, Amend, []State{active, doomedActive, dispensed, notDispensed}},
	{"SM-19", notDispensed, Withdraw, []State{accepted, active, doomed, doomedActive}},
	{"SM-20", doomed, Return, []State{cancelled}},
	{"SM-21", doomed, Dispense, []State{doomedActive, dispensed, notDispensed}},
	{"SM-22", doomedActive, Dispense, []State{doomedActive, dispensed, notDispensed}},
	{"SM-23", doomedActive, Amend, []State{active, doomedActive, dispensed, notDispensed}},
	{"SM-24", doomedActive, Withdraw, []State{accepted, active, doomed, doomedActive}},
}

// moves lists the targets of an event in a state, none when it is not allowed.
func moves(from State, by Event) (id string, to []State) {
	for _, t := range machine {
		if t.from == from && t.by == by {
			return t.id, t.to
		}
	}
	return "", nil
}

// allowed reports whether an event may lead from one state to the other.
func allowed(from State, by Event, to State) bool {
	_, targets := moves(from, by)
	return slices.Contains(targets, to)
}

// mayBecome reports whether any event leads from one state to the other.
func mayBecome(from, to State) bool {
	return from == to || slices.ContainsFunc(machine, func(t transition) bool { return t.from == from && slices.Contains(t.to, to) })
}

// forbidden is the refusal of an event in a state.
func forbidden(from State, by Event, place string) error {
	var allowed []string
	for _, t := range machine {
		if t.from == from && !slices.Contains(allowed, string(t.by)) {
			allowed = append(allowed, string(t.by))
		}
	}
	can := "nothing more"
	if len(allowed) > 0 {
		can = strings.Join(allowed, ", ")
	}
	// 0012: invalid state transition of a prescription.
	return fhir.E(string(by), fhir.BusinessRule, fhir.Issue{
		Message:  fmt.Sprintf("The prescription cannot be changed by %s now.", by),
		Expected: can, Found: from.String(), Rule: "0012", Expression: place, Details: eps("PRESCRIPTION_INVALID_STATE_TRANSITION"),
	})
}

// String is the state in words: "With Dispenser (accepted, 0002)".
func (s State) String() string {
	return fmt.Sprintf("%s (%s, %s)", nhs.Display(nhs.CSBusinessStatus, s.Business), s.Status, s.Business)
}

// withDispenser reports whether a pharmacy holds the prescription.
func (s State) withDispenser() bool {
	return s == accepted || s == active || s == doomed || s == doomedActive
}

// open reports whether no pharmacy has taken it yet.
func (s State) open() bool { return s == nominated || s == waiting }
