package dispensing

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// TestRulesOfActs breaks each rule of what a pharmacist does, and wants nothing stored.
func TestRulesOfActs(t *testing.T) {
	st := &stage{world: newWorld(t, today, Options{}), scripts: map[int]epstest.Script{}}
	st.write(1, nil, []string{"Morphine_10mg_tablets,28,CD2,twenty eight", "Paracetamol_500mg_tablets,100"})
	st.sendAs("order", 1)
	do := func(words ...string) error {
		st.who = personOf("1")
		_, err := st.act(words[0], 1, nil, append([]string{"1"}, words[1:]...))
		return err
	}
	require.NoError(t, do("accept"))
	require.NoError(t, do("dispense", "1:0001"))
	head := st.db.Head()
	for _, c := range []struct {
		rule  string
		words []string
	}{
		{"ACT-1", []string{"approve", "1"}},
		{"ACT-1", []string{"hold", "DOSE", "1"}},
		{"0014", []string{"hold", "DOSE", "7"}},
		{"HOLD-5", []string{"hold", "SCHEDULE", "0"}}, // which the server sets
		{"APPROVE-2", []string{"dispense", "0:0001"}},
		{"REJECT-1", []string{"reject", "X", "0"}},
		{"MDR-15", []string{"original", "2026-11-23,123456"}},
	} {
		require.Contains(t, epstest.RulesOf(do(c.words...)), c.rule, "%v", c.words)
	}
	require.Equal(t, head, st.db.Head())
	require.NoError(t, do("approve", "0"))
	require.Equal(t, []string{"APPROVE-1"}, epstest.RulesOf(do("approve", "0")))

	// Nobody approves by hand.
	task := st.task(st.scripts[1].Order, 1)
	var inputs []any
	for in := range task.Get("input").Items() {
		inputs = append(inputs, in)
	}
	more := fhir.Revise(task, "input", fhir.List(append(inputs, inputs[len(inputs)-1])...))
	require.Equal(t, []string{"0012"}, epstest.RulesOf(st.commit(fhir.Change{Method: fhir.Update, Type: "Task", ID: task.ID(), Resource: more})))
}

// TestActsSayWho refuses who is not known, and records who is.
func TestActsSayWho(t *testing.T) {
	st := &stage{world: newWorld(t, today, Options{}), scripts: map[int]epstest.Script{}}
	st.write(1, map[string]string{"type": "0901"}, []string{"Lisdexamfetamine_30mg_capsules,28,CD2,twenty eight"})
	st.sendAs("order", 1)
	_, err := st.act("accept", 1, nil, []string{"1"})
	require.NoError(t, err)
	for _, words := range [][]string{{"approve"}, {"hold", "DOSE"}, {"original", "2026-11-23,123456"}} {
		call := st.call(nil)
		call.Requester = fhir.Principal{}
		call.ID = TaskID(st.scripts[1].Order, 1)
		st.who = fhir.Principal{Agent: "Device/", Unbound: true}
		_, err := st.act(words[0], 1, nil, append([]string{"1"}, words[1:]...))
		require.Equal(t, []string{"HOLD-0"}, epstest.RulesOf(err), words[0])
	}
	st.who = personOf("77")
	for _, words := range [][]string{{"original", "2026-11-23,123456"}, {"approve"}, {"hold", "DOSE"}} {
		_, err := st.act(words[0], 1, nil, append([]string{"1"}, words[1:]...))
		require.NoError(t, err)
	}
	x := st.execution(st.scripts[1].Order)
	require.Equal(t, []prescription.Original{{Form: "FP10PCD", Received: nhs.ReadDate("2026-11-23"), Signed: true, Number: "123456", Note: "Paper original in hand.", Who: prescription.Party{ID: "77", Name: "Person 77"}, When: "2026-11-24T09:30:00.000Z"}}, x.Originals)
	require.Equal(t, "77", x.Approvals[0].Who.ID)
	require.True(t, x.Approvals[0].Void, "a hold came after it")
	require.Equal(t, "77", x.Standing(&x.Lines[0])[0].Who.ID)
}

