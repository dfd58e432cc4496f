package dispensing

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// TestScripts runs the scripts in testdata: each file of an archive is a life
// of prescriptions, one command on a line that begins with ">", and below it
// what came of it. -update rewrites the answers.
//
//	now DAY                         the clock
//	midnight DAY                    the same, and what is due then
//	order N [key=value…] ITEM…      sends a message; ITEM is name,quantity[,schedule,words]
//	write N …                       writes it without sending it
//	single N …                      the same as resources of their own, one commit each
//	batch N …                       the same in one transaction
//	release [N] [owner=ODS]         Task/$release
//	accept N [owner=ODS]
//	check N [alone=yes] [ITEM:QUANTITY[:SCAN]…]   Task/$check
//	query N REASON [anew] [ITEM…]   Task/$query
//	answer N [from=ODS]             a Communication on the newest query, written by that organisation
//	correct N ITEM KIND ELEMENT FROM TO
//	original N DAY,NUMBER[,unchecked[,FORM]]   Task/$record-original
//	hold N CODE [ITEM…], approve N [ITEM…], reject N [return:]CODE [ITEM…]
//	dispense N [when=DAY] [ITEM:STATUS[:QUANTITY|REASON[:UNIT[:DIFFERENCE[:PROTOCOL[:PRODUCT]]]]]…]   ITEM counts from 0
//	                                PRODUCT is CODE/NAME, either may be left out
//	                                bag=collection puts it into the bag; collector=… says who takes it, see takenBy
//	owe N ITEM:EXPECTED[:QUANTITY[:REASON]]…   Task/$owe; REASON is none for none
//	send N COURIER [expected=DAY] [ITEM…], failed N [ITEM…]   Task/$dispatch, $fail-delivery
//	address LINE                    the pharmacy's Organization, with its address
//	label N [as=pdf] [size=…] [ITEM:QUANTITY[:UNIT[:PRODUCT]]…]   Task/$label, its texts; label N supply: MedicationDispense/$label of the newest supply
//	tracking N [ITEM…]              Task/$tracking-status
//	progress N                      Task/$progress
//	handover N [collector=…] [when=DAY] [ITEM…]   Task/$hand-over
//	putback N [CODE] [ITEM…]        Task/$put-back; CODE is why the items are not dispensed
//	lift N CODE [item=ITEM]         Task/$release-hold
//	notify N [same] [amend] [when=DAY] ITEM:STATUS:QUANTITY[:BUSINESS[:UNIT[:DIFFERENCE[:PRODUCT]]]]…   an EPS
//	                                dispense-notification; same uses one number for all of an item
//	supply N …                      the same as MedicationDispense resources, written by hand
//	return N, withdraw N            as POST Task with EPS reasons
//	cancel N ITEM                   a prescription-order-update
//	cancelop N                      Task/$cancel of everything
//	queues N                        the Tasks of the queues, open and closed, the first to expire first
//	by=PERSON[@ODS] with any of these: somebody whom the server knows as a person
//	patch N FORMAT ELEMENT          a patch of the Task or the first supply by hand, see patched; FORMAT is json, merge, fhirpath or xml
//	put N STATUS                    an ordinary update of the first order's status
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		require.NoError(t, err)
		for i := range archive.Files {
			f := &archive.Files[i]
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+f.Name, func(t *testing.T) {
				got := runScript(t, string(f.Data))
				if *update {
					f.Data = []byte(got)
					return
				}
				require.Equal(t, string(f.Data), got)
			})
		}
		if *update {
			require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o644))
		}
	}
}

type stage struct {
	*world
	tracked string                  // what the NHS App shows
	taken   prescription.Collection // what notifications and supplies by hand tell of it
	scripts map[int]epstest.Script
}

func runScript(t *testing.T, text string) string {
	st := &stage{world: newWorld(t, today, Options{}), scripts: map[int]epstest.Script{}}
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "#"):
			b.WriteString(line + "\n")
		case strings.HasPrefix(line, ">"):
			b.WriteString(line + "\n")
			words := strings.Fields(line[1:])
			b.WriteString(indent(st.do(words)))
		case line == "":
			b.WriteString("\n")
		}
	}
	return b.String()
}

func indent(s string) string {
	if s == "" {
		return ""
	}
	return "  " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n  ") + "\n"
}

