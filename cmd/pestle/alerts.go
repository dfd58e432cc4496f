package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/outbound"
	"github.com/pestle-fhir/pestle/pharmacy/alerts"
	"github.com/pestle-fhir/pestle/pharmacy/alerts/webhook"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/notices"
	"github.com/pestle-fhir/pestle/pharmacy/notices/smtp"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
)

// alertOptions say of what the people of the pharmacy are alerted, and who.
type alertOptions struct {
	Rules     []byte `env:"PESTLE_ALERT_RULES" name:"alert-rules" placeholder:"FILE" help:"Of what people are alerted, in the place of the built-in rules: lines as pestle alerts rules --table prints."`
	Receivers []byte `env:"PESTLE_ALERT_RECEIVERS" name:"alert-receivers" placeholder:"FILE" help:"Who is told of alerts by Slack, Teams, webhook or email: lines as in docs/alerts.md. Without it alerts are listed by pestle alerts list alone."`
	Private   bool   `env:"PESTLE_ALERT_PRIVATE" name:"alert-private" help:"Receivers of alerts may be at addresses of private networks."`

	rules     alerts.Rules
	receivers []alerts.Receiver
	senders   map[string]alerts.Sender
}

// complete reads the tables, and refuses receivers that could not be told.
func (o *alertOptions) complete(sandbox bool, mail *noticeOptions) (err error) {
	o.rules, err = alerts.Builtin()
	if len(o.Rules) > 0 {
		o.rules, err = alerts.ReadRules(string(o.Rules))
	}
	if err != nil {
		return fmt.Errorf("--alert-rules: %w", err)
	}
	if len(o.Receivers) == 0 {
		return nil
	}
	if o.receivers, err = alerts.ReadReceivers(string(o.Receivers), o.rules); err != nil {
		return fmt.Errorf("--alert-receivers: %w", err)
	}
	reach := outbound.Options{Private: o.Private, Loopback: sandbox}
	out := &webhook.Sender{Client: outbound.New(reach), Clock: time.Now}
	o.senders = map[string]alerts.Sender{alerts.Slack: out, alerts.Teams: out, alerts.Webhook: out}
	for _, r := range o.receivers {
		if r.Kind != alerts.Email {
			if err := reach.Check(r.Address); err != nil {
				return fmt.Errorf("--alert-receivers: %s: %w", r.Name, err)
			}
			continue
		}
		if mail.SMTP == "" {
			return fmt.Errorf("--alert-receivers: %s is told by email, which needs --notices-smtp and --notices-from", r.Name)
		}
		sender, err := smtp.New(smtp.Config{Server: mail.SMTP, From: mail.From, Username: mail.Username, Password: mail.Password, TLS: mail.TLS, Clock: time.Now})
		if err != nil {
			return fmt.Errorf("--notices-smtp, --notices-from: %w", err)
		}
		o.senders[alerts.Email] = alertMail{sender}
	}
	return nil
}

// alertMail sends alerts as emails, by the mail server of messages to patients.
type alertMail struct{ sender *smtp.Sender }

// Send hands one email in.
func (s alertMail) Send(ctx context.Context, to *alerts.Receiver, m alerts.Message) error {
	_, err := s.sender.Send(ctx, notices.Message{Key: m.Key, Address: notices.Address{Channel: notices.Email, To: to.Address}, Written: notices.Written{Subject: string(m.Severity) + ": " + m.Title, Text: m.Text}})
	return err
}

// figures are what alerts know of the running server: those of /metrics, and some that are
// worked out when they are asked for.
type figures struct {
	app   *app
	mu    sync.Mutex
	more  []server.Counter
	stock struct {
		at  time.Time
		low float64
	}
}

// stockEvery is how long the count of what is low in stock is good: it reads every lot.
const stockEvery = 15 * time.Minute

// add adds the figures of what serves.
func (f *figures) add(list ...server.Counter) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.more = append(f.more, list...)
}

// forget works the figures out anew when they are asked for.
func (f *figures) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stock.at = time.Time{}
}

