package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// The formats of an export, a line each.
const (
	NDJSON  = "ndjson"  // AuditEvents
	CEF     = "cef"     // events in the Common Event Format of ArcSight, version 0
	Compact = "compact" // events as JSON objects
)

// Export writes the events that the principal of the context may see, recorded from
// a time until another, oldest first; zero
// times are not bounds.
func (r Records) Export(ctx context.Context, w io.Writer, format string, from, until time.Time) error {
	line := map[string]func(*Event) string{NDJSON: r.auditEvents, CEF: commonEvent, Compact: compact}[format]
	if line == nil {
		return fmt.Errorf("audit: there is no format %q: expected %s, %s or %s", format, NDJSON, CEF, Compact)
	}
	head := r.Log.Head()
	if head == 0 {
		return nil
	}
	return r.Log.Find(ctx, Query{Organisations: r.organisations(ctx), From: from, Until: until, Head: head}, func(h *Hit) (bool, error) {
		e, err := h.Event()
		if err != nil {
			return false, err
		}
		_, err = io.WriteString(w, line(e))
		return true, err
	})
}

func (r Records) auditEvents(e *Event) string {
	var b strings.Builder
	p := split(e)
	for part := range p.len() {
		b.Write(r.Site.render(p, part).JSON())
		b.WriteByte('\n')
	}
	return b.String()
}

// compactEvent is an event as a JSON object.
type compactEvent struct {
	Number                                      uint64
	Time                                        time.Time
	Interaction                                 string
	Status                                      int
	Agent, Display, Organisation, Client        string   `json:",omitempty"`
	Roles                                       []string `json:",omitempty"`
	Purpose, Address, RequestID, Method, Target string   `json:",omitempty"`
	Shown                                       []string `json:",omitempty"`
	Patients                                    []string `json:",omitempty"`
	Unrecorded                                  int      `json:",omitempty"`
}

func compact(e *Event) string {
	c := compactEvent{Number: e.Number, Time: e.Time, Interaction: e.Interaction, Status: e.Status, Agent: e.By.Agent, Display: e.By.Display, Organisation: e.By.OnBehalf, Client: e.By.Client,
		Roles: e.By.Roles, Purpose: e.By.Purpose, Address: e.Address, RequestID: e.RequestID, Method: e.Method, Target: e.Target, Patients: e.Patients(), Unrecorded: e.Unrecorded}
	for i := range e.Shown {
		c.Shown = append(c.Shown, e.Shown[i].Type+"/"+e.Shown[i].ID+"/_history/"+e.Shown[i].VersionID)
	}
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // texts and numbers
	}
	return string(text) + "\n"
}

var (
	cefHead  = strings.NewReplacer(`\`, `\\`, `|`, `\|`, "\n", " ", "\r", " ")
	cefValue = strings.NewReplacer(`\`, `\\`, `=`, `\=`, "\n", `\n`, "\r", `\r`)
)

// commonEvent is an event in the Common Event Format: severity 3, of refusals 7.
func commonEvent(e *Event) string {
	severity := 3
	if e.Denied() {
		severity = 7
	}
	var b strings.Builder
	fmt.Fprintf(&b, "CEF:0|Pestle|Pestle|1|%s|%s|%d|externalId=%d rt=%d outcome=%d", cefHead.Replace(e.Interaction), cefHead.Replace(e.Interaction), severity, e.Number, e.Time.UnixMilli(), e.Status)
	add := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, " %s=%s", name, cefValue.Replace(value))
		}
	}
	add("suser", e.By.Agent)
	add("sourceServiceName", e.By.Client)
	add("src", e.Address)
	add("requestMethod", e.Method)
	add("request", e.Target)
	for i, one := range [][2]string{{"organisation", e.By.OnBehalf}, {"roles", strings.Join(e.By.Roles, " ")}, {"purpose", e.By.Purpose}, {"patients", strings.Join(e.Patients(), " ")}, {"requestId", e.RequestID}} {
		if one[1] != "" {
			add(fmt.Sprintf("cs%dLabel", i+1), one[0])
			add(fmt.Sprintf("cs%d", i+1), one[1])
		}
	}
	return b.String() + "\n"
}
