package console

import (
	"cmp"
	"net/url"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
)

// act is an operation that a screen offers. What it takes is what the operation declares.
type act struct {
	op, typ string
	words   string // on its button
	key     string // in the list of a queue
	done    string // what is said when it is done
	when    []string
	doc     string   // what is said of it, "" for what the operation says
	leave   []string // parameters that the form does not ask for
}

// States of the Task of a prescription in which an act is offered; the server decides.
var (
	notTaken = []string{"requested", "ready"}
	taken    = []string{"accepted", "in-progress"}
	anytime  = []string{"requested", "ready", "accepted", "in-progress", "completed", "failed"}
)

var acts = []act{
	{op: "accept", typ: "Task", words: "Take up", key: "T", done: "Taken up.", when: notTaken},
	{op: "approve", typ: "Task", words: "Approve", key: "A", done: "Approved.", when: taken},
	{op: "reject", typ: "Task", words: "Reject…", key: "R", done: "Rejected.", when: taken},
	{op: "query", typ: "Task", words: "Ask the clinic…", key: "Q", done: "The clinic is asked.", when: taken},
	{op: "hold", typ: "Task", words: "Hold…", key: "H", done: "Held.", when: anytime[:4]},
	{op: "record-original", typ: "Task", words: "Record the paper original…", done: "The original is recorded.", when: anytime[:4]},
	{op: "check", typ: "Task", words: "Second check…", key: "S", done: "The second check is recorded.", when: taken, leave: []string{"alone"}},
	{op: "dispense", typ: "Task", words: "Dispense…", key: "D", done: "Dispensed.", when: taken, leave: []string{"whenHandedOver"}},
	{op: "hand-over", typ: "Task", words: "Hand over…", done: "Handed over.", when: taken, leave: []string{"whenHandedOver"}},
	{op: "dispatch", typ: "Task", words: "Give to a courier…", done: "The courier has it.", when: taken},
	{op: "fail-delivery", typ: "Task", words: "Delivery failed…", done: "The attempt is recorded.", when: taken},
	{op: "put-back", typ: "Task", words: "Put back…", done: "It is put back.", when: anytime[2:]},
	{op: "owe", typ: "Task", words: "Owe…", done: "What is owed is recorded.", when: taken},
	{op: "return", typ: "Task", words: "Return…", done: "Returned.", when: []string{"accepted", "failed"}},
	{op: "withdraw", typ: "Task", words: "Withdraw the last supply…", done: "Withdrawn.", when: []string{"in-progress", "completed"}},
	{op: "complete-claim", typ: "Task", words: "Complete the claim…", done: "The claim is completed.", when: []string{"completed"}},
	{op: "release-hold", typ: "Task", words: "Release a hold…", done: "The hold is released."},
	{op: "note", typ: "Task", words: "Note…", done: "The note is recorded.", when: anytime},
	{op: "note", typ: "Patient", words: "Note…", done: "The note is recorded."},
	{op: "request-payment", typ: "Task", words: "Send the payment page…", done: "The page is open again.", when: taken},
	{op: "close-month", typ: "Claim", words: "Close the month…", done: "It is asked for, or closed: another person confirms what the first has asked for.", leave: []string{"month", "org"}},
	{op: "payments", typ: "Claim", words: "Report a payment…", done: "The payment is recorded and matched.", leave: []string{"month", "org", "run"}},
	{op: "settle-difference", typ: "Claim", words: "Decide on a difference…", done: "The decision is recorded."},
	{op: "reprice", typ: "Claim", words: "Price again…", done: "The claims are priced again.", leave: []string{"month"}},
	{op: "papers-sent", typ: "Claim", words: "Papers were sent…", done: "It is recorded what was sent.", leave: []string{"month", "org"}},
	{op: "receive-stock", typ: "Basic", words: "Receive stock…", done: "The stock is entered.", leave: []string{"org"}},
	{op: "stock-check", typ: "Basic", words: "Check the stock…", done: "The count is entered.", leave: []string{"org"}},
	{op: "destroy", typ: "Basic", words: "Destroy…", done: "The destruction is entered.", leave: []string{"org"}},
	{op: "correct-register", typ: "Basic", words: "Correct…", done: "The correction is entered.", leave: []string{"org", "entry"}},
	{op: "receive-goods", typ: "Basic", words: "Receive goods…", done: "The goods are entered.", leave: []string{"org"}},
	{op: "return-goods", typ: "Basic", words: "A patient brings back…", done: "It is entered beside the stock, to be destroyed.", leave: []string{"org"}},
	{op: "count-stock", typ: "Basic", words: "Count…", done: "The count is recorded. It changes no balance: what differs is adjusted, with the reason.", leave: []string{"org"}},
	{op: "adjust-stock", typ: "Basic", words: "Adjust…", done: "The stock is adjusted.", leave: []string{"org"}},
	{op: "move-stock", typ: "Basic", words: "Move…", done: "It is moved.", leave: []string{"org"}},
	{op: "destroy-goods", typ: "Basic", words: "Destroy…", done: "The destruction is entered.", leave: []string{"org"}},
	{op: "recall-batch", typ: "Basic", words: "Recall…", done: "The recall is recorded: what is at the pharmacy is in quarantine, or the recall is over.", leave: []string{"org"}},
	{op: "clear-quarantine", typ: "Basic", words: "Clear…", done: "It is available again.", leave: []string{"org"}},
	{op: "stock-level", typ: "Basic", words: "Reorder level…", done: "The reorder level is set.", leave: []string{"org"}},
	{op: "order-goods", typ: "Basic", words: "Order…", done: "The order is recorded: goods are received against it.", leave: []string{"org"}},
	{op: "cancel-order", typ: "SupplyRequest", words: "Cancel…", done: "The order is cancelled: what was received of it stays."},
	{op: "warehouse-resume", typ: "Basic", words: "Tell the warehouse again…", done: "The warehouse is told again.", leave: []string{"org"}},
	{op: "responsible-pharmacist", typ: "Basic", words: "Responsible pharmacist…", done: "It is recorded.", leave: []string{"org"}},
	{op: "resume", typ: "SupplyRequest", words: "Decide…", done: "The order goes on as decided."},
	{op: "mitigate", typ: "DetectedIssue", words: "Say what was done", done: "What was done is recorded."},
	{op: "acknowledge-alert", typ: "Task", words: "Acknowledge…", done: "You look after it: nobody else is told."},
	{op: "dismiss-alert", typ: "Task", words: "Put aside…", done: "It is put aside until its cause was gone once."},
	{op: "break-glass", typ: "Patient", words: "Open in an emergency…", done: "The record is open to you for some minutes. It is listed to who answers for privacy."},
}

