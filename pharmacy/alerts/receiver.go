package alerts

import (
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/internal/outbound/webhook"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Receiver is who is told of alerts.
type Receiver struct {
	Name    string
	Kind    string // slack, teams, webhook or email
	Address string
	Secret  webhook.Secret // of a webhook
	Rules   []string       // ids; * for all, critical for those that are critical
	// From and Until are the minutes of the day in London between which it is told of what
	// is not critical; equal for always.
	From, Until int
}

// Kinds of receivers.
const (
	Slack   = "slack"
	Teams   = "teams"
	Webhook = "webhook"
	Email   = "email"
)

// ReadReceivers reads who is told: lines of name, kind, address, secret (- for none), rules
// (with commas between, * for all, critical for what is critical) and hours (07:00-22:00, or always),
// with tabs between. It says everything that is wrong by line, and never an address, which
// may be a secret.
func ReadReceivers(tsv string, rules Rules) (list []Receiver, err error) {
	var wrong []string
	n := 0
	for line := range strings.Lines(tsv) {
		n++
		if line = strings.TrimRight(line, "\r\n"); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		r, problems := readReceiver(strings.Split(line, "\t"), rules)
		if slices.ContainsFunc(list, func(o Receiver) bool { return o.Name == r.Name }) {
			problems = append(problems, "there is a receiver of this name before")
		}
		for _, p := range problems {
			wrong = append(wrong, fmt.Sprintf("line %d: %s", n, p))
		}
		list = append(list, r)
	}
	if len(list) == 0 {
		wrong = append(wrong, "there is no receiver")
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("receivers of alerts: %s", strings.Join(wrong, "; "))
	}
	return list, nil
}

func readReceiver(cells []string, rules Rules) (r Receiver, wrong []string) {
	if len(cells) != 6 {
		return r, []string{fmt.Sprintf("expected 6 columns with tabs between, found %d", len(cells))}
	}
	r = Receiver{Name: cells[0], Kind: cells[1], Address: cells[2], Rules: strings.Split(cells[4], ",")}
	if !ruleID.MatchString(r.Name) {
		wrong = append(wrong, fmt.Sprintf("%q is not a name: small letters, digits and -", r.Name))
	}
	switch r.Kind {
	case Slack, Teams, Webhook:
		if u, err := url.Parse(r.Address); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			wrong = append(wrong, "the address is not a URL such as https://hooks.example/1")
		}
	case Email:
		if a, err := mail.ParseAddress(r.Address); err != nil || a.Address != r.Address {
			wrong = append(wrong, "the address is not an email address")
		}
	default:
		wrong = append(wrong, fmt.Sprintf("%q is not a kind: slack, teams, webhook or email", r.Kind))
	}
	switch secret, err := webhook.ParseSecret(cells[3]); {
	case r.Kind == Webhook && err != nil:
		wrong = append(wrong, "a webhook has a secret with which it is signed: "+err.Error())
	case r.Kind == Webhook:
		r.Secret = secret
	case cells[3] != "-":
		wrong = append(wrong, "only a webhook has a secret; expected -")
	}
	for _, id := range r.Rules {
		if id != "*" && id != string(Critical) && !slices.ContainsFunc(rules, func(o Rule) bool { return o.ID == id }) {
			wrong = append(wrong, fmt.Sprintf("there is no rule %q", id))
		}
	}
	var err error
	if r.From, r.Until, err = hoursOf(cells[5]); err != nil {
		wrong = append(wrong, err.Error())
	}
	return r, wrong
}

// hoursOf reads 07:00-22:00, or always.
func hoursOf(cell string) (from, until int, err error) {
	if cell == "always" {
		return 0, 0, nil
	}
	a, b, _ := strings.Cut(cell, "-")
	from, until = minute(a), minute(b)
	if from < 0 || until < 0 || from == until {
		return 0, 0, fmt.Errorf("%q are not hours: 07:00-22:00, or always", cell)
	}
	return from, until, nil
}

// minute is the minute of the day of 07:30, -1 where it is none.
func minute(text string) int {
	h, m, ok := strings.Cut(text, ":")
	hour, err := strconv.Atoi(h)
	min, other := strconv.Atoi(m)
	if !ok || len(h) != 2 || len(m) != 2 || err != nil || other != nil || hour < 0 || hour > 23 || min < 0 || min > 59 {
		return -1
	}
	return 60*hour + min
}

// wants reports whether the receiver is told of a rule.
func (r *Receiver) wants(rule *Rule) bool {
	return slices.ContainsFunc(r.Rules, func(id string) bool {
		return id == "*" || id == rule.ID || id == string(Critical) && rule.Severity == Critical
	})
}

// awake reports whether it is told of what is not critical at a time.
func (r *Receiver) awake(at time.Time) bool {
	if r.From == r.Until {
		return true
	}
	now := nhs.MinuteOfDay(at)
	if r.From < r.Until {
		return now >= r.From && now < r.Until
	}
	return now >= r.From || now < r.Until
}