// value is a figure by its name; ok is false where the server does not have it, or
// cannot tell.
func (f *figures) value(name string) (value float64, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	switch name {
	case "pestle_backlog_commits":
		_, lag := f.app.backlog.Lag()
		return float64(lag), true
	case "pestle_month_open":
		month := tariff.MonthOf(nhs.Midnight(now).AddDate(0, 0, -nhs.DateOf(now).Day()))
		open, err := f.app.reimbursement.Unclosed(f.app.db.State(context.Background()), month, f.app.site)
		if open {
			value = 1
		}
		return value, err == nil
	case "pestle_stock_low_items":
		if now.Sub(f.stock.at) < stockEvery {
			return f.stock.low, true
		}
		list, err := warehouse.HoldingsOf(f.app.db.State(context.Background()), f.app.site)
		if err != nil {
			return 0, false
		}
		f.stock.at, f.stock.low = now, 0
		for _, h := range list {
			if h.Low(nhs.DateOf(now)) {
				f.stock.low++
			}
		}
		return f.stock.low, true
	}
	for _, c := range append(f.app.counters(), f.more...) {
		if c.Name == name && c.Value != nil {
			return c.Value(), true
		}
	}
	return 0, false
}

// alertsCommand is about what the people of the pharmacy are alerted of.
type alertsCommand struct {
	List        alertsList        `cmd:"" default:"withargs" help:"Print what people are alerted of at present, with what to do."`
	Acknowledge alertsAcknowledge `cmd:"" help:"Say that you look after an alert: nobody else is told of it."`
	Dismiss     alertsDismiss     `cmd:"" help:"Put an alert aside whose cause goes on, with the reason."`
	Test        alertsTest        `cmd:"" help:"Tell every receiver that alerts reach it."`
	Rules       alertsRules       `cmd:"" help:"Print the rules."`
}

// alertsAt is the server whose alerts they are.
type alertsAt struct {
	Data   string `env:"PESTLE_DATA" default:"data" placeholder:"DIR" help:"Folder of the database that the server has open."`
	remote `embed:""`
}

// ask has a running server do something with its alerts.
func (c *alertsAt) ask(do url.Values) (*alertsAnswer, error) {
	server, err := c.reach(c.Data)
	if err != nil {
		return nil, err
	}
	if server == nil {
		return nil, fmt.Errorf("no server has %s open: alerts are those of a running server; name it with --data or --server", c.Data)
	}
	answer, err := server.post("alerts", do, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	var out alertsAnswer
	return &out, json.NewDecoder(answer.Body).Decode(&out)
}

// alertsAnswer is what a server answers.
type alertsAnswer struct {
	Alerts []alertLine       `json:"alerts,omitempty"`
	Tested map[string]string `json:"tested,omitempty"`
}

// alertLine is an alert as it is printed.
type alertLine struct {
	ID, Rule, State, Severity, Title, Do, Link, By, Note string
	Count                                                int
	Raised                                               time.Time
}

type alertsList struct {
	All  bool `help:"Those too that are resolved."`
	JSON bool `name:"json" help:"Print them as JSON."`

	alertsAt `embed:""`
}

// Run prints alerts.
func (c *alertsList) Run(std streams) error {
	do := url.Values{"do": {"list"}}
	if c.All {
		do.Set("all", "true")
	}
	answer, err := c.ask(do)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(std, answer.Alerts)
	}
	if len(answer.Alerts) == 0 {
		fmt.Fprintln(std.out, "There is no alert.")
	}
	for _, a := range answer.Alerts {
		a.print(std)
	}
	return nil
}

func (a *alertLine) print(std streams) {
	fmt.Fprintf(std.out, "%s %s, %s since %s: %s", a.ID, a.Severity, a.State, a.Raised.Format("2006-01-02 15:04 MST"), a.Title)
	if a.Count > 1 {
		fmt.Fprintf(std.out, " (%d)", a.Count)
	}
	fmt.Fprintf(std.out, "\n  %s\n", a.Do)
	if a.Link != "" {
		fmt.Fprintf(std.out, "  %s\n", a.Link)
	}
	if a.By != "" {
		fmt.Fprintf(std.out, "  %s: %s\n", a.By, a.Note)
	}
}

type alertsAcknowledge struct {
	ID   string `arg:"" placeholder:"ID" help:"The alert, as pestle alerts list prints it."`
	Note string `help:"What is done about it."`

	alertsAt `embed:""`
}

// Run acknowledges an alert.
func (c *alertsAcknowledge) Run(std streams) error {
	return c.move(std, "acknowledge", c.ID, c.Note)
}

