package alerts

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

const (
	csAlert    = nhs.Own + "CodeSystem/alert"               // Task.code: the id of the rule
	extMessage = nhs.Own + "StructureDefinition/alert-told" // of an alert: which receiver was told, or is to be told again
	extCount   = nhs.Own + "StructureDefinition/alert-count"
	idOver     = nhs.Own + "Id/alert-over" // of one that is resolved: pending while receivers are to be told
	extLink    = nhs.Own + "StructureDefinition/alert-link"
)

// State is how far an alert is: a status of its Task.
type State string

// The states.
const (
	Raised       State = "received"
	Acknowledged State = "in-progress"
	Aside        State = "on-hold"   // its cause goes on, and somebody decided that nothing is to be done
	Resolved     State = "completed" // its cause is gone
)

var stateNames = map[State]string{Raised: "raised", Acknowledged: "acknowledged", Aside: "put aside", Resolved: "resolved"}

// String is the state in words.
func (s State) String() string { return stateNames[s] }

// Alert is an alert as it is stored.
type Alert struct {
	ID, Rule  string
	Severity  Severity
	State     State
	Title, Do string
	Focus     string // the resource that it is about: Task/1, "" for none
	Link      string // a path of the server
	Count     int    // how many there were when it was raised; of a figure, the figure
	Raised    time.Time
	Changed   time.Time // of one that is resolved, when it was
	By        string    // who acknowledged it, or put it aside
	Note      string

	version  *fhir.Version
	resource *fhir.Resource
	told     map[string]told // by the name of the receiver
}

// told is what a receiver was told.
type told struct {
	at     time.Time // when it was told, zero while it was not
	over   time.Time // when it was told that the cause is gone, or that was given up
	failed int       // attempts
	next   time.Time // of the next attempt
	why    string
}

// cause is something that a rule found.
type cause struct {
	rule  *Rule
	focus string // of an alert for each resource
	count int
	link  string
}

func (c *cause) id() string { return pharmacy.ID("Task", "alert", c.rule.ID, c.focus) }

// read reads the Task of an alert, nil where a version is none.
func read(v *fhir.Version) (*Alert, error) {
	if v == nil || v.Type != "Task" || v.Deleted() {
		return nil, nil
	}
	r, err := v.Resource()
	if err != nil {
		return nil, err
	}
	code := nhs.CodingOf(r.Get("code"), csAlert)
	if !code.Exists() {
		return nil, nil
	}
	root := r.Root()
	a := &Alert{ID: v.ID, Rule: code.Get("code").Text(), Severity: Warning, State: State(r.Get("status").Text()), Title: r.Get("description").Text(), Do: root.Path("reasonCode", "text").Text(),
		Focus: root.Path("focus", "reference").Text(), Link: nhs.Extension(root, extLink).Get("valueString").Text(), version: v, resource: r, told: map[string]told{}}
	if r.Get("priority").Text() == "stat" {
		a.Severity = Critical
	}
	a.Count, _ = strconv.Atoi(nhs.Extension(root, extCount).Get("valueInteger").Text())
	a.Raised, _ = time.Parse(time.RFC3339, r.Get("authoredOn").Text())
	a.Changed, _ = time.Parse(time.RFC3339, r.Get("lastModified").Text())
	note := r.Get("note").Item(r.Get("note").Len() - 1)
	a.By, a.Note = note.Get("authorString").Text(), note.Get("text").Text()
	for e := range r.Get("extension").Items() {
		if e.Get("url").Text() != extMessage {
			continue
		}
		part := func(name, kind string) string { return nhs.Extension(e, name).Get(kind).Text() }
		t := told{why: part("reason", "valueString")}
		t.at, _ = time.Parse(time.RFC3339, part("told", "valueDateTime"))
		t.over, _ = time.Parse(time.RFC3339, part("over", "valueDateTime"))
		t.next, _ = time.Parse(time.RFC3339, part("next", "valueDateTime"))
		t.failed, _ = strconv.Atoi(part("failed", "valueInteger"))
		a.told[part("receiver", "valueString")] = t
	}
	return a, nil
}