func (st *stage) do(words []string) string {
	cmd, args := words[0], words[1:]
	opts := map[string]string{}
	var rest []string
	for _, a := range args {
		if k, v, ok := strings.Cut(a, "="); ok {
			opts[k] = strings.ReplaceAll(v, "_", " ")
		} else {
			rest = append(rest, strings.ReplaceAll(a, "_", " "))
		}
	}
	n := 0
	if len(rest) > 0 {
		n, _ = strconv.Atoi(rest[0])
	}
	switch cmd {
	case "now":
		at, err := time.Parse(time.DateOnly, rest[0])
		require.NoError(st.t, err)
		st.now = at.Add(9 * time.Hour)
		return ""
	case "midnight":
		at, err := time.Parse(time.DateOnly, rest[0])
		require.NoError(st.t, err)
		st.now = at
		return st.pass()
	case "address":
		st.address(strings.Join(rest, " "))
		return ""
	case "label":
		return st.label(st.scripts[n], opts, rest[1:])
	case "order", "single", "batch":
		st.write(n, opts, rest[1:])
		return st.sendAs(cmd, n)
	case "write":
		st.write(n, opts, rest[1:])
		return ""
	case "again":
		return st.sendAs("order", n)
	}
	if cmd == "queues" {
		return st.queues(n)
	}
	st.who = personOf(opts["by"])
	reply, err := st.act(cmd, n, opts, rest)
	st.who = fhir.Principal{}
	st.settle()
	told := st.tracked
	st.tracked = ""
	return told + st.tell(n, reply, err)
}

// pass commits what is due, and tells what became of it.
func (st *stage) pass() string {
	due := st.s.Timed()[0]
	ids, err := due.Due(st.db.State(st.ctx), st.now)
	require.NoError(st.t, err)
	var b strings.Builder
	for _, id := range ids {
		changes, err := due.Pass(st.db.State(st.ctx), id, st.now)
		require.NoError(st.t, err)
		if len(changes) == 0 {
			continue
		}
		of := slices.Collect(maps.Keys(st.scripts))
		of = slices.DeleteFunc(of, func(n int) bool {
			order := st.scripts[n].Order
			return TaskID(order, st.execution(order).Issue) != id
		})
		_, err = st.db.Commit(st.ctx, &fhir.Transaction{Changes: changes, Derived: true, Time: st.now})
		require.NoError(st.t, err)
		for _, n := range of {
			b.WriteString(st.tell(n, nil, nil))
		}
	}
	st.settle()
	return b.String()
}

func (st *stage) write(n int, opts map[string]string, specs []string) {
	var items []epstest.Item
	for _, spec := range specs {
		f := append(strings.Split(spec, ","), "", "", "", "")
		items = append(items, epstest.Item{Name: f[0], Quantity: f[1], Schedule: f[2], Words: f[3], Dose: f[4], Unit: f[5]})
	}
	s := epstest.Acute(n, items...)
	for k, v := range opts {
		switch k {
		case "type":
			s.Type = v
		case "nominee":
			s.Nominee = strings.TrimPrefix(v, "none")
		case "signed":
			s.Signed = v + "T10:00:00+00:00"
		case "start":
			s.Start = v
		case "repeats":
			s.Therapy = prescription.RepeatDispensing
			s.Repeats, _ = strconv.Atoi(v)
		case "nhs":
			s.NHSNumber = v
		case "without":
			s.Without = v
		case "from":
			s.From = strings.ReplaceAll(v, "_", " ")
		case "clinic":
			s.Clinic, s.Order = v, epstest.OrderNumber(n, v)
		case "born":
			s.Born = v
		case "instalment": // of the first item
			s.Items[0].Instalment = v
		case "interval":
			s.Items[0].Interval = v
		case "at":
			s.Address = v
		}
	}
	if s.Start != "" && s.Therapy == "acute" && strings.Contains(s.Start, "none") {
		s.Start = ""
	}
	st.scripts[n] = s
}

// sendAs sends a prescription by one of the three ways.
func (st *stage) sendAs(way string, n int) string {
	s := st.scripts[n]
	if way == "order" {
		reply, err := st.send(s.Message())
		if err == nil {
			st.settle()
		}
		return st.tell(n, reply, err)
	}
	people := s.People()
	tx := &fhir.Transaction{Time: st.now}
	for i := 0; i < len(people); i += 3 {
		r := people[i+2].(fhir.Value).Resource()
		tx.Changes = append(tx.Changes, fhir.Change{Method: fhir.Create, Type: r.Type(), Resource: r, FullURL: people[i+1].(string), Condition: message.Condition(r.Root(), message.Matched[r.Type()])})
	}
	commit, err := st.db.Commit(st.ctx, tx)
	require.NoError(st.t, err)
	patient, role := commit.Results[0].Version.Ref(), commit.Results[1].Version.Ref()
	batch := &fhir.Transaction{Time: st.now}
	for i := range s.Items {
		c := fhir.Change{Method: fhir.Create, Type: "MedicationRequest", Resource: s.MedicationRequest(i, patient, role).Resource()}
		if batch.Changes = append(batch.Changes, c); way == "single" {
			if _, err = st.db.Commit(st.ctx, &fhir.Transaction{Changes: []fhir.Change{c}, Time: st.now}); err != nil {
				return st.tell(n, nil, err)
			}
			st.settle()
		}
	}
	if way == "batch" {
		if _, err = st.db.Commit(st.ctx, batch); err != nil {
			return st.tell(n, nil, err)
		}
		st.settle()
	}
	return st.tell(n, nil, nil)
}