// TestQueriesStayAsAsked writes queries by hand, and answers one twice.
func TestQueriesStayAsAsked(t *testing.T) {
	st := &stage{world: newWorld(t, today, Options{}), scripts: map[int]epstest.Script{}}
	st.write(1, nil, []string{"Morphine_10mg_tablets,28,CD2,twenty eight"})
	st.sendAs("order", 1)
	_, err := st.act("query", 1, nil, []string{"1", "QU"})
	require.NoError(t, err)
	order := st.scripts[1].Order
	asked := st.queriesOf(order)[0]
	head := st.db.Head()
	for _, c := range []fhir.Change{
		{Method: fhir.Update, Type: "CommunicationRequest", ID: asked.ID(), Resource: fhir.Revise(asked, "status", "completed")},
		{Method: fhir.Update, Type: "CommunicationRequest", ID: asked.ID(), Resource: fhir.Revise(asked, "category", "")},
		{Method: fhir.Create, Type: "CommunicationRequest", Resource: fhir.Revise(asked, "id", "", "meta", "")},
		{Method: fhir.Delete, Type: "CommunicationRequest", ID: asked.ID()},
	} {
		require.Equal(t, []string{"QUERY-3"}, epstest.RulesOf(st.commit(c)))
	}
	require.Equal(t, head, st.db.Head())
	for range 2 {
		require.NoError(t, st.answer(order, ""))
	}
	x := st.execution(order)
	require.Len(t, x.Answers, 2, "each is recorded")
	again := prescription.Request{Event: prescription.Answering, Now: st.now, Place: "Communication", Answer: x.Answers[0]}
	_, issues := st.s.rules().Decide(x.Prescription, prescription.Caller{Prescribes: true}, again)
	require.Equal(t, "QUERY-2", issues[0].Rule, "once")
	_, issues = st.s.rules().Decide(x.Prescription, prescription.Caller{Principal: personOf("1"), Dispenses: true}, again)
	require.Equal(t, "actor", issues[0].Rule, "the pharmacy does not answer itself")
	_, err = st.act("query", 1, nil, []string{"1", "ZZ"})
	require.Equal(t, []string{"QUERY-1"}, epstest.RulesOf(err))
}

// TestOnePersonAlone: where the policy lets one person check twice, that is said and
// recorded, and the same person may hand over.
func TestOnePersonAlone(t *testing.T) {
	policy, err := prescription.ReadPolicy([]byte("2026-01-01\tapprove\tCD2\tall\tpersons\ttest\n2026-01-01\tcheck\tCD2\tall\tpersons\ttest\n2026-01-01\tcheck-alone\tCD2\tall\tpersons\ttest\n"))
	require.NoError(t, err)
	separate := &separations{}
	st := &stage{world: newWorld(t, today, Options{Policy: &policy, Duties: separate}), scripts: map[int]epstest.Script{}}
	st.write(1, nil, []string{"Morphine_10mg_tablets,28,CD2,twenty eight"})
	st.sendAs("order", 1)
	do := func(alone string, words ...string) error {
		st.who = personOf("1")
		_, err := st.act(words[0], 1, map[string]string{"alone": alone, "collector": "patient"}, append([]string{"1"}, words[1:]...))
		return err
	}
	require.NoError(t, do("", "accept"))
	require.NoError(t, do("", "approve"))
	require.Equal(t, []string{"CHECK-3"}, epstest.RulesOf(do("", "check", "0:28")))
	require.NoError(t, do("yes", "check", "0:28"))
	require.Equal(t, []string{"approve CD2 after PractitionerRole"}, separate.asked)
	require.NoError(t, do("", "dispense"))
	x := st.execution(st.scripts[1].Order)
	require.Len(t, x.Checks, 1)
	require.True(t, x.Checks[0].Alone && x.Checks[0].Void, "recorded, and used up")
	require.Equal(t, []string{"approve CD2 after PractitionerRole"}, separate.asked, "nobody else is there to hand over")
}

// separations are duties that note what they are asked about.
type separations struct{ asked []string }

func (s *separations) Separate(_ fhir.State, act, about string, _ fhir.Principal, earlier string) error {
	earlier, _, _ = strings.Cut(earlier, "/")
	s.asked = append(s.asked, act+" "+about+" after "+earlier)
	return nil
}