// raise is the Task of a cause as it begins, or begins again over the one that there was.
func (d *Desk) raise(c *cause, was *Alert, now time.Time) fhir.Change {
	priority := "urgent"
	if c.rule.Severity == Critical {
		priority = "stat"
	}
	var focus fhir.Value
	if c.focus != "" {
		focus = fhir.Obj("reference", c.focus)
	}
	var owner fhir.Value
	if d.site != "" {
		owner = fhir.Obj("type", "Organization", "identifier", nhs.IdentifierValue(nhs.IDODS, d.site))
	}
	ext := []any{fhir.Obj("url", extCount, "valueInteger", c.count)}
	if c.link != "" {
		ext = append(ext, fhir.Obj("url", extLink, "valueString", c.link))
	}
	r := fhir.Obj("resourceType", "Task", "id", c.id(), "extension", fhir.List(ext...), "status", string(Raised), "intent", "order", "priority", priority,
		"code", nhs.Concept(fhir.Coding{System: csAlert, Code: c.rule.ID, Display: c.rule.Title}), "description", c.rule.Title, "focus", focus,
		"authoredOn", nhs.Stamp(now), "lastModified", nhs.Stamp(now), "owner", owner, "reasonCode", fhir.Obj("text", c.rule.Do)).Resource()
	change := fhir.Change{Method: fhir.Update, Type: "Task", ID: c.id(), Resource: r, IfNoneMatch: was == nil}
	if was != nil {
		change.IfMatch = was.version.VersionID
	}
	return change
}

// moved writes an alert in another state, with what somebody said of it.
func (a *Alert) moved(to State, by, note string, now time.Time) fhir.Change {
	members := []any{"status", string(to), "lastModified", nhs.Stamp(now)}
	if to == Resolved {
		members = append(members, "identifier", a.closing())
	}
	if by != "" {
		members = append(members, "note", fhir.List(fhir.Obj("authorString", by, "time", nhs.Stamp(now), "text", note)))
	}
	return fhir.Change{Method: fhir.Update, Type: "Task", ID: a.ID, Resource: fhir.Revise(a.resource, members...), IfMatch: a.version.VersionID}
}

// closing marks an alert of which a receiver that was told is to be told that its cause is
// gone.
func (a *Alert) closing() fhir.Value {
	for _, t := range a.told {
		if !t.at.IsZero() && t.over.IsZero() {
			return fhir.List(nhs.IdentifierValue(idOver, "pending"))
		}
	}
	return fhir.Value{}
}

// tell writes what receivers were told.
func (a *Alert) tell(now time.Time) fhir.Change {
	ext := nhs.WithoutExtension(a.resource.Root(), extMessage)
	var names []string
	for name := range a.told {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		t := a.told[name]
		parts := []any{fhir.Obj("url", "receiver", "valueString", name)}
		if !t.at.IsZero() {
			parts = append(parts, fhir.Obj("url", "told", "valueDateTime", nhs.Stamp(t.at)))
		}
		if !t.over.IsZero() {
			parts = append(parts, fhir.Obj("url", "over", "valueDateTime", nhs.Stamp(t.over)))
		}
		if t.failed > 0 {
			parts = append(parts, fhir.Obj("url", "failed", "valueInteger", t.failed), fhir.Obj("url", "next", "valueDateTime", nhs.Stamp(t.next)), fhir.Obj("url", "reason", "valueString", t.why))
		}
		ext = append(ext, fhir.Obj("url", extMessage, "extension", fhir.List(parts...)))
	}
	members := []any{"extension", fhir.List(ext...)}
	if a.State == Resolved { // when it was resolved stays what was modified last
		members = append(members, "identifier", a.closing())
	} else {
		members = append(members, "lastModified", nhs.Stamp(now))
	}
	return fhir.Change{Method: fhir.Update, Type: "Task", ID: a.ID, Resource: fhir.Revise(a.resource, members...), IfMatch: a.version.VersionID}
}

// Text is the alert as receivers read it: what is wrong, what to do, where, and how it
// is acknowledged. base is the address of the server, "" where it is not known.
func (a *Alert) Text(base string) string {
	if a.State == Resolved {
		return "This is over: " + a.Title + ".\nIt was so from " + a.Raised.UTC().Format("2006-01-02 15:04") + " UTC. There is nothing to do."
	}
	lines := []string{a.Title + "."}
	if a.Count > 1 {
		lines[0] = fmt.Sprintf("%s (%d).", a.Title, a.Count)
	}
	lines = append(lines, "What to do: "+a.Do)
	if a.Link != "" {
		lines = append(lines, base+a.Link)
	}
	return strings.Join(append(lines, "Since "+a.Raised.UTC().Format("2006-01-02 15:04")+" UTC. To acknowledge it: pestle alerts acknowledge "+a.ID), "\n")
}
