package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/messages"
)

// messageOptions say how much is kept of what organisations send.
type messageOptions struct {
	MB        int64  `env:"PESTLE_MESSAGE_LOG_MB" name:"message-log-mb" default:"512" help:"Megabytes that the log of what organisations sent may hold (docs/messages.md); 0 keeps none."`
	Retention []byte `env:"PESTLE_MESSAGE_RETENTION" name:"message-retention" placeholder:"FILE" help:"How long the log of messages keeps bodies and entries, in the place of the built-in table: lines as in docs/messages.md."`

	retention messages.Retention
}

// complete reads the table.
func (o *messageOptions) complete() (err error) {
	o.retention, err = messages.BuiltinRetention()
	if len(o.Retention) > 0 {
		o.retention, err = messages.ReadRetention(string(o.Retention))
	}
	if err != nil {
		return fmt.Errorf("--message-retention: %w", err)
	}
	if o.MB < 0 {
		return fmt.Errorf("--message-log-mb %d: expected 0 or more", o.MB)
	}
	return nil
}

// open makes the log, nil where none is kept.
func (o messageOptions) open(shelf messages.Store, log *slog.Logger) (*messages.Log, error) {
	if o.MB == 0 {
		return nil, nil
	}
	if o.retention == nil {
		if err := o.complete(); err != nil {
			return nil, err
		}
	}
	return messages.New(messages.Options{Store: shelf, Retention: o.retention, Most: o.MB << 20, Clock: time.Now, Logger: log}), nil
}

func (a *app) messageOperations() []fhir.Operation {
	if a.messages == nil {
		return nil
	}
	return []fhir.Operation{a.messages.Operation(a.judgeAgain)}
}

// judgeAgain is what the rules of today find wrong with a body that was sent: those of R4
// and of the profiles, and those of the operation that it was sent to. What depends on the
// state of the database is not asked again.
func (a *app) judgeAgain(ctx context.Context, m *messages.Message, body []byte) []fhir.Issue {
	r, err := fhir.Parse(body)
	if err != nil {
		var e *fhir.Error
		if errors.As(err, &e) {
			return e.Issues
		}
		return []fhir.Issue{{Severity: fhir.Fatal, Code: fhir.Invalid, Message: "The body cannot be read as JSON."}}
	}
	issues := a.validator.Validate(ctx, r)
	name, _ := strings.CutPrefix(m.Interaction, "$")
	for _, op := range a.coreOperations() {
		if op.Name == name && op.Judge != nil {
			issues = append(issues, op.Judge(r)...)
		}
	}
	for _, in := range a.intakes() {
		if m.Interaction == "intake" && in.Type == r.Type() && in.Judge != nil && in.Accepts(r) {
			issues = append(issues, in.Judge(r)...)
		}
	}
	return fhir.SortIssues(issues)
}

// messageCounters are the figures of the log for /metrics.
func (a *app) messageCounters() []server.Counter {
	return []server.Counter{
		{Name: "pestle_message_log_bytes", Gauge: true, Help: "Bytes that the log of messages holds.", Value: func() float64 { return float64(a.messages.Held()) }},
		{Name: "pestle_message_log_dropped_total", Help: "Messages that are not in the log: they came faster than they could be written, or the disk took none.", Value: func() float64 { return float64(a.messages.Dropped()) }},
	}
}

// purging has a purge reach the log of messages: what it knows of the patient is remembered
// before, since it cannot be read afterwards, and erased by [app.forget].
func (a *app) purging(op fhir.Operation) fhir.Operation {
	if a.messages == nil {
		return op
	}
	purge := op.Handle
	op.Handle = func(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
		v, err := a.db.State(ctx).Current("Patient", call.ID)
		if err != nil || v == nil || v.Deleted() {
			return purge(ctx, call)
		}
		patient, err := v.Resource()
		if err != nil {
			return nil, err
		}
		words := []string{call.ID}
		for id := range patient.Get("identifier").Items() {
			if id.Get("system").Text() == nhs.IDNHS && id.Get("value").Text() != "" {
				words = append(words, id.Get("value").Text())
			}
		}
		if err := a.messages.Promise(call.ID, words); err != nil {
			return nil, err
		}
		reply, err := purge(ctx, call)
		if now, failed := a.db.State(ctx).Current("Patient", call.ID); failed == nil && now != nil && !now.Deleted() { // it was a proposal, or refused
			err = cmp.Or(err, a.messages.Release(call.ID))
		}
		return reply, err
	}
	return op
}

// forget erases what the log of messages holds of patients who were purged, before the
// bytes of the database are erased; done ends the promises.
func (a *app) forget() (done func() error, err error) {
	if a.messages == nil {
		return func() error { return nil }, nil
	}
	promised, err := a.messages.Promised()
	if err != nil {
		return nil, err
	}
	for patient, words := range promised {
		v, err := a.db.State(context.Background()).Current("Patient", patient)
		if err != nil {
			return nil, err
		}
		if v != nil && !v.Deleted() {
			continue
		}
		n, err := a.messages.Forget([]string{"Patient/" + patient}, words)
		if err != nil {
			return nil, err
		}
		a.log.Info("messages of a patient who was purged are erased", "messages", n)
	}
	return func() error {
		var all error
		for patient := range promised {
			all = errors.Join(all, a.messages.Release(patient))
		}
		return all
	}, nil
}