func (*separations) Fresh([]string, fhir.Principal, time.Time) error { return nil }

// TestSupplyOfPacks tells of packs what cannot be.
func TestSupplyOfPacks(t *testing.T) {
	st := &stage{world: newWorld(t, today, Options{}), scripts: map[int]epstest.Script{}}
	st.write(1, nil, []string{"Paracetamol_500mg_tablets,100"})
	st.sendAs("order", 1)
	_, err := st.act("accept", 1, nil, []string{"1"})
	require.NoError(t, err)
	give := func(parts ...any) error {
		s := st.scripts[1]
		_, err := st.on(s.Order, 1, st.s.dispenseTask, "item", fhir.List(append([]any{epstest.Part("number", "String", s.Items[0].Number)}, parts...)...))
		return err
	}
	const scan = "(01)05012345678900(17)280131(10)A1"
	for want, err := range map[string]error{
		"PACK-1 unread":  give(epstest.Part("scan", "String", "what?")),
		"PACK-1 batch":   give(epstest.Part("scan", "String", scan), epstest.Part("batch", "String", "A2")),
		"PACK-1 expiry":  give(epstest.Part("scan", "String", scan), epstest.Part("expiry", "Date", "2028-02-01")),
		"PACK-2 expired": give(epstest.Part("expiry", "Date", "2026-11-23")),
	} {
		rule, _, _ := strings.Cut(want, " ")
		require.Contains(t, epstest.RulesOf(err), rule, want)
	}
	require.NoError(t, give(epstest.Part("scan", "String", scan)))
	require.Contains(t, string(st.find("MedicationDispense", all)[0].JSON()), "Batch A1, expires 2028-01-31, GTIN 05012345678900")
}

// TestPractitionerIsTheirUser: who is known as a Practitioner of the server is the SDS
// user that its record names, on the Task and in the notification.
func TestPractitionerIsTheirUser(t *testing.T) {
	st := &stage{world: newWorld(t, today, Options{}), scripts: map[int]epstest.Script{}}
	_, err := st.db.Commit(st.ctx, &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Update, Type: "Practitioner", ID: "pat", Resource: fhir.Obj("resourceType", "Practitioner", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDUser, "555000000077"))).Resource()}}})
	require.NoError(t, err)
	st.write(1, nil, []string{"Paracetamol_500mg_tablets,28"})
	st.sendAs("order", 1)
	st.who = fhir.Principal{Agent: "Practitioner/pat", Display: "Pat Potion", Unbound: true}
	order := st.scripts[1].Order
	_, err = st.on(order, 1, st.s.acceptTask)
	require.NoError(t, err)
	require.Equal(t, prescription.Party{ID: "555000000077", Name: "Pat Potion"}, st.execution(order).agent)
	reply, err := st.on(order, 1, st.s.dispenseTask, "all:Boolean", true)
	require.NoError(t, err)
	require.Contains(t, string(reply.Resource.JSON()), `"value":"555000000077"`)
	require.NotContains(t, string(reply.Resource.JSON()), `"value":"pat"`)
}

// TestReasonsAreOfTheirSystem: a reason that is of another system, or none, is refused by
// name, of a return (REASON-1) as of what was done about an issue (MITIGATE-2).
func TestReasonsAreOfTheirSystem(t *testing.T) {
	w := newWorld(t, today, Options{})
	s := epstest.Acute(1)
	_, err := w.send(s.Message())
	require.NoError(t, err)
	w.settle()
	_, err = w.on(s.Order, 1, w.s.acceptTask)
	require.NoError(t, err)
	coding := func(name, system, code string) *fhir.Resource {
		return fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(fhir.Obj("name", name, "valueCoding", fhir.Obj("system", system, "code", code)))).Resource()
	}
	call := func(op func(context.Context, *fhir.Call) (*fhir.Reply, error), body *fhir.Resource) []string {
		c := w.call(body)
		c.ID = TaskID(s.Order, 1)
		_, err := op(w.ctx, c)
		return epstest.RulesOf(err)
	}
	require.Equal(t, []string{"REASON-1"}, call(w.s.returnTask, coding("reason", nhs.CSReturn, "9999")))
	require.Equal(t, []string{"REASON-1"}, call(w.s.returnTask, coding("reason", nhs.CSWithdraw, "MU")))
	require.Equal(t, []string{"REASON-1"}, call(w.s.withdrawTask, coding("reason", nhs.CSReturn, "0002")))
	require.Equal(t, []string{"MITIGATE-2"}, call(w.s.mitigate, coding("action", nhs.CSReturn, "1")))
	require.Equal(t, []string{"MITIGATE-2"}, call(w.s.mitigate, coding("action", nhs.CSActCode, "99")))
	require.Equal(t, []string{"MITIGATE-2"}, call(w.s.mitigate, coding("action", nhs.CSActCode, "1")), "without a reason")
}

