package stock

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// State is what becomes of a part of a lot; [Outside] is none of the stock.
type State string

// The states, in the order in which an order goes through them.
const (
	Outside    State = ""
	Available  State = "available"
	Allocated  State = "allocated"
	Picked     State = "picked"
	Packed     State = "packed"
	InTransit  State = "in-transit" // a courier has it
	Quarantine State = "quarantine"
	Returned   State = "returned" // by patients: beside the stock
)

// States are all states of a lot.
var States = []State{Available, Allocated, Picked, Packed, InTransit, Quarantine, Returned}

// Owned reports whether what is in the state is stock of the pharmacy.
func (s State) Owned() bool { return s != Outside && s != Returned }

// Kind is what a move is, a kind of moves.tsv.
type Kind string

// The kinds of moves.
const (
	Receipt    Kind = "receipt"
	Opening    Kind = "opening"
	Adjust     Kind = "adjust"
	Allocate   Kind = "allocate"
	Release    Kind = "release"
	Pick       Kind = "pick"
	Pack       Kind = "pack"
	Dispatch   Kind = "dispatch"
	Supply     Kind = "supply"
	SupplyBack Kind = "supply-back"
	Return     Kind = "return"
	Destroy    Kind = "destroy"
	Hold       Kind = "quarantine"
	Clear      Kind = "clear"
	Relocate   Kind = "move"
)

//go:embed moves.tsv
var movesTSV string

// Way is a way in which stock moves: a row of moves.tsv.
type Way struct {
	Kind     Kind
	From, To State
	Note     string
}

// Ways are all ways in which stock moves.
var Ways = readWays(movesTSV)

func readWays(tsv string) (ways []Way) {
	state := func(text string) State {
		if text == "-" {
			return Outside
		}
		if !slices.Contains(States, State(text)) {
			panic("stock: moves.tsv: " + text + " is not a state")
		}
		return State(text)
	}
	for line := range strings.Lines(tsv) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		c := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(c) != 4 {
			panic("stock: moves.tsv: " + line)
		}
		ways = append(ways, Way{Kind(c[0]), state(c[1]), state(c[2]), c[3]})
	}
	return ways
}

// Move is a movement of a part of a lot. It is recorded once and never altered.
type Move struct {
	Kind     Kind
	From, To State
	Quantity decimal.Decimal // above 0
	// Pence is what the part is worth: of a receipt and of every move into the stock as
	// it is told, of one out of the stock as [Lot.Apply] works it out, 0 within it.
	Pence int64
}

// way reports whether the move is of moves.tsv.
func (m Move) way() bool {
	return slices.ContainsFunc(Ways, func(w Way) bool { return w.Kind == m.Kind && w.From == m.From && w.To == m.To })
}

// Change is what the move adds to the balance of its lot.
func (m Move) Change() decimal.Decimal {
	switch {
	case m.From.Owned() == m.To.Owned():
		return decimal.Zero
	case m.To.Owned():
		return m.Quantity
	}
	return m.Quantity.Neg()
}

// String is "allocate 28 from available to allocated".
func (m Move) String() string {
	name := func(s State) string {
		if s == Outside {
			return "outside"
		}
		return string(s)
	}
	return fmt.Sprintf("%s %s from %s to %s", m.Kind, m.Quantity, name(m.From), name(m.To))
}