func (st *stage) act(cmd string, n int, opts map[string]string, rest []string) (*fhir.Reply, error) {
	s := st.scripts[n]
	issue := 1
	if x, err := currentIssue(st.db.State(st.ctx), s.Order); err == nil && x != nil {
		issue = x.Issue
	}
	owner := opts["owner"]
	if owner == "" {
		owner = "VNE51"
	}
	pharmacyOf := fhir.Obj("resourceType", "Organization", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDODS, owner)), "name", "Pharmacy "+owner).Resource()
	switch cmd {
	case "release":
		pairs := []any{"owner", pharmacyOf, "agent", epstest.AgentRole(), "status:Code", "accepted"}
		if len(rest) > 0 {
			pairs = append(pairs, "group-identifier:Identifier", nhs.IdentifierValue(nhs.IDOrder, s.Order))
		}
		return st.s.release(st.ctx, st.call(epstest.Parameters(pairs...)))
	case "accept":
		pairs := []any{"owner", pharmacyOf, "agent", epstest.AgentRole()}
		return st.on(s.Order, issue, st.s.acceptTask, pairs...)
	case "original":
		return st.on(s.Order, issue, st.s.recordOriginal, originalRecord(rest[1])...)
	case "hold":
		return st.on(s.Order, issue, st.s.holdTask, append([]any{"hold:Code", rest[1], "reason", "To be found out."}, st.items(s, rest[2:])...)...)
	case "approve":
		return st.on(s.Order, issue, st.s.approveTask, st.items(s, rest[1:])...)
	case "check":
		pairs := []any{"alone:Boolean", opts["alone"] != ""}
		for _, spec := range rest[1:] {
			f := append(strings.Split(spec, ":"), "", "")
			i, _ := strconv.Atoi(f[0])
			number := "no-such-item"
			if i < len(s.Items) {
				number = s.Items[i].Number
			}
			parts := []any{epstest.Part("number", "String", number), epstest.Part("quantity", "Quantity", amountIn(f[1], ""))}
			if f[2] != "" {
				parts = append(parts, epstest.Part("scan", "String", f[2]))
			}
			pairs = append(pairs, "item", fhir.List(parts...))
		}
		return st.on(s.Order, issue, st.s.checkTask, pairs...)
	case "query":
		pairs, places := []any{"reason:Code", rest[1], "question", "Is that right?"}, rest[2:]
		if len(places) > 0 && places[0] == "anew" {
			pairs, places = append(pairs, "newPrescription:Boolean", true), places[1:]
		}
		return st.on(s.Order, issue, st.s.queryTask, append(pairs, st.items(s, places)...)...)
	case "answer":
		return nil, st.answer(s.Order, opts["from"])
	case "correct":
		pairs := []any{"kind:Code", rest[2], "element:Code", rest[3], "to", rest[5], "amended:Boolean", true}
		if rest[4] != "-" {
			pairs = append(pairs, "from", rest[4])
		}
		return st.on(s.Order, issue, st.s.correctTask, append(pairs, st.items(s, rest[1:2])...)...)
	case "reject":
		system, code := nhs.CSNotDispensed, rest[1]
		if back, ok := strings.CutPrefix(code, "return:"); ok {
			system, code = nhs.CSReturn, back
		}
		return st.on(s.Order, issue, st.s.rejectTask, append([]any{"reason:Coding", fhir.Obj("system", system, "code", code)}, st.items(s, rest[2:])...)...)
	case "dispense":
		return st.on(s.Order, issue, st.s.dispenseTask, st.dispenseParams(s, opts, rest[1:])...)
	case "owe":
		pairs := takenBy(opts)
		for _, spec := range rest[1:] {
			f := append(strings.Split(spec, ":"), "", "", "")
			i, _ := strconv.Atoi(f[0])
			number := "no-such-item"
			if i < len(s.Items) {
				number = s.Items[i].Number
			}
			parts := []any{epstest.Part("number", "String", number), epstest.Part("reason", "String", strings.TrimPrefix("Out of stock.", f[3]))}
			if f[1] != "" {
				parts = append(parts, epstest.Part("expected", "Date", f[1]))
			}
			if f[2] != "" {
				parts = append(parts, epstest.Part("quantity", "Quantity", amountIn(f[2], "")))
			}
			pairs = append(pairs, "item", fhir.List(parts...))
		}
		return st.on(s.Order, issue, st.s.oweTask, pairs...)
	case "send":
		pairs := []any{"courier", strings.TrimPrefix(rest[1], "nobody")}
		if opts["expected"] != "" {
			pairs = append(pairs, "expected:Date", opts["expected"])
		}
		return st.on(s.Order, issue, st.s.dispatchTask, append(pairs, st.items(s, rest[2:])...)...)
	case "failed":
		return st.on(s.Order, issue, st.s.failDeliveryTask, append([]any{"reason", strings.TrimPrefix("Nobody was in.", opts["reason"])}, st.items(s, rest[1:])...)...)
	case "tracking":
		reply, err := st.on(s.Order, issue, st.s.trackingTask, st.items(s, rest[1:])...)
		if err == nil {
			st.tracked = ""
			for e := range reply.Resource.Get("entry").Items() {
				task := e.Get("resource")
				st.tracked += fmt.Sprintf("  app: %s (%s)\n", task.Path("businessStatus", "coding").Item(0).Get("code").Text(), task.Get("status").Text())
			}
			reply = nil
		}
		return reply, err
	case "progress":
		reply, err := st.on(s.Order, issue, st.s.progressTask)
		if err == nil {
			st.tracked = progressTold(reply.Resource)
			reply = nil
		}
		return reply, err
	case "handover":
		return st.on(s.Order, issue, st.s.handOverTask, append(takenBy(opts), st.items(s, rest[1:])...)...)
	case "putback":
		pairs, places := []any{"reason", strings.TrimPrefix("Nobody came.", opts["reason"])}, rest[1:]
		if len(places) > 0 && len(places[0]) == 4 {
			pairs, places = append(pairs, "notDispensed:Code", places[0]), places[1:]
		}
		return st.on(s.Order, issue, st.s.putBackTask, append(pairs, st.items(s, places)...)...)
	case "notify", "supply":
		st.taken = prescription.CollectionFrom(func(name, kind string) node {
			return message.Parameter(epstest.Parameters(takenBy(opts)...), name).Get(kind)
		})
		if cmd == "supply" {
			return nil, st.supply(s, opts["when"], rest[1:])
		}
		return st.notify(s, opts["when"], rest[1:])
	case "return":
		return st.s.takeTask(st.ctx, st.call(st.taskOf(s, "rejected", nhs.CSReturn, "0003", "")))
	case "withdraw":
		id := ""
		if len(rest) > 1 {
			if id = rest[1]; id == "first" {
				id = st.execution(s.Order).supplies[0].id
			}
		} else {
			for i := issue; i > 0; i-- {
				v, err := st.db.State(st.ctx).Current("Task", TaskID(s.Order, i))
				require.NoError(st.t, err)
				if x, err := readTask(st.db.State(st.ctx), v); err == nil && x.lastSupply().id != "" {
					id = x.lastSupply().id
					break
				}
			}
		}
		return st.s.takeTask(st.ctx, st.call(st.taskOf(s, "in-progress", nhs.CSWithdraw, "MU", id)))
	case "cancel":
		i, _ := strconv.Atoi(rest[1])
		if opts["nhs"] != "" {
			s.NHSNumber = opts["nhs"]
		}
		return st.send(s.Cancellation(i))
	case "lift":
		pairs := []any{"hold:Code", rest[1], "reason", "Asked the prescriber."}
		if i, err := strconv.Atoi(opts["item"]); err == nil {
			pairs = append(pairs, "item", s.Items[i].Number)
		}
		return st.on(s.Order, issue, st.s.releaseHold, pairs...)
	case "cancelop":
		return st.on(s.Order, issue, st.s.cancelTask, "reason:Code", "0003")
	case "patch":
		return nil, st.patch(s, rest[1], rest[2])
	case "put":
		x := st.execution(s.Order)
		o := x.orders[0]
		_, err := st.db.Commit(st.ctx, &fhir.Transaction{Changes: orderBecomes(o, rest[1])})
		return nil, err
	case "alter":
		o := st.execution(s.Order).orders[0]
		_, err := st.db.Commit(st.ctx, &fhir.Transaction{Changes: []fhir.Change{rewriteOrder(o, "dosageInstruction", fhir.List(fhir.Obj("text", "twice as much")))}})
		return nil, err
	}
	st.t.Fatalf("no command %q", cmd)
	return nil, nil
}

