package dispensing

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

func callerOf(organisation string, delegates ...string) fhir.Principal {
	return fhir.Principal{Agent: "sds-user-id|555", Display: "Ann Caller", OnBehalf: organisation, Delegates: delegates}
}

// toldOf is the kind of an error and its first message, to compare refusals by.
func toldOf(err error) string {
	var e *fhir.Error
	if !errors.As(err, &e) {
		return ""
	}
	return string(e.Kind) + " " + e.Issues[0].Message
}

// TestCallersAct: by every door, who may do what with a prescription. The
// prescriber is A83008, the nominated pharmacy VNE51, which is this server's.
func TestCallersAct(t *testing.T) {
	const (
		clinic, pharmacy, other, evil = "A83008", "VNE51", "FA565", "EVIL99"
		done, forbidden, absent       = "", fhir.Forbidden, fhir.NotFound
	)
	type door func(st *stage) error
	act := func(cmd string, rest ...string) door {
		return func(st *stage) error {
			opts := map[string]string{"owner": st.who.OnBehalf}
			if st.who.OnBehalf == "SUPPLIER" {
				opts["owner"] = pharmacy
			}
			_, err := st.act(cmd, 1, opts, append([]string{"1"}, rest...))
			return err
		}
	}
	for name, c := range map[string]struct {
		before []string // what the pharmacy has done already
		door   door
		want   map[string]fhir.Code
	}{
		"send": {nil, func(st *stage) error {
			_, err := st.send(epstest.Acute(2, epstest.Item{Name: "Aspirin", Quantity: "28"}).Message())
			return err
		}, map[string]fhir.Code{clinic: done, pharmacy: forbidden, other: forbidden, evil: forbidden}},
		"cancel":   {nil, act("cancel", "0"), map[string]fhir.Code{clinic: done, pharmacy: forbidden, other: forbidden, evil: forbidden}},
		"cancelop": {nil, act("cancelop"), map[string]fhir.Code{clinic: done, pharmacy: forbidden, other: absent, evil: absent}},
		"accept":   {nil, act("accept"), map[string]fhir.Code{pharmacy: done, clinic: forbidden, other: absent, evil: absent}},
		"dispense": {[]string{"accept"}, act("dispense", "0:0001"), map[string]fhir.Code{pharmacy: done, clinic: forbidden, other: absent, evil: absent}},
		"return":   {[]string{"accept"}, act("return"), map[string]fhir.Code{pharmacy: done, clinic: forbidden, other: forbidden, evil: forbidden}},
		"notify":   {[]string{"accept"}, act("notify", "0:0001:28"), map[string]fhir.Code{pharmacy: done, clinic: forbidden, other: forbidden, evil: forbidden}},
		"withdraw": {[]string{"accept", "dispense"}, act("withdraw"), map[string]fhir.Code{pharmacy: done, clinic: forbidden, other: forbidden, evil: forbidden}},
	} {
		c.want["SUPPLIER"] = done // may act for both
		for who, want := range c.want {
			st := &stage{world: newWorld(t, today, Options{}), scripts: map[int]epstest.Script{1: epstest.Acute(1, epstest.Item{Name: "Aspirin", Quantity: "28"})}}
			st.sendAs("order", 1)
			for _, cmd := range c.before {
				rest := []string{"1"}
				if cmd == "dispense" {
					rest = append(rest, "0:0001")
				}
				_, err := st.act(cmd, 1, map[string]string{}, rest)
				require.NoError(t, err, cmd)
				st.settle()
			}
			st.who = callerOf(who)
			if who == "SUPPLIER" {
				st.who.Delegates = []string{"a83008", "vne51"}
			}
			err := c.door(st)
			if want == done {
				require.NoError(t, err, "%s by %s", name, who)
				continue
			}
			require.Equal(t, want, fhir.KindOf(err), "%s by %s: %v", name, who, err)
		}
	}
}

// TestWhatOthersHoldIsNotThere: a pharmacy is told of a prescription that another
// has, or is nominated to, what it is told of one that there is not.
func TestWhatOthersHoldIsNotThere(t *testing.T) {
	st := &stage{world: newWorld(t, today, Options{}), scripts: map[int]epstest.Script{1: epstest.Acute(1, epstest.Item{Name: "Aspirin", Quantity: "28"}), 2: epstest.Acute(2, epstest.Item{Name: "Aspirin", Quantity: "28"})}}
	st.sendAs("order", 1)
	for _, held := range []bool{false, true} {
		if held {
			_, err := st.act("accept", 1, map[string]string{}, []string{"1"})
			require.NoError(t, err)
		}
		st.who = callerOf("FA565")
		for _, handle := range []string{"accept", "dispense", "return", "withdraw", "cancel"} {
			answers := map[string]bool{}
			for _, order := range []string{st.scripts[1].Order, st.scripts[2].Order} {
				call := st.call(epstest.Parameters("reason:Code", map[string]string{"return": "0003", "withdraw": "MU", "cancel": "0003"}[handle]))
				if handle == "accept" {
					call.Body = nil
				}
				if handle == "dispense" {
					call.Body = epstest.Parameters("all:Boolean", true)
				}
				call.ID = TaskID(order, 1)
				var err error
				switch handle {
				case "accept":
					_, err = st.s.acceptTask(st.ctx, call)
				case "dispense":
					_, err = st.s.dispenseTask(st.ctx, call)
				case "return":
					_, err = st.s.returnTask(st.ctx, call)
				case "withdraw":
					_, err = st.s.withdrawTask(st.ctx, call)
				case "cancel":
					_, err = st.s.cancelTask(st.ctx, call)
				}
				answers[strings.ReplaceAll(toldOf(err), call.ID, "ID")] = true
			}
			require.Equal(t, map[string]bool{"not-found There is no Task/ID.": true}, answers, handle)
		}
		st.who = fhir.Principal{}
	}
	// By message too, with the sender's own name in it.
	st.who = callerOf("FA565", "VNE51x")
	for _, n := range []int{1, 2} {
		m := fhir.Revise(st.scripts[n].Cancellation(0), "x", "")
		text := strings.ReplaceAll(string(m.JSON()), `"A83008"`, `"FA565"`)
		mine, err := fhir.Parse([]byte(text))
		require.NoError(t, err)
		_, err = st.send(mine)
		require.Equal(t, "forbidden The caller does not act for this organisation.", toldOf(err), n)
	}
}