// logsCommand prints the log of messages.
type logsCommand struct {
	Data         string `env:"PESTLE_DATA" default:"data" placeholder:"DIR" help:"Folder of the database that the server has open."`
	Organisation string `placeholder:"ODS" help:"Only what this organisation sent."`
	Outcome      string `enum:"accepted,refused," default:"" placeholder:"OUTCOME" help:"Only what was accepted, or refused."`
	Rule         string `placeholder:"ID" help:"Only messages that broke this rule."`
	Last         int    `default:"20" help:"How many, 1 to 1000."`
	Follow       bool   `help:"Print what comes, until it is interrupted."`
	Grouped      bool   `help:"Print the mistakes of the last 30 days by rule and place, the most frequent first."`
	JSON         bool   `name:"json" help:"Print JSON, a line each."`
}

// Help is shown by --help.
func (logsCommand) Help() string {
	return `It is for who operates the server, on its machine; clinics see their own by $messages. Bodies are not printed.

Example: pestle logs --follow --outcome refused --data db`
}

// logsAnswer is what a server answers.
type logsAnswer struct {
	Messages []loggedMessage  `json:"messages,omitempty"`
	Mistakes []messages.Group `json:"mistakes,omitempty"`
	Total    int              `json:"total,omitempty"`
	Accepted int              `json:"accepted,omitempty"`
}

type loggedMessage struct {
	ID string `json:"id"`
	*messages.Message
}

// followEvery is how often what comes is asked for.
const followEvery = time.Second

// Run prints messages.
func (c *logsCommand) Run(std streams) error {
	if c.Last < 1 || c.Last > 1000 {
		return fmt.Errorf("--last %d: expected 1 to 1000", c.Last)
	}
	at := administered(c.Data)
	if at == nil {
		return fmt.Errorf("no server has %s open: the log is that of a running server; name its folder with --data", c.Data)
	}
	q := url.Values{"organisation": {strings.ToUpper(c.Organisation)}, "outcome": {c.Outcome}, "rule": {c.Rule}, "count": {strconv.Itoa(c.Last)}}
	if c.Grouped {
		q.Set("grouped", "true")
	}
	after := ""
	for {
		answer, err := at.logs(q)
		if err != nil {
			return err
		}
		if err := c.print(std, answer); err != nil || !c.Follow {
			return err
		}
		if n := len(answer.Messages); n > 0 {
			after = answer.Messages[n-1].ID
		}
		q.Set("after", after)
		if after == "" {
			q.Set("after", fmt.Sprintf("%016x", time.Now().UnixNano()))
			after = q.Get("after")
		}
		time.Sleep(followEvery)
	}
}

func (a *administration) logs(q url.Values) (*logsAnswer, error) {
	answer, err := a.post("logs", q, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	var out logsAnswer
	return &out, json.NewDecoder(answer.Body).Decode(&out)
}

func (c *logsCommand) print(std streams, answer *logsAnswer) error {
	if c.JSON {
		enc := json.NewEncoder(std.out)
		for _, m := range answer.Messages {
			if err := enc.Encode(m); err != nil {
				return err
			}
		}
		for _, g := range answer.Mistakes {
			if err := enc.Encode(g); err != nil {
				return err
			}
		}
		return nil
	}
	for _, m := range answer.Messages {
		fmt.Fprintf(std.out, "%s %s %s %d %s %s, %d bytes, %s\n", m.Time.UTC().Format("2006-01-02T15:04:05Z"), m.Organisation, m.Method, m.Status, m.Interaction, m.Type, m.Size, m.ID)
		for _, i := range m.Issues {
			fmt.Fprintf(std.out, "  %s %s %s\n", i.Severity, cmp.Or(i.Rule, i.Code), i.Place())
		}
	}
	if c.Grouped {
		fmt.Fprintf(std.out, "%d messages, %d accepted\n", answer.Total, answer.Accepted)
	}
	for _, g := range answer.Mistakes {
		fmt.Fprintf(std.out, "%6d  %s  %s\n", g.Messages, cmp.Or(g.Rule, g.Code), g.Place)
	}
	return nil
}

// logs answers the command logs: to who operates the server, and without bodies.
func (a *admin) logs(_ auth.Identity, w http.ResponseWriter, r *http.Request) error {
	if a.app.messages == nil {
		return errors.New("the server keeps no log of messages: serve --message-log-mb")
	}
	q := r.URL.Query()
	count, err := strconv.Atoi(q.Get("count"))
	if err != nil || count < 1 || count > 1000 {
		return fhir.E("logs", fhir.Invalid, fhir.Issue{Message: "It is not a number of messages.", Expected: "1 to 1000", Found: q.Get("count")})
	}
	a.app.messages.Flush()
	ask := messages.Query{Organisation: q.Get("organisation"), Outcome: q.Get("outcome"), Rule: q.Get("rule"), After: q.Get("after"), Count: count}
	var out logsAnswer
	if q.Get("grouped") == "true" {
		ask.Since = time.Now().AddDate(0, 0, -30)
		out.Mistakes, out.Total, out.Accepted, err = a.app.messages.Groups(ask)
		out.Mistakes = out.Mistakes[:min(len(out.Mistakes), count)]
	} else {
		var list []*messages.Message
		list, _, err = a.app.messages.List(ask)
		for i := range list {
			m := list[i]
			if ask.After == "" { // the newest last, as logs are read
				m = list[len(list)-1-i]
			}
			m.Agent = ""
			m.Target, _, _ = strings.Cut(m.Target, "?")
			for k := range m.Issues { // texts may tell of patients
				m.Issues[k].Text = ""
			}
			out.Messages = append(out.Messages, loggedMessage{m.ID, m})
		}
	}
	for i := range out.Mistakes {
		out.Mistakes[i].Text = ""
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(out)
}
