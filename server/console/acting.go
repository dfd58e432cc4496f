package console

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/page"
)

// acting is an act on a resource, with what it is about.
type acting struct {
	*act
	op   *fhir.Operation
	door string    // by which it is come to: task
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
	f := v.formOf(a, rand.Text())
	if f.Version = a.version(); v.at() != "" {
		return nil, &problem{status: http.StatusForbidden, heading: "Nothing is done in the past", message: "Look at what is now first."}
	}
	return f, nil
}

// version is that of the Task that the form is made from, "" where the act is on another.
func (a *acting) version() string { return a.task.Path("meta", "versionId").Text() }

// doorTypes are the types on which acts are, by the step of the address after the console's.
var doorTypes = map[string]string{"task": "Task", "alert": "Task", "issue": "DetectedIssue", "patient": "Patient", "money": "Claim", "register": "Basic", "stock": "Basic", "waiting": "SupplyRequest"}

// acting finds the act that an address names, and what it is about.
func (v *visit) acting(values url.Values) (*acting, error) {
	door, _, _ := strings.Cut(strings.TrimPrefix(v.r.URL.Path, page.ConsolePath+"/"), "/")
	typ := doorTypes[door]
	a := &acting{act: actOf(typ, v.r.PathValue("act")), id: v.r.PathValue("id"), org: v.person.Organisation, form: values}
	if a.act == nil {
		return nil, &problem{status: http.StatusNotFound, heading: "There is no such act", message: "The address is not one of the console."}
	}
	if a.op = v.operation(typ, a.act.op); a.op == nil || !v.acts(typ+"/$"+a.act.op) {
		return nil, &problem{status: http.StatusForbidden, heading: "This is not for your role", message: "Somebody with another role does it: docs/access.md lists who may do what."}
	}
	if a.door = door; door == "task" {
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
	if a.door == "task" {
		return address("task", a.id)
	}
	switch a.typ {
	case "Task":
		return address("alerts")
	case "Patient":
		return address("patient", a.id)
	case "Claim":
		return address("money", a.id)
	case "Basic":
		return address(a.door)
	case "SupplyRequest":
		return address("stock")
	}
	return page.ConsolePath
}

// do carries an act out on the version that was looked at, and leads back.
func (v *visit) do() (view, error) {
	a, err := v.acting(v.form)
	if err != nil {
		return nil, err
	}
	header := []string{}
	if version := v.form.Get("version"); a.door == "task" && a.op.Versioned {
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
	once := v.form.Get("once")
	if once == "" || len(once) > 64 || strings.Trim(once, onceDigits) != "" {
		once = rand.Text()
	}
	header = append(header, "Idempotency-Key", once)
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
	switch {
	case answer.status >= 500:
		refused.heading, refused.message = "The server did not answer as it should", "It is not known whether it was done. Send it again: it is done once."
	case answer.status == http.StatusUnauthorized || answer.status == http.StatusTooManyRequests:
		// it was not looked at, and says nothing of a form that was sent before
	default:
		once = rand.Text() // an answer to what was sent: the next is another act
	}
	f := v.formOf(a, once)
	f.Problem = refused.heading + ". " + refused.message
	if answer.status == http.StatusPreconditionFailed {
		f.Version, f.Changed = a.version(), f.Back // sent again, it is about what is there now
	}
	if answer.resource != nil {
		for i := range answer.resource.Get("issue").Items() {
			x := issueOf(i)
			x.Field = a.fieldAt(body, i.Get("expression").Item(0).Text())
			f.Issues = append(f.Issues, x)
			if f.Remedy.Href == "" {
				f.Remedy = v.remedyOf(x.Rule)
			}
		}
		f.blame()
	}
	v.status = answer.status
	return f, nil
}

// onceDigits are those of what [rand.Text] returns.
const onceDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

func digitsOnly(r rune) rune {
	if r >= '0' && r <= '9' {
		return r
	}
	return -1
}
