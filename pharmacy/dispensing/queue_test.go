package dispensing

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// queues writes the Tasks of the queues of a prescription.
func (st *stage) queues(n int) string {
	order := st.scripts[n].Order
	var lines []string
	for _, r := range st.find("Task", nhs.Query("group-identifier", nhs.IDOrder, order)) {
		code := nhs.Coded(r.Get("code"), csQueue)
		if code == "" {
			continue
		}
		var holds []string
		for _, c := range nhs.Codings(r.Get("reasonCode"), csHold) {
			holds = append(holds, c.Get("code").Text())
		}
		if b := nhs.Coded(r.Get("businessStatus"), csQueryStatus); b != "" {
			code += " " + b
		}
		lines = append(lines, fmt.Sprintf("%s %s %s owner=%s %s of %s: %s %s", orText(r.Root().Path("restriction", "period", "end"), "no day"), code, r.Get("status").Text(), r.Root().Path("owner", "identifier", "value").Text(),
			r.Get("priority").Text(), r.Root().Path("basedOn").Item(0).Get("display").Text(), strings.Join(holds, ","), st.mask(r.Root().Path("reasonCode", "text").Text())))
	}
	for _, r := range st.queriesOf(order) {
		lines = append(lines, fmt.Sprintf("query %s to %s: %d items, %s %s", r.Get("status").Text(), r.Get("recipient").Item(0).Path("identifier", "value").Text(), r.Get("basedOn").Len(),
			nhs.Coded(r.Get("category"), csQueryKind), nhs.Coded(r.Get("reasonCode"), nhs.CSWithdraw)))
	}
	slices.SortFunc(lines, func(a, b string) int { return cmp.Compare(a, b) })
	return strings.Join(lines, "\n")
}

// TestQueueIsFound searches a queue as a console does: by its code, those that are
// open, the item that expires first at the top.
func TestQueueIsFound(t *testing.T) {
	st := &stage{world: newWorld(t, today, Options{}), scripts: map[int]epstest.Script{}}
	for n, signed := range []string{"2026-11-20", "2026-11-10", "2026-11-15"} {
		st.write(n, map[string]string{"signed": signed}, []string{"Morphine_10mg_tablets,30,CD2,twenty_eight"})
		require.NotContains(t, st.sendAs("order", n), "refused")
	}
	asked, err := url.ParseQuery(nhs.Query("code", csQueue, "legal-hold") + "&status=received&_sort=last-day")
	require.NoError(t, err)
	q, _, err := search.Parse("Task", asked, search.Options{})
	require.NoError(t, err)
	found, err := st.db.Search(st.ctx, q)
	require.NoError(t, err)
	var days []string
	for _, v := range found.Matches {
		r, err := v.Resource()
		require.NoError(t, err)
		days = append(days, r.Root().Path("restriction", "period", "end").Text())
		require.Equal(t, "Task/"+TaskID(r.Root().Path("groupIdentifier", "value").Text(), 1), r.Root().Path("focus", "reference").Text())
	}
	require.Equal(t, []string{"2026-12-08", "2026-12-13", "2026-12-18"}, days)
	require.Len(t, st.find("Task", nhs.Query("code", nhs.CSEvent, "prescription-order")+"&last-day=le2026-12-10"), 1, "an item of a prescription by its last day")
}

// TestQueuesAreNotWrittenByHand tries what no prescription says.
func TestQueuesAreNotWrittenByHand(t *testing.T) {
	st := &stage{world: newWorld(t, today, Options{}), scripts: map[int]epstest.Script{}}
	st.write(1, nil, []string{"Morphine_10mg_tablets,30,CD2,twenty_eight"})
	st.sendAs("order", 1)
	task := st.find("Task", nhs.Query("code", csQueue, "legal-hold"))[0]
	change := func(pairs ...any) error {
		return st.commit(fhir.Change{Method: fhir.Update, Type: "Task", ID: task.ID(), Resource: fhir.Revise(task, pairs...)})
	}
	head := st.db.Head()
	for name, err := range map[string]error{
		"closed":    change("status", "completed"),
		"moved":     change("code", nhs.Concept(nhs.Coding(csQueue, "owing"))),
		"no longer": change("code", fhir.Obj("text", "something else")),
		"put off":   change("restriction", ""),
		"removed":   st.commit(fhir.Change{Method: fhir.Delete, Type: "Task", ID: task.ID()}),
		"opened":    st.commit(fhir.Change{Method: fhir.Create, Type: "Task", Resource: fhir.Revise(task, "id", "", "meta", "")}),
	} {
		require.Equal(t, []string{"QUEUE-1"}, epstest.RulesOf(err), name)
	}
	require.Equal(t, head, st.db.Head())
	order := st.task(st.scripts[1].Order, 1)
	hidden := fhir.Revise(order, "extension", "")
	require.Equal(t, []string{"0012"}, epstest.RulesOf(st.commit(fhir.Change{Method: fhir.Update, Type: "Task", ID: order.ID(), Resource: hidden})))

	ended := fhir.Revise(order, "status", "cancelled", "businessStatus", nhs.Concept(nhs.Coding(nhs.CSBusinessStatus, "0005")))
	require.Equal(t, []string{"QUEUE-2"}, epstest.RulesOf(st.commit(fhir.Change{Method: fhir.Update, Type: "Task", ID: order.ID(), Resource: ended})))
	require.Equal(t, []string{"QUEUE-2"}, epstest.RulesOf(st.commit(fhir.Change{Method: fhir.Delete, Type: "Task", ID: order.ID()})))

	require.NoError(t, change("priority", "stat", "note", fhir.List(fhir.Obj("text", "The patient waits in the shop."))))
	_, err := st.act("accept", 1, nil, []string{"1"})
	require.NoError(t, err)
	task = st.find("Task", nhs.Query("code", csQueue, "legal-hold"))[0]
	require.Equal(t, "stat", task.Get("priority").Text(), "what people write stays")
	require.Contains(t, string(task.JSON()), "The patient waits in the shop.")
	_, err = st.act("lift", 1, nil, []string{"1", "WORDS"})
	require.NoError(t, err)
	require.Equal(t, []string{"completed"}, st.statuses("legal-hold"))
	require.Empty(t, openWorkOf(st.task(st.scripts[1].Order, 1)))
}

// TestQueuesOfARepeat: each time that a prescription is issued has work of its own,
// which goes with its Task when that is taken back.
func TestQueuesOfARepeat(t *testing.T) {
	st := &stage{world: newWorld(t, today, Options{}), scripts: map[int]epstest.Script{}}
	st.write(1, map[string]string{"repeats": "2"}, []string{"Diazepam_5mg_tablets,28,CD5", "Paracetamol_500mg_tablets,100"})
	st.sendAs("order", 1)
	do := func(words ...string) { require.NotContains(t, st.do(words), "refused") }
	do("release", "1")
	require.Equal(t, []string{"received"}, st.statuses("legal-hold"))
	do("dispense", "1", "0:0002:0002", "1:0001")
	require.ElementsMatch(t, []string{"cancelled", "received"}, st.statuses("legal-hold"), "the next one is held too")
	do("withdraw", "1")
	require.ElementsMatch(t, []string{"received", "cancelled"}, st.statuses("legal-hold"))
}

func (st *stage) statuses(queue prescription.Queue) (list []string) {
	for _, r := range st.find("Task", nhs.Query("code", csQueue, string(queue))) {
		list = append(list, r.Get("status").Text())
	}
	return list
}