type alertsDismiss struct {
	ID   string `arg:"" placeholder:"ID" help:"The alert, as pestle alerts list prints it."`
	Note string `required:"" help:"Why nothing is to be done."`

	alertsAt `embed:""`
}

// Run puts an alert aside.
func (c *alertsDismiss) Run(std streams) error { return c.move(std, "dismiss", c.ID, c.Note) }

func (c *alertsAt) move(std streams, do, id, note string) error {
	answer, err := c.ask(url.Values{"do": {do}, "id": {id}, "note": {note}})
	if err != nil {
		return err
	}
	for _, a := range answer.Alerts {
		a.print(std)
	}
	return nil
}

type alertsTest struct {
	alertsAt `embed:""`
}

// Run tells every receiver, and fails where one could not be told.
func (c *alertsTest) Run(std streams) error {
	answer, err := c.ask(url.Values{"do": {"test"}})
	if err != nil {
		return err
	}
	if len(answer.Tested) == 0 {
		return errors.New("the server has no receivers: serve --alert-receivers")
	}
	failed := false
	for name, why := range answer.Tested {
		if why == "" {
			why = "told"
		} else {
			failed = true
		}
		fmt.Fprintf(std.out, "%s: %s\n", name, why)
	}
	if failed {
		return errSilent
	}
	return nil
}

type alertsRules struct {
	File  string `arg:"" optional:"" placeholder:"FILE" help:"A file as serve --alert-rules takes it, to check and print in the place of the built-in rules."`
	Table bool   `help:"Print the table of the built-in rules itself, to begin one of your own."`

	inJSON `embed:""`
}

// alertRuleShown is a rule of alerts as JSON.
type alertRuleShown struct {
	ID       string `json:"id"`
	Severity string `json:"severity"`
	Title    string `json:"title"`
	Do       string `json:"do"`
}

// Run prints the rules.
func (c *alertsRules) Run(std streams) error {
	if c.Table {
		fmt.Fprint(std.out, alerts.Table())
		return nil
	}
	list, err := alerts.Builtin()
	if c.File != "" {
		var text []byte
		if text, err = os.ReadFile(c.File); err == nil {
			list, err = alerts.ReadRules(string(text))
		}
	}
	if err != nil {
		return err
	}
	if c.JSON {
		rows := []alertRuleShown{}
		for _, r := range list {
			rows = append(rows, alertRuleShown{r.ID, string(r.Severity), r.Title, r.Do})
		}
		return printJSON(std, rows)
	}
	out := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	for _, r := range list {
		fmt.Fprintf(out, "%s\t%s\t%s\n", r.ID, r.Severity, r.Title)
	}
	return out.Flush()
}

// alerts answers the command alerts.
func (a *admin) alerts(who auth.Identity, w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	out := alertsAnswer{}
	var err error
	switch q.Get("do") {
	case "list":
		a.app.figures.forget()
		if err = a.app.alerts.Judge(r.Context()); err != nil { // what was raised before is listed all the same
			a.log.Warn("alerts could not be judged", "error", describe(err))
		}
		var list []*alerts.Alert
		list, err = a.app.alerts.Open(r.Context(), q.Get("all") == "true")
		for _, one := range list {
			out.Alerts = append(out.Alerts, a.line(one))
		}
	case "acknowledge", "dismiss":
		to := map[string]alerts.State{"acknowledge": alerts.Acknowledged, "dismiss": alerts.Aside}[q.Get("do")]
		var one *alerts.Alert
		if one, err = a.app.alerts.Move(r.Context(), q.Get("id"), to, who.Requester, q.Get("note"), time.Now()); err == nil {
			out.Alerts = append(out.Alerts, a.line(one))
		}
	case "test":
		out.Tested = a.app.alerts.Test(r.Context())
	default:
		err = fhir.E("alerts", fhir.Invalid, fhir.Issue{Message: "It is not clear what is to be done with alerts.", Expected: "do=list, acknowledge, dismiss or test", Found: q.Get("do")})
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(out)
}

func (a *admin) line(x *alerts.Alert) alertLine {
	link := x.Link
	if link != "" {
		link = strings.TrimRight(a.app.address, "/") + link
	}
	return alertLine{ID: x.ID, Rule: x.Rule, State: x.State.String(), Severity: string(x.Severity), Title: x.Title, Do: x.Do, Link: link, By: x.By, Note: x.Note, Count: x.Count, Raised: x.Raised}
}