// takenBy are the parameters of a hand-over: when=DAY or at=TIME, collector, name, address, asked
// and shown (no; yes by default where there is a collector), method, courier, signature, note.
func takenBy(opts map[string]string) (pairs []any) {
	if opts["when"] != "" {
		pairs = append(pairs, "whenHandedOver:DateTime", opts["when"]+"T12:00:00+00:00")
	}
	if opts["at"] != "" {
		pairs = append(pairs, "whenHandedOver:DateTime", opts["at"])
	}
	for _, p := range [][2]string{{"collector", "collector:Code"}, {"name", "collectorName"}, {"address", "collectorAddress"}, {"method", "method:Code"}, {"courier", "courier"}, {"signature", "signature"}, {"note", "note"}} {
		if opts[p[0]] != "" {
			pairs = append(pairs, p[1], opts[p[0]])
		}
	}
	for _, p := range [][2]string{{"asked", "identityRequested:Boolean"}, {"shown", "identityProvided:Boolean"}} {
		if opts["collector"] != "" && opts[p[0]] != "untold" {
			pairs = append(pairs, p[1], opts[p[0]] != "no")
		}
	}
	return pairs
}

func (st *stage) dispenseParams(s epstest.Script, opts map[string]string, items []string) []any {
	var pairs []any
	if len(items) == 0 {
		pairs = append(pairs, "all:Boolean", true)
	}
	pairs = append(pairs, takenBy(opts)...)
	if opts["bag"] != "" {
		pairs = append(pairs, "bag:Code", opts["bag"])
	}
	for _, spec := range items {
		f := append(strings.Split(spec, ":"), "", "", "", "", "", "")
		i, _ := strconv.Atoi(f[0])
		number := "no-such-item"
		if i < len(s.Items) {
			number = s.Items[i].Number
		}
		parts := []any{epstest.Part("number", "String", number), epstest.Part("status", "Code", f[1])}
		switch {
		case f[1] == "0002":
			parts = append(parts, epstest.Part("reason", "Code", f[2]))
		case f[2] != "":
			parts = append(parts, epstest.Part("quantity", "Quantity", amountIn(f[2], f[3])))
		}
		if f[4] != "" {
			parts = append(parts, epstest.Part("difference", "Code", f[4]))
		}
		if f[5] != "" {
			parts = append(parts, epstest.Part("protocol", "String", f[5]))
		}
		if f[6] != "" {
			parts = append(parts, epstest.Part("product", "Coding", nhs.CodingValue(productOf(f[6]))))
		}
		pairs = append(pairs, "item", fhir.List(parts...))
	}
	return pairs
}