func actOf(typ, op string) *act {
	for i := range acts {
		if acts[i].typ == typ && acts[i].op == op {
			return &acts[i]
		}
	}
	return nil
}

// doneWords is what is said of an act that was done: words of ours, by its name.
func doneWords(op string) string {
	for i := range acts {
		if acts[i].op == op {
			return acts[i].done
		}
	}
	return ""
}

func actAddress(typ, id, op string) string {
	return address(map[string]string{"Task": "task", "DetectedIssue": "issue", "Patient": "patient", "Claim": "money", "Basic": "register", "SupplyRequest": "waiting"}[typ], id, op)
}

func values(pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q.Encode()
}

// nextActs are the acts by which a prescription goes on from a milestone, where no key
// stands for them: they are beside those that have one.
var nextActs = map[string][]string{"collection": {"hand-over"}, "delivery": {"dispatch"}, "in-transit": {"hand-over", "fail-delivery"}, "failed-delivery": {"dispatch", "put-back"}, "awaiting-original": {"record-original"}}

// buttonsOf are the acts that the role may do with a prescription as it is now. Approving
// is done at once where there is nothing to answer: no hold, no open clinical issue, and
// nothing of a controlled drug.
func (v *visit) buttonsOf(r *review, task fhir.Node, p *progress) {
	clean := len(r.Holds) == 0 && !slices.ContainsFunc(r.Issues, func(f finding) bool { return f.Mitigated == "" }) && !slices.ContainsFunc(r.Items, func(i reviewed) bool { return i.Schedule != "" })
	for _, a := range acts {
		if a.typ != "Task" || !slices.Contains(a.when, task.Get("status").Text()) || !v.acts("Task/$"+a.op) || v.operation(a.typ, a.op) == nil {
			continue
		}
		b := button{Op: a.op, Words: a.words, Key: a.key, Next: slices.ContainsFunc(p.items, func(t told) bool { return slices.Contains(nextActs[t.step], a.op) }), Href: actAddress("Task", r.Task, a.op) + "?" + values("back", r.Back)}
		if a.op == "accept" || a.op == "approve" && clean {
			b.At = actAddress("Task", r.Task, a.op)
		} else if a.op == "approve" {
			b.Words = "Approve…"
		}
		r.Buttons = append(r.Buttons, b)
	}
	sorting.Stably(r.Buttons, func(a, b button) int { return cmp.Compare(a.rank(), b.rank()) })
}

// rank orders buttons: what is next, those with a key, the others.
func (b *button) rank() int {
	switch {
	case b.Next:
		return 0
	case b.Key != "":
		return 1
	}
	return 2
}

// operation is what an operation declares, nil where the server has none of the name.
func (s *Server) operation(typ, op string) *fhir.Operation {
	for i := range s.config.Operations {
		if o := &s.config.Operations[i]; o.Type == typ && o.Name == op {
			return o
		}
	}
	return nil
}