// TestCallsNameTheirRules: an operation without the body that tells it what to do (BODY-1),
// a prescription that is taken by no pharmacy (ACCEPT-1), and the X-Request-ID of another
// request (REPEAT-1) are refused by name.
func TestCallsNameTheirRules(t *testing.T) {
	w := newWorld(t, today, Options{})
	s := epstest.Acute(1)
	_, err := w.send(s.Message())
	require.NoError(t, err)
	w.settle()
	head := w.db.Head()
	for _, op := range []string{"release", "owe", "reject", "check", "reconcile", "process-message"} {
		c := w.call(nil)
		c.ID = TaskID(s.Order, 1)
		_, err := w.operation(op)(w.ctx, c)
		require.Subset(t, []string{"BODY-1", "OP-4"}, epstest.RulesOf(err), op)
		require.NotEmpty(t, epstest.RulesOf(err), op)
	}
	c := w.call(nil)
	c.ID = TaskID(s.Order, 1)
	site := w.s.site
	w.s.site = Site{} // of a server for several pharmacies
	_, err = w.s.acceptTask(w.ctx, c)
	w.s.site = site
	require.Equal(t, []string{"ACCEPT-1"}, epstest.RulesOf(err))
	require.Equal(t, head, w.db.Head(), "a refusal stores nothing")

	for _, op := range []string{"accept", "return"} {
		c = w.call(fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(fhir.Obj("name", "reason", "valueCode", "0003"))).Resource())
		if op == "accept" {
			c.Body = nil
		}
		c.ID, c.Receipt.Body = TaskID(s.Order, 1), []byte(op)
		_, err = w.operation(op)(w.ctx, c)
		require.NoError(t, err)
		c.Receipt.Body = []byte("another " + op)
		_, err = w.operation(op)(w.ctx, c)
		require.Equal(t, []string{"REPEAT-1"}, epstest.RulesOf(err))
	}
}

// TestWhoReleasesIsWhoCalls: the body of a $release names no other person as who took the
// prescription, so that one person alone does not take and supply a drug of Schedule 2 as
// two.
func TestWhoReleasesIsWhoCalls(t *testing.T) {
	for _, person := range []bool{true, false} {
		st := &stage{world: newWorld(t, today, Options{}), scripts: map[int]epstest.Script{}}
		st.write(1, nil, []string{"Paracetamol_500mg_tablets,100"})
		st.sendAs("order", 1)
		st.who = personOf("1")
		st.who.Person = person
		call := st.call(epstest.Parameters("owner", fhir.Obj("resourceType", "Organization", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDODS, "VNE51")), "name", "The Simple Pharmacy").Resource(), "agent", epstest.AgentRole(), "status:Code", "accepted", "group-identifier:Identifier", nhs.IdentifierValue(nhs.IDOrder, st.scripts[1].Order)))
		_, err := st.s.release(st.ctx, call)
		require.NoError(t, err)
		x, err := currentIssue(st.db.State(st.ctx), st.scripts[1].Order)
		require.NoError(t, err)
		require.Equal(t, prescription.Accepted, x.State)
		named := prescription.ReadParty(epstest.AgentRole().Get("practitioner")).ID
		require.Equal(t, person, x.agent.ID != named, "%s took it, and the body names %s", x.agent.ID, named)
	}
}