// productOf is the product of a script: CODE/NAME.
func productOf(text string) fhir.Coding {
	code, name, _ := strings.Cut(text, "/")
	return fhir.Coding{System: nhs.CSSNOMED, Code: code, Display: name}
}

// amountIn is a quantity in a unit that is named; "" for a bare number.
func amountIn(value, unit string) fhir.Value {
	codes := map[string]string{"tablet": "428673006", "tablets": "732936001", "capsule": "428641000", "ml": "258773002"}
	if unit == "" {
		return fhir.Obj("value", fhir.Raw(value))
	}
	return fhir.Obj("value", fhir.Raw(value), "unit", unit, "system", nhs.CSSNOMED, "code", codes[unit])
}

// notify sends a notification as another system would write it.
// originalRecord is a record of a paper original: its day, its number,
// "unchecked", and its form, with commas between.
func originalRecord(spec string) []any {
	f := append(strings.Split(spec, ","), "", "", "")
	if f[3] == "" {
		f[3] = "FP10PCD"
	}
	return []any{"form:Code", f[3], "received:Date", f[0], "signatureChecked:Boolean", f[2] != "unchecked", "prescriberNumber", f[1]}
}

// personOf is a pharmacist whom the server knows by the roles in their token, of the
// site or of another organisation: "7654321", "7654321@FA553"; "" for nobody.
func personOf(text string) fhir.Principal {
	if text == "" {
		return fhir.Principal{}
	}
	id, org, ok := strings.Cut(text, "@")
	if !ok {
		org = testSite.ODS
	}
	return fhir.Principal{Agent: "sds-user-id|" + id, Display: "Person " + id, OnBehalf: org, Roles: []string{"pharmacist"}}
}

// queriesOf are the CommunicationRequests of a prescription, the newest first.
func (w *world) queriesOf(order string) []*fhir.Resource {
	list := w.find("CommunicationRequest", nhs.Query("group-identifier", nhs.IDOrder, order))
	slices.SortStableFunc(list, func(a, b *fhir.Resource) int {
		return strings.Compare(b.Get("authoredOn").Text(), a.Get("authoredOn").Text())
	})
	return list
}

// answer writes a Communication on the newest query of a prescription.
func (st *stage) answer(order, from string) error {
	if from == "" {
		from = st.execution(order).Sender.ID
	}
	query := st.queriesOf(order)[0]
	r := fhir.Obj("resourceType", "Communication", "status", "completed", "basedOn", fhir.List(fhir.Obj("reference", "CommunicationRequest/"+query.ID())),
		"sender", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, from)), "payload", fhir.List(fhir.Obj("contentString", "Yes."))).Resource()
	_, err := st.db.Commit(st.ctx, &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Create, Type: "Communication", Resource: r}}, Time: st.now, Requester: fhir.Principal{Agent: "client-" + from, OnBehalf: from}})
	if err != nil {
		return err
	}
	head := st.db.Head()
	require.Eventually(st.t, func() bool { return st.loop.Lag(head) == 0 }, 5*time.Second, time.Millisecond)
	return nil
}