// TestTheCallerIsThePerformer: the record names who calls, whoever accepted and
// whatever the body says.
func TestTheCallerIsThePerformer(t *testing.T) {
	for _, agent := range []bool{false, true} {
		st := &stage{world: newWorld(t, today, Options{}), scripts: map[int]epstest.Script{1: epstest.Acute(1, epstest.Item{Name: "Aspirin", Quantity: "28"})}}
		st.sendAs("order", 1)
		_, err := st.act("accept", 1, map[string]string{}, []string{"1"})
		require.NoError(t, err)
		st.who = callerOf("VNE51")
		pairs := []any{"all:Boolean", true}
		if agent {
			pairs = append(pairs, "agent", epstest.AgentRole())
		}
		_, err = st.on(st.scripts[1].Order, 1, st.s.dispenseTask, pairs...)
		require.NoError(t, err)
		d := st.find("MedicationDispense", "status=completed")[0]
		role := nhs.Contained(d.Root(), d.Get("performer").Item(0).Get("actor"))
		require.Equal(t, "555", role.Path("practitioner", "identifier", "value").Text())
		require.Equal(t, agent, strings.Contains(string(d.JSON()), "Named by the caller as acting too"), string(d.JSON()))
	}
}

// TestPlainWritesOfCallers: what a caller may not do by an operation they may not
// write as a resource.
func TestPlainWritesOfCallers(t *testing.T) {
	w := newWorld(t, today, Options{})
	s := epstest.Acute(1, epstest.Item{Name: "Aspirin", Quantity: "28"})
	_, err := w.send(s.Message())
	require.NoError(t, err)
	w.settle()
	x := w.execution(s.Order)
	write := func(org string, c fhir.Change) fhir.Code {
		_, err := w.db.Commit(w.ctx, &fhir.Transaction{Changes: []fhir.Change{c}, Requester: callerOf(org)})
		return fhir.KindOf(err)
	}
	task := fhir.Change{Method: fhir.Update, Type: "Task", ID: x.version.ID, Resource: fhir.Revise(x.resource, "description", "x")}
	order := rewriteOrder(x.orders[0], "note", fhir.List(fhir.Obj("text", "x")))
	kept := fhir.Change{Method: fhir.Update, Type: "Bundle", ID: message.OrderBundleID(epstest.OrderNumber(7, "A83008")), Resource: fhir.Revise(epstest.Acute(7, epstest.Item{Name: "Aspirin", Quantity: "28"}).Message(), "id", message.OrderBundleID(epstest.OrderNumber(7, "A83008")))}
	for _, org := range []string{"FA565", "EVIL99", ""} {
		require.Equal(t, fhir.Forbidden, write(org, task), org)
		require.Equal(t, fhir.Forbidden, write(org, fhir.Change{Method: fhir.Delete, Type: "Task", ID: x.version.ID}), org)
		require.Equal(t, fhir.Forbidden, write(org, order), org)
		require.Equal(t, fhir.Forbidden, write(org, fhir.Change{Method: fhir.Delete, Type: "MedicationRequest", ID: order.ID}), org)
		require.Equal(t, fhir.Forbidden, write(org, kept), org)
	}
	require.Equal(t, fhir.Forbidden, write("VNE51", order))
	require.NotEqual(t, fhir.Forbidden, write("A83008", order))
	require.NotEqual(t, fhir.Forbidden, write("VNE51", task))
	require.Equal(t, fhir.Forbidden, write("A83008", kept), "what $process-message keeps is its own")
}

// TestWhoMayLabel: a label is for the pharmacy that has the prescription. The clinic that
// sent it is refused, and another pharmacy is told what it is told of one that there is
// not, before the supply as after it.
func TestWhoMayLabel(t *testing.T) {
	st := &stage{world: newWorld(t, today, Options{}), scripts: map[int]epstest.Script{1: epstest.Acute(1, epstest.Item{Name: "Aspirin", Quantity: "28"})}}
	st.sendAs("order", 1)
	for _, cmd := range [][]string{{"accept", "1"}, {"dispense", "1", "0:0003:14"}} {
		require.NotContains(t, st.do(cmd), "refused ")
	}
	st.address("3 Example Yard")
	supply := st.find("MedicationDispense", "status=completed")[0].ID()
	for who, want := range map[string][2]fhir.Code{"VNE51": {}, "A83008": {fhir.Forbidden, fhir.NotFound}, "FA565": {fhir.NotFound, fhir.NotFound}} {
		st.who = callerOf(who)
		head := st.db.Head()
		for i, handle := range []func(context.Context, *fhir.Call) (*fhir.Reply, error){st.s.labelTask, st.s.labelSupply} {
			call := st.call(nil)
			call.ID = []string{TaskID(st.scripts[1].Order, 1), supply}[i]
			_, err := handle(st.ctx, call)
			if want[i] == "" {
				require.NoError(t, err, who)
			} else {
				require.Equal(t, want[i], fhir.KindOf(err), "%s: %v", who, err)
			}
		}
		require.Equal(t, head, st.db.Head(), "a label changes nothing")
	}
}
