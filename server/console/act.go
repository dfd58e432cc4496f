package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/server/page"
	"github.com/pestle-fhir/pestle/server/page/markup"
)

// act is an operation that a screen offers. What it takes is what the operation declares.
type act struct {
	op, typ string
	words   string // on its button
	key     string // in the list of a queue
	done    string // what is said when it is done
	when    []string
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
	{op: "mitigate", typ: "DetectedIssue", words: "Say what was done", done: "What was done is recorded."},
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
	return address(map[string]string{"Task": "task", "DetectedIssue": "issue", "Patient": "patient", "Claim": "money", "Basic": "register"}[typ], id, op)
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

// buttonsOf are the acts that the role may do with a prescription as it is now. Approving
// is done at once where there is nothing to answer: no hold, no open clinical issue, and
// nothing of a controlled drug.
func (v *visit) buttonsOf(r *review, task fhir.Node) {
	clean := len(r.Holds) == 0 && !slices.ContainsFunc(r.Issues, func(f finding) bool { return f.Mitigated == "" }) && !slices.ContainsFunc(r.Items, func(i reviewed) bool { return i.Schedule != "" })
	for _, a := range acts {
		if a.typ != "Task" || !slices.Contains(a.when, task.Get("status").Text()) || !v.acts("Task/$"+a.op) || v.operation(a.typ, a.op) == nil {
			continue
		}
		b := button{Op: a.op, Words: a.words, Key: a.key, Href: actAddress("Task", r.Task, a.op) + "?" + values("back", r.Back)}
		if a.op == "accept" || a.op == "approve" && clean {
			b.At = actAddress("Task", r.Task, a.op)
		} else if a.op == "approve" {
			b.Words = "Approve…"
		}
		r.Buttons = append(r.Buttons, b)
	}
	sorting.Stably(r.Buttons, func(a, b button) int { // those with a key first
		return strings.Compare(map[bool]string{true: "b"}[a.Key == ""], map[bool]string{true: "b"}[b.Key == ""])
	})
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

// form is the page of an act: what its operation takes, to be filled in.
type form struct {
	Heading, Doc string
	Action       string
	Version      string // of the resource that was looked at
	Back         string
	Fields       []field
	Problem      string // why nothing was done
	Issues       []issue
	Changed      string // where what has changed meanwhile is shown
}

// field is a control, or a group of them.
type field struct {
	Name, Label, Hint string
	Kind              string // text, long, date, number, box, choice, boxes, group
	Value             string
	Required          bool
	Choices           []choice
	Parts             []field
}

// choice is one of several.
type choice struct {
	Value, Words string
	Chosen       bool
}

func (f *form) title() string {
	if f.Problem != "" {
		return "Error: " + f.Heading
	}
	return f.Heading
}

func (f *form) write(w *markup.Writer) {
	w.HTML("<h1>").Text(f.Heading).HTML("</h1>\n")
	if f.Problem != "" {
		w.HTML(`<div class="problem" role="alert" tabindex="-1" id="problem"><h2>There is a problem</h2><p>`).Text(f.Problem).HTML("</p>\n")
		issues(w, f.Issues)
		if f.Changed != "" {
			w.HTML("<p><a").Attr("href", f.Changed).HTML(">Look at what is there now</a></p>\n")
		}
		w.HTML("</div>\n")
	}
	w.HTML("<p>").Text(f.Doc).HTML("</p>\n<form class=\"act\" method=\"post\"").Attr("action", f.Action).HTML(">\n")
	hidden(w, "version", f.Version)
	hidden(w, "back", f.Back)
	for i := range f.Fields {
		f.Fields[i].write(w, "f"+strconv.Itoa(i))
	}
	w.HTML(`<p class="answers"><button class="primary">`).Text(f.Heading).HTML(` <kbd>Ctrl Enter</kbd></button> <a data-back="1"`).Attr("href", f.Back).HTML(">Back <kbd>Esc</kbd></a></p>\n</form>\n")
}

// write writes a control under an id.
func (f *field) write(w *markup.Writer, id string) {
	hint := id + "-hint"
	described := func() {
		w.Attr("id", id).Attr("name", f.Name)
		if f.Hint != "" {
			w.Attr("aria-describedby", hint)
		}
		if f.Required {
			w.HTML(" required")
		}
	}
	label := func() {
		w.HTML("<p><label").Attr("for", id).HTML(">").Text(f.Label)
		if !f.Required {
			w.HTML(` <span class="soft">(optional)</span>`)
		}
		w.HTML("</label>")
		if f.Hint != "" {
			w.HTML("<br><span class=\"soft\"").Attr("id", hint).HTML(">").Text(f.Hint).HTML("</span>")
		}
		w.HTML("<br>")
	}
	switch f.Kind {
	case "group":
		w.HTML("<fieldset><legend>").Text(f.Label).HTML("</legend>\n")
		for i := range f.Parts {
			f.Parts[i].write(w, id+"-"+strconv.Itoa(i))
		}
		w.HTML("</fieldset>\n")
	case "boxes":
		w.HTML("<fieldset><legend>").Text(f.Label).HTML("</legend>\n")
		if f.Hint != "" {
			w.HTML("<p class=\"soft\">").Text(f.Hint).HTML("</p>\n")
		}
		for i, c := range f.Choices {
			id := id + "-" + strconv.Itoa(i)
			w.HTML("<p><input type=\"checkbox\"").Attr("id", id).Attr("name", f.Name).Attr("value", c.Value)
			if c.Chosen {
				w.HTML(" checked")
			}
			w.HTML("> <label").Attr("for", id).HTML(">").Text(c.Words).HTML("</label></p>\n")
		}
		w.HTML("</fieldset>\n")
	case "box":
		w.HTML("<p><input type=\"checkbox\" value=\"true\"").Attr("id", id).Attr("name", f.Name)
		if f.Value == "true" {
			w.HTML(" checked")
		}
		w.HTML("> <label").Attr("for", id).HTML(">").Text(f.Label).HTML("</label>")
		if f.Hint != "" {
			w.HTML("<br><span class=\"soft\">").Text(f.Hint).HTML("</span>")
		}
		w.HTML("</p>\n")
	case "choice":
		label()
		w.HTML("<select")
		described()
		w.HTML(">\n<option value=\"\">Choose</option>\n")
		for _, c := range f.Choices {
			w.HTML("<option").Attr("value", c.Value)
			if c.Chosen || c.Value == f.Value && f.Value != "" {
				w.HTML(" selected")
			}
			w.HTML(">").Text(c.Words).HTML("</option>\n")
		}
		w.HTML("</select></p>\n")
	case "long":
		label()
		w.HTML("<textarea rows=\"4\"")
		described()
		w.HTML(">\n").Text(f.Value).HTML("</textarea></p>\n")
	case "date":
		label()
		w.HTML("<input type=\"date\"")
		described()
		w.Attr("value", f.Value).HTML("></p>\n")
	default:
		label()
		w.HTML("<input autocomplete=\"off\"")
		if f.Kind == "number" {
			w.HTML(` inputmode="decimal"`)
		}
		described()
		w.Attr("value", f.Value).HTML("></p>\n")
	}
}

// acting is an act on a resource, with what it is about.
type acting struct {
	*act
	op   *fhir.Operation
	id   string    // of the resource, or a month
	org  string    // whose month
	task fhir.Node // of a prescription, where the act is on one
	form url.Values
}

func (v *visit) actForm() (view, error) {
	a, err := v.acting(v.r.URL.Query())
	if err != nil {
		return nil, err
	}
	f := v.formOf(a)
	if f.Version = a.version(); v.at() != "" {
		return nil, &problem{status: http.StatusForbidden, heading: "Nothing is done in the past", message: "Look at what is now first."}
	}
	return f, nil
}

// version is that of the Task that the form is made from, "" where the act is on another.
func (a *acting) version() string { return a.task.Path("meta", "versionId").Text() }

// acting finds the act that an address names, and what it is about.
func (v *visit) acting(values url.Values) (*acting, error) {
	typ := map[string]string{"task": "Task", "issue": "DetectedIssue", "patient": "Patient", "money": "Claim", "register": "Basic"}[strings.Split(strings.TrimPrefix(v.r.URL.Path, page.ConsolePath+"/"), "/")[0]]
	a := &acting{act: actOf(typ, v.r.PathValue("act")), id: v.r.PathValue("id"), org: v.person.Organisation, form: values}
	if a.act == nil {
		return nil, &problem{status: http.StatusNotFound, heading: "There is no such act", message: "The address is not one of the console."}
	}
	if a.op = v.operation(typ, a.act.op); a.op == nil || !v.acts(typ+"/$"+a.act.op) {
		return nil, &problem{status: http.StatusForbidden, heading: "This is not for your role", message: "Somebody with another role does it: docs/access.md lists who may do what."}
	}
	if typ == "Task" {
		answers, err := v.read(v.one("Task", a.id))
		if err != nil {
			return nil, err
		}
		if !answers[0].ok() {
			return nil, refusedBy(answers[0])
		}
		a.task = answers[0].resource.Root()
	}
	return a, nil
}

// backOf is where an act leads: to a page of the console, by default that of what it is on.
func (a *acting) backOf() string {
	if back := a.form.Get("back"); page.MayReturn(back) {
		return back
	}
	if a.typ == "Task" {
		return address("task", a.id)
	}
	switch a.typ {
	case "Patient":
		return address("patient", a.id)
	case "Claim":
		return address("money", a.id)
	case "Basic":
		return address("register")
	}
	return page.ConsolePath
}

func (v *visit) formOf(a *acting) *form {
	f := &form{Heading: strings.TrimSuffix(a.words, "…"), Doc: a.op.Doc, Action: actAddress(a.typ, a.id, a.act.op), Version: a.form.Get("version"), Back: a.backOf()}
	for _, p := range a.op.Parameters {
		if x := v.fieldOf(a, p, ""); x.Kind != "" && !slices.Contains(a.leave, p.Name) {
			f.Fields = append(f.Fields, x)
		} else if len(x.Parts) > 0 {
			f.Fields = append(f.Fields, x.Parts...)
		}
	}
	return f
}

// kindOf is how a parameter is asked for, by its FHIR type; "" where it is not.
func kindOf(p *fhir.Parameter) string {
	for _, kind := range p.Kinds {
		switch kind {
		case "valueString", "valueUri":
			if slices.Contains([]string{"reason", "question", "note", "schedule"}, p.Name) {
				return "long"
			}
			return "text"
		case "valueCode", "valueCoding":
			return "choice"
		case "valueBoolean":
			return "box"
		case "valueDate":
			return "date"
		case "valueQuantity", "valueMoney":
			return "number"
		}
	}
	return ""
}

// fieldOf is the control for a parameter. An item is a group for each item of the
// prescription, or a box for each.
func (v *visit) fieldOf(a *acting, p fhir.Parameter, within string) field {
	name := within + p.Name
	f := field{Name: name, Label: labelOf(p.Name), Hint: p.Doc, Kind: kindOf(&p), Value: a.form.Get(name), Required: p.Required && p.Name != "item"}
	switch {
	case p.Name == "item" && slices.Contains(p.Kinds, "part"):
		f.Kind = ""
		for n, item := range itemNames(a.task) {
			group := field{Kind: "group", Label: item.Value, Name: "item." + strconv.Itoa(n)}
			for _, part := range p.Parts {
				if part.Name == "number" {
					continue
				}
				x := v.fieldOf(a, part, "item."+strconv.Itoa(n)+".")
				if x.Required = false; x.Kind != "" && part.Name != "endorsement" && part.Name != "product" && part.Name != "protocol" {
					group.Parts = append(group.Parts, x)
				}
			}
			f.Parts = append(f.Parts, group)
		}
	case slices.Contains(p.Kinds, "part"):
		f.Kind = "group"
		for _, part := range p.Parts {
			if x := v.fieldOf(a, part, p.Name+"."); x.Kind != "" {
				f.Parts = append(f.Parts, x)
			}
		}
	case p.Name == "item" && len(itemNames(a.task)) > 0:
		f.Kind, f.Label, f.Hint = "boxes", "Items", "With none chosen, everything that is outstanding is meant."
		for _, item := range itemNames(a.task) {
			f.Choices = append(f.Choices, choice{item.Name, item.Value, slices.Contains(a.form["item"], item.Name)})
		}
	case f.Kind == "choice":
		list := v.config.Codes(a.typ+"/$"+a.act.op, p.Name)
		coding := !slices.Contains(p.Kinds, "valueCode")
		for _, c := range list {
			value := c.Code
			if coding {
				value = c.System + "|" + c.Code
			}
			f.Choices = append(f.Choices, choice{Value: value, Words: strings.TrimSpace(c.Display + " (" + c.Code + ")")})
		}
		if len(list) == 0 {
			f.Kind = "text"
		}
		if p.Name == "hold" && f.Value != "" {
			f.Choices = []choice{{f.Value, f.Value, true}}
			f.Kind = "choice"
		}
	}
	return f
}

// labels are names of parameters as people say them.
var labels = map[string]string{
	"hold": "Why", "reason": "Reason", "note": "Note", "all": "Everything that is outstanding, in full", "bag": "Into the bag, to be", "whenHandedOver": "Handed over", "exemptionEvidence": "Evidence of the exemption",
	"collectorName": "Name of who collects", "collectorAddress": "Address of who collects", "collector": "Who collects", "identityRequested": "Proof of identity was asked for", "identityProvided": "Proof of identity was shown",
	"newPrescription": "Ask to cancel and prescribe anew", "signatureChecked": "The form and its signature were compared", "prescriberNumber": "Number of the prescriber", "scan": "Scan of the pack", "expected": "Expected on",
	"notDispensed": "Not dispensed at all, because", "received": "Received on", "about": "About",
}

func labelOf(name string) string {
	if l := labels[name]; l != "" {
		return l
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// do carries an act out on the version that was looked at, and leads back.
func (v *visit) do() (view, error) {
	a, err := v.acting(v.form)
	if err != nil {
		return nil, err
	}
	header := []string{}
	if version := v.form.Get("version"); a.typ == "Task" && a.op.Versioned {
		if version == "" {
			return nil, &problem{status: http.StatusBadRequest, heading: "Nothing was done", message: "The form does not say which version it is about."}
		}
		header = append(header, "If-Match", `W/"`+strings.Map(digitsOnly, version)+`"`)
	}
	body := a.parameters()
	at := a.typ + "/" + a.id
	if !a.op.Instance {
		at = a.typ
	}
	answer, err := v.ask(http.MethodPost, at+"/$"+a.act.op, body, header...)
	if err != nil {
		return nil, err
	}
	if answer.status < 300 {
		back, sep := a.backOf(), "?"
		if strings.Contains(back, "?") {
			sep = "&"
		}
		return nil, &elsewhere{back + sep + values("done", a.act.op)}
	}
	refused := refusedBy(answer)
	f := v.formOf(a)
	f.Problem = refused.heading + ". " + refused.message
	if answer.status == http.StatusPreconditionFailed {
		f.Version, f.Changed = a.version(), f.Back // sent again, it is about what is there now
	}
	if answer.resource != nil {
		for i := range answer.resource.Get("issue").Items() {
			f.Issues = append(f.Issues, issueOf(i))
		}
	}
	v.status = answer.status
	return f, nil
}

func digitsOnly(r rune) rune {
	if r >= '0' && r <= '9' {
		return r
	}
	return -1
}

// parameters are what the form says, as the operation declares it; nil where it says nothing.
func (a *acting) parameters() []byte {
	var list []any
	for _, p := range a.op.Parameters {
		if a.typ == "Claim" && p.Name == "month" {
			list = append(list, fhir.Obj("name", "month", "valueString", a.id))
		}
		if (a.typ == "Claim" || a.typ == "Basic") && p.Name == "org" {
			list = append(list, fhir.Obj("name", "org", "valueString", a.org))
		}
		if slices.Contains(a.leave, p.Name) {
			continue
		}
		if p.Name == "item" && slices.Contains(p.Kinds, "part") {
			for n, item := range itemNames(a.task) {
				parts := []any{fhir.Obj("name", "number", "valueString", item.Name)}
				for _, part := range p.Parts {
					if value := a.value(part, "item."+strconv.Itoa(n)+"."+part.Name); part.Name != "number" && !value.IsZero() {
						parts = append(parts, value)
					}
				}
				if len(parts) > 1 {
					list = append(list, fhir.Obj("name", "item", "part", fhir.List(parts...)))
				}
			}
			continue
		}
		if slices.Contains(p.Kinds, "part") {
			var parts []any
			for _, part := range p.Parts {
				parts = append(parts, a.value(part, p.Name+"."+part.Name))
			}
			if all := fhir.List(parts...); !all.IsZero() {
				list = append(list, fhir.Obj("name", p.Name, "part", all))
			}
			continue
		}
		if p.Name == "item" {
			for _, item := range a.form["item"] {
				if item != "" {
					list = append(list, fhir.Obj("name", "item", "valueString", item))
				}
			}
			continue
		}
		list = append(list, a.value(p, p.Name))
	}
	all := fhir.List(list...)
	if all.IsZero() {
		return nil
	}
	return fhir.Obj("resourceType", "Parameters", "parameter", all).JSON()
}

// value is a parameter as the form has it, nothing where it was left empty.
func (a *acting) value(p fhir.Parameter, name string) fhir.Value {
	text := strings.TrimSpace(a.form.Get(name))
	if text == "" || len(p.Kinds) == 0 {
		return fhir.Value{}
	}
	switch kindOf(&p) {
	case "box":
		return fhir.Obj("name", p.Name, "valueBoolean", text == "true")
	case "number":
		minus := ""
		if rest, less := strings.CutPrefix(text, "-"); less {
			text, minus = rest, "-"
		}
		if strings.Trim(text, "0123456789.") != "" || strings.Count(text, ".") > 1 || strings.Trim(text, ".") == "" {
			return fhir.Obj("name", p.Name, "valueString", text) // which the server refuses, and says why
		}
		text = strings.TrimLeft(text, "0")
		if text == "" || text[0] == '.' {
			text = "0" + text
		}
		return fhir.Obj("name", p.Name, "valueQuantity", fhir.Obj("value", fhir.Raw(minus+strings.TrimSuffix(text, "."))))
	case "choice":
		if !slices.Contains(p.Kinds, "valueCode") {
			system, code, _ := strings.Cut(text, "|")
			return fhir.Obj("name", p.Name, "valueCoding", fhir.Obj("system", system, "code", code))
		}
		return fhir.Obj("name", p.Name, "valueCode", text)
	case "date":
		return fhir.Obj("name", p.Name, "valueDate", text)
	case "":
		return fhir.Value{}
	}
	return fhir.Obj("name", p.Name, "valueString", text)
}