// items are the parameter item for each item that is named by its place.
func (st *stage) items(s epstest.Script, places []string) (pairs []any) {
	for _, place := range places {
		i, _ := strconv.Atoi(place)
		number := "no-such-item"
		if i < len(s.Items) {
			number = s.Items[i].Number
		}
		pairs = append(pairs, "item", number)
	}
	return pairs
}

func (st *stage) notify(s epstest.Script, when string, specs []string) (*fhir.Reply, error) {
	return st.send(st.notification(s, when, specs))
}

// supply writes the supplies that a notification would tell of as resources, by hand.
func (st *stage) supply(s epstest.Script, when string, specs []string) error {
	tx := &fhir.Transaction{Time: st.now}
	m := st.notification(s, when, specs)
	for e := range m.Get("entry").Items() {
		if n := e.Get("resource"); n.Get("resourceType").Text() == "MedicationDispense" {
			r, err := fhir.Parse(bytes.ReplaceAll(m.Sub(n).JSON(), []byte(`"reference":"`+epstest.OrgURL), []byte(`"display":"`))) // it is not in this transaction
			require.NoError(st.t, err)
			tx.Changes = append(tx.Changes, fhir.Change{Method: fhir.Create, Type: "MedicationDispense", Resource: r})
		}
	}
	_, err := st.db.Commit(st.ctx, tx)
	return err
}

// notification is the message that tells of supplies.
func (st *stage) notification(s epstest.Script, when string, specs []string) *fhir.Resource {
	if when == "" {
		when = nhs.Stamp(st.now)
	}
	id, number := uuid.NewString(), ""
	if number = id; len(specs) > 0 && strings.HasPrefix(specs[0], "same") {
		number, specs = s.Order, specs[1:]
	}
	header := []any{"resourceType", "MessageHeader", "eventCoding", nhs.CodingValue(nhs.Coding(nhs.CSEvent, "dispense-notification")),
		"sender", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, "VNE51")), "source", fhir.Obj("endpoint", "urn:nhs-uk:addressing:ods:VNE51")}
	entries := []any{}
	for i, spec := range specs {
		if spec == "amend" {
			x, _ := issueWith(st.db.State(st.ctx), s.Order, "")
			for issue := x.Issue; issue > 0 && x.lastSupply().id == ""; issue-- {
				v, _ := st.db.State(st.ctx).Current("Task", TaskID(s.Order, issue))
				x, _ = readTask(st.db.State(st.ctx), v)
			}
			header = append(header, "extension", fhir.List(fhir.Obj("url", nhs.ExtReplacement, "valueIdentifier", nhs.IdentifierValue(nhs.IDUUID, x.lastSupply().id))))
			continue
		}
		f := append(strings.Split(spec, ":"), "", "", "", "", "")
		if f[2] == "" {
			f[2] = "0"
		}
		n, _ := strconv.Atoi(f[0])
		medicine := fhir.Obj("text", s.Items[n].Name)
		if f[6] != "" {
			medicine = nhs.Concept(productOf(f[6]))
		}
		unit := cmp.Or(f[4], s.Items[n].Counted(), "tablet")
		var reason fhir.Value
		if f[5] != "" {
			reason = prescription.Supply{Difference: f[5]}.Stated()
		}
		business := "0006"
		if f[3] != "" {
			business = f[3]
		}
		entries = append(entries, fhir.Obj("fullUrl", fmt.Sprintf("urn:uuid:%s", uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%s%d", id, i))), "resource", fhir.Obj(
			"resourceType", "MedicationDispense",
			"contained", fhir.List(fhir.Obj("resourceType", "PractitionerRole", "id", "performer", "practitioner", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDUser, "1")), "organization", fhir.Obj("reference", epstest.OrgURL)),
				fhir.Obj("resourceType", "MedicationRequest", "id", "m1", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDItem, s.Items[n].Number)), "status", "active", "intent", "order",
					"subject", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDNHS, s.NHSNumber)), "medicationCodeableConcept", fhir.Obj("text", s.Items[n].Name), "groupIdentifier", nhs.IdentifierValue(nhs.IDOrder, s.Order))),
			"extension", fhir.List(fhir.Obj("url", nhs.ExtBusinessStatus, "valueCoding", nhs.CodingValue(nhs.Coding(nhs.CSBusinessStatus, business))), st.taken.Element()),
			"identifier", fhir.List(nhs.IdentifierValue(nhs.IDDispense, uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%s%d%d", number, n, i*epstest.Btoi(number == id))).String())),
			"status", "completed", "statusReasonCodeableConcept", reason, "medicationCodeableConcept", medicine,
			"subject", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDNHS, s.NHSNumber)),
			"performer", fhir.List(fhir.Obj("actor", fhir.Obj("reference", "#performer"))),
			"authorizingPrescription", fhir.List(fhir.Obj("reference", "#m1")),
			"type", nhs.Concept(nhs.Coding(nhs.CSLineStatus, f[1])),
			"quantity", amountIn(f[2], unit),
			"whenHandedOver", when, "dosageInstruction", fhir.List(fhir.Obj("text", "as before")))))
	}
	org := fhir.Obj("fullUrl", epstest.OrgURL, "resource", fhir.Obj("resourceType", "Organization", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDODS, "VNE51")), "name", "The Simple Pharmacy",
		"extension", fhir.List(fhir.Obj("url", nhs.ExtODS, "extension", fhir.List(fhir.Obj("url", "reimbursementAuthority", "valueIdentifier", nhs.IdentifierValue(nhs.IDODS, "T1450")))))))
	all := append([]any{fhir.Obj("fullUrl", epstest.HeaderURL, "resource", fhir.Obj(header...))}, append(entries, org)...)
	return fhir.Obj("resourceType", "Bundle", "identifier", nhs.IdentifierValue(nhs.IDUUID, id), "type", "message", "timestamp", nhs.Stamp(st.now), "entry", fhir.List(all...)).Resource()
}

