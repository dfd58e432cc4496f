package warehouse

import (
	"context"
	"strconv"
	"time"
)

// ActKind is something that is done with a prescription as its goods move.
type ActKind string

// The acts, by the operations of a Task that they are.
const (
	ActOwe      ActKind = "owe"
	ActBag      ActKind = "dispense" // into the bag
	ActDispatch ActKind = "dispatch"
	ActFail     ActKind = "fail-delivery"
	ActHandOver ActKind = "hand-over"
	ActPutBack  ActKind = "put-back"
)

// act is an act that waits in an order.
type act struct {
	Kind     ActKind `json:"kind"`
	When     string  `json:"when,omitempty"`
	Packs    []Pack  `json:"packs,omitempty"`
	Courier  string  `json:"courier,omitempty"`
	Expected string  `json:"expected,omitempty"`
	Reason   string  `json:"reason,omitempty"`
	Signed   string  `json:"signed,omitempty"`
	Identity *bool   `json:"identity,omitempty"`
	Note     string  `json:"note,omitempty"`
}

// Act is an act with what it is done with.
type Act struct {
	Kind ActKind
	Key  string // by which it is done once, whenever it is asked for
	Org  string // ODS code of the pharmacy for which it is done
	Task string // id
	Item string // number

	When     time.Time
	Packs    []Pack // of a bag
	Unit     string
	Courier  string
	Expected string // a day
	Reason   string
	Signed   string // who signed for it
	Identity *bool  // whether proof of identity was shown, where that is told
	Note     string
}

// Prescriptions does something with a prescription, as the operation of its Task does,
// with all its rules. It is declared here for who has the prescriptions.
type Prescriptions interface {
	Do(ctx context.Context, a Act) error
}

// next is the act that an order waits for.
func (o *order) next() Act {
	a := o.acts[0]
	when, _ := time.Parse(time.RFC3339, a.When) // the zero time where it is not told
	return Act{Kind: a.Kind, Key: "warehouse/" + o.id + "/" + strconv.Itoa(o.acted+1), Org: o.org, Task: idIn("Task", o.task), Item: o.number, When: when, Packs: a.Packs, Unit: o.unit,
		Courier: a.Courier, Expected: a.Expected, Reason: a.Reason, Signed: a.Signed, Identity: a.Identity, Note: a.Note}
}

func itoa(n int) string { return strconv.Itoa(n) }
