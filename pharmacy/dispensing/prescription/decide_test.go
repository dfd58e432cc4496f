package prescription

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

var builtInRules = Rules{Law: BuiltInLaw, Medicines: BuiltInMedicines}

func decimalOf(n int) decimal.Decimal { return decimal.NewFromInt(int64(n)) }

// anyPrescription is a prescription in any state, whose lines need not fit it.
func anyPrescription(rnd *rand.Rand) *Prescription {
	p := &Prescription{Order: "24F5DA-A83008-7EFE6Z", Issue: 1, Issues: 1, Signed: day("2026-11-20"), Received: arrived, State: States[rnd.IntN(len(States))],
		Nominee: Party{ID: []string{"", "VNE51"}[rnd.IntN(2)]}, Owner: Party{ID: "FA565"}}
	for i := range 1 + rnd.IntN(4) {
		statuses := []LineStatus{FullyDispensed, NotDispensed, PartDispensed, Owing, LineCancelled, LineExpired, ToBeDispensed, WithDispenser}
		l := Line{Item: string(rune('a' + i)), Status: statuses[rnd.IntN(len(statuses))], PendingCancellation: rnd.IntN(3) == 0,
			Quantity: Quantity{Value: decimalOf(28), Unit: "tablet"}, Product: fhir.Coding{Display: "Paracetamol 500mg tablets"}}
		l.Medicines, l.Supplied = []fhir.Coding{l.Product}, l.Quantity.Of(decimalOf(rnd.IntN(2)*7))
		p.Lines = append(p.Lines, l)
	}
	return p
}

func anyRequest(rnd *rand.Rand) Request {
	q := Request{Event: all7[rnd.IntN(len(all7))], Now: arrived.AddDate(0, 0, rnd.IntN(2)*400), Place: "Task", Owner: Party{ID: "FA565"}, Taken: day("2026-11-24"), Left: rnd.IntN(2)}
	q.When = nhs.DateOf(q.Now)
	q.Item = []string{"", "a", "z"}[rnd.IntN(3)]
	for i := range rnd.IntN(3) {
		q.Supplies = append(q.Supplies, Supply{Item: string(rune('a' + i)), Status: []LineStatus{FullyDispensed, PartDispensed, Owing, NotDispensed}[rnd.IntN(4)],
			Quantity: Quantity{Value: decimalOf([]int{0, 7, 28}[rnd.IntN(3)]), Unit: "tablet"}, Product: fhir.Coding{Display: "Paracetamol 500mg tablets"}})
	}
	if rnd.IntN(3) == 0 {
		q.Said = []Said{{Business: []string{"0003", "0006", "0007"}[rnd.IntN(3)]}}
	}
	return q
}

// TestDecisionsHold decides at random, and wants of every decision what the callers
// count on: it is refused with a reason or leads along the state machine, it leaves
// what it was given alone, and it is the same when it is asked again.
func TestDecisionsHold(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	seen := map[Event]int{}
	for range 20_000 {
		p, q := anyPrescription(rnd), anyRequest(rnd)
		before := *p
		before.Lines = slices.Clone(p.Lines)
		out, issues := builtInRules.Decide(p, Caller{}, q)
		require.Equal(t, before, *p, "%s changes what it was given", q.Event)
		again, same := builtInRules.Decide(p, Caller{}, q)
		require.Equal(t, issues, same)
		require.Equal(t, out, again)
		if len(issues) > 0 {
			require.Nil(t, out.After)
			require.True(t, fhir.HasErrors(issues), "%v", issues)
			for _, i := range issues {
				require.NotEmpty(t, i.Rule, i.Message)
			}
			continue
		}
		seen[out.Event]++
		stays := (out.Event == Cancel || out.Event == Expire) && out.After.State == p.State
		require.True(t, stays || Allowed(p.State, out.Event, out.After.State), "%s by %s to %s", p.State, out.Event, out.After.State)
		require.Len(t, out.After.Lines, len(p.Lines))
		for i, l := range out.After.Lines {
			require.False(t, l.Supplied.Value.LessThan(p.Lines[i].Supplied.Value), "a supply is not undone")
			if p.Lines[i].Status == LineCancelled {
				require.Equal(t, LineCancelled, l.Status, "%s of a cancelled item", q.Event)
			}
		}
	}
	for _, by := range all7 {
		require.NotNil(t, decisions[by], by)
		require.NotZero(t, seen[by], "%s was never allowed", by)
	}
}

// TestDecisionsAskWho has callers of other organisations.
func TestDecisionsAskWho(t *testing.T) {
	who := fhir.Principal{Agent: "a", OnBehalf: "EVIL99"}
	require.True(t, who.Bound())
	p := &Prescription{State: Nominated, Received: time.Time{}, Lines: []Line{{Item: "a", Status: ToBeDispensed}}}
	for _, by := range all7 {
		for _, c := range []Caller{{Principal: who}, {Principal: who, Dispenses: true}, {Principal: who, Prescribes: true}} {
			_, issues := builtInRules.Decide(p, c, Request{Event: by, Now: arrived, Place: "Task"})
			refused := len(issues) == 1 && issues[0].Rule == "actor"
			require.Equal(t, !c.Dispenses && by != Cancel || !c.Prescribes && by == Cancel, refused, "%s by %+v: %v", by, c, issues)
		}
	}
}