// taskOf writes a return or withdrawal.
func (st *stage) taskOf(s epstest.Script, status, system, code, focus string) *fhir.Resource {
	what := "fulfill"
	if status == "in-progress" {
		what = "abort"
	}
	return fhir.Obj("resourceType", "Task",
		"contained", fhir.List(
			fhir.Obj("resourceType", "PractitionerRole", "id", "requester", "practitioner", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDUser, "7654321"), "display", "Peter Potion"), "organization", fhir.Obj("reference", "#organization")),
			fhir.Obj("resourceType", "Organization", "id", "organization", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDODS, "VNE51")))),
		"identifier", fhir.List(nhs.IdentifierValue(nhs.IDUUID, uuid.NewString())),
		"groupIdentifier", nhs.IdentifierValue(nhs.IDOrder, s.Order), "status", status, "statusReason", nhs.Concept(nhs.Coding(system, code)), "intent", "order",
		"code", nhs.Concept(fhir.Coding{System: nhs.CSTaskCode, Code: what}), "focus", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDUUID, focus)),
		"for", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDNHS, s.NHSNumber)), "authoredOn", nhs.Stamp(st.now), "requester", fhir.Obj("reference", "#requester")).Resource()
}

// tell writes what came of a command: the refusal or the answer's code, and
// where the prescription stands.
func (st *stage) tell(n int, reply *fhir.Reply, err error) string {
	var b strings.Builder
	var known *fhir.Error
	switch {
	case errors.As(err, &known):
		for _, i := range known.Issues {
			fmt.Fprintf(&b, "refused %s %s %s: %s\n", i.Rule, i.Code, i.Details.Code, st.mask(i.Text()))
		}
	case err != nil:
		fmt.Fprintf(&b, "failed %v\n", err)
	case reply != nil && reply.Resource != nil:
		if code := answerOf(reply.Resource); code != "" {
			fmt.Fprintf(&b, "answer %s refused=%v\n", code, reply.Refused)
		}
		if c := reply.Resource.Get("issue").Get("details").Get("coding").Get("code").Text(); c != "" {
			fmt.Fprintf(&b, "answer %s refused=%v\n", c, reply.Refused)
		}
		if passed := message.Parameter(reply.Resource, "passedPrescriptions"); passed.Exists() {
			fmt.Fprintf(&b, "released %s\n", passed.Path("resource", "total").Text())
		}
	}
	s, ok := st.scripts[n]
	if !ok {
		return b.String()
	}
	for issue := 1; ; issue++ {
		v, err := st.db.State(st.ctx).Current("Task", TaskID(s.Order, issue))
		require.NoError(st.t, err)
		if v == nil || v.Deleted() {
			break
		}
		x, err := readTask(st.db.State(st.ctx), v)
		require.NoError(st.t, err)
		if issue > 1 || x.Issues > 1 {
			fmt.Fprintf(&b, "issue %d of %d: ", issue, x.Issues)
		}
		fmt.Fprintf(&b, "%s owner=%s\n", x.State, x.Owner.ID)
		for e := range x.resource.Get("extension").Items() {
			if e.Get("url").Text() == nhs.ExtOwnOriginal {
				fmt.Fprintf(&b, "original supplied %s\n", e.Get("valueDate").Text())
			}
		}
		for i := range x.Lines {
			l := &x.Lines[i]
			fmt.Fprintf(&b, "%d %s: %s, %s of %s, order %s", i, l.Product.Display, l.Status, l.Supplied.Value, l.Quantity.Value, x.orderFor(l).Resource.Get("status").Text())
			if l.PendingCancellation {
				b.WriteString(", to be cancelled")
			}
			b.WriteString("\n")
			for _, c := range x.Corrections {
				if nhs.SameUUID(c.Item, l.Item) {
					fmt.Fprintf(&b, "  corrected %s: %q to %q\n", c.Element, c.From, c.To)
				}
			}
			if c := x.Checked(l); c != nil {
				fmt.Fprintf(&b, "  checked %s by %s %s\n", c.Quantity.Value, c.Who.ID, strings.Repeat("alone", epstest.Btoi(c.Alone)))
			}
			if x.Approved(l) {
				b.WriteString("  approved\n")
			}
			for _, h := range x.Standing(l) {
				fmt.Fprintf(&b, "  held %s %s\n", h.Code, h.About)
			}
		}
		for note := range x.resource.Get("note").Items() {
			fmt.Fprintf(&b, "note: %s\n", note.Get("text").Text())
		}
	}
	return b.String()
}

// mask puts names in the place of random identifiers.
func (st *stage) mask(s string) string {
	for n, sc := range st.scripts {
		s = strings.ReplaceAll(s, sc.Order, fmt.Sprintf("ORDER%d", n))
		for i, item := range sc.Items {
			s = strings.ReplaceAll(s, item.Number, fmt.Sprintf("ITEM%d", i))
		}
	}
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '.' || r == ',' }) {
		if _, err := uuid.Parse(word); err == nil {
			s = strings.ReplaceAll(s, word, "UUID")
		}
	}
	return s
}

// address stores the Organization of the pharmacy.
func (st *stage) address(line string) {
	r := fhir.Obj("resourceType", "Organization", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDODS, testSite.ODS)), "name", testSite.Name,
		"address", fhir.List(fhir.Obj("line", fhir.List(line), "city", "Leeds", "postalCode", "LS2 2AA"))).Resource()
	_, err := st.db.Commit(st.ctx, &fhir.Transaction{Time: st.now, Changes: []fhir.Change{{Method: fhir.Create, Type: "Organization", Resource: r}}})
	require.NoError(st.t, err)
}

// label is what is printed of items, or of the newest supply.
func (st *stage) label(s epstest.Script, opts map[string]string, specs []string) string {
	var items []any
	call, op := st.call(nil), st.s.labelTask
	call.Params = url.Values{}
	for name, v := range opts {
		call.Params.Set(name, v)
	}
	call.ID = TaskID(s.Order, 1)
	if len(specs) == 1 && specs[0] == "supply" {
		ids, err := st.db.State(st.ctx).Newest("MedicationDispense", "status=completed", 1)
		require.NoError(st.t, err)
		call.ID, op = ids[0], st.s.labelSupply
	} else {
		for _, spec := range specs {
			f := append(strings.Split(spec, ":"), "", "")
			n, err := strconv.Atoi(f[0])
			require.NoError(st.t, err)
			number := "none"
			if n < len(s.Items) {
				number = s.Items[n].Number
			}
			var product fhir.Value
			if f[3] != "" {
				product = fhir.Obj("name", "product", "valueCoding", fhir.Obj("display", f[3]))
			}
			items = append(items, fhir.Obj("name", "item", "part", fhir.List(fhir.Obj("name", "number", "valueString", number),
				fhir.Obj("name", "quantity", "valueQuantity", fhir.Obj("value", fhir.Raw(f[1]), "unit", f[2])), product)))
		}
		call.Body = fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(items...)).Resource()
	}
	reply, err := op(st.ctx, call)
	if err != nil {
		var known *fhir.Error
		require.ErrorAs(st.t, err, &known)
		var b strings.Builder
		for _, i := range known.Issues {
			fmt.Fprintf(&b, "refused %s %s: %s\n", i.Rule, i.Code, st.mask(i.Text()))
		}
		return b.String()
	}
	var out strings.Builder
	if data := reply.Resource.Get("data"); data.Exists() {
		pdf, err := base64.StdEncoding.DecodeString(data.Text())
		require.NoError(st.t, err)
		require.True(st.t, bytes.HasPrefix(pdf, []byte("%PDF-1.")))
		fmt.Fprintf(&out, "%s of %d labels, %s\n", reply.Resource.Get("contentType").Text(), bytes.Count(pdf, []byte("/Type /Page\n")), regexp.MustCompile(`/MediaBox \[[^]]*\]`).Find(pdf))
	}
	for p := range reply.Resource.Get("parameter").Items() {
		fmt.Fprintf(&out, "%s\n  %s\n", p.Get("name").Text(), strings.ReplaceAll(message.Part(p, "text").Get("valueString").Text(), "\n", "\n  "))
	}
	return out.String()
}
