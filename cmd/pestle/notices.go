package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/internal/outbound"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/notices"
	"github.com/pestle-fhir/pestle/pharmacy/notices/gateway"
	"github.com/pestle-fhir/pestle/pharmacy/notices/smtp"
)

// noticeOptions say how patients are told what becomes of their prescriptions: not at all
// unless they are set.
type noticeOptions struct {
	SMTP      string `env:"PESTLE_NOTICES_SMTP" name:"notices-smtp" placeholder:"HOST:PORT" help:"Mail server by which patients are told by email what becomes of their prescriptions (docs/notices.md). With --notices-from and --notices-phone."`
	From      string `env:"PESTLE_NOTICES_FROM" name:"notices-from" placeholder:"ADDRESS" help:"Who emails to patients are from: 'The Pharmacy <post@pharmacy.example>'."`
	Username  string `env:"PESTLE_NOTICES_SMTP_USERNAME" name:"notices-smtp-username" placeholder:"NAME" help:"Name for the mail server."`
	Password  string `env:"PESTLE_NOTICES_SMTP_PASSWORD" name:"notices-smtp-password" secret:"" placeholder:"PASSWORD" help:"Password for the mail server."`
	TLS       string `env:"PESTLE_NOTICES_SMTP_TLS" name:"notices-smtp-tls" enum:"starttls,implicit,none" default:"starttls" help:"How the connection to the mail server is encrypted; none is for one on this machine."`
	URL       string `env:"PESTLE_NOTICES_URL" name:"notices-url" placeholder:"URL" help:"HTTPS gateway by which patients are told by text, and by email where --notices-smtp is not set. With --notices-token and --notices-phone."`
	Token     string `env:"PESTLE_NOTICES_TOKEN" name:"notices-token" secret:"" placeholder:"TOKEN" help:"Bearer token for the gateway."`
	Private   bool   `env:"PESTLE_NOTICES_PRIVATE" name:"notices-private" help:"The gateway may be at an address of a private network."`
	Phone     string `env:"PESTLE_NOTICES_PHONE" name:"notices-phone" placeholder:"NUMBER" help:"Telephone number that messages name for questions."`
	Templates []byte `env:"PESTLE_NOTICES_TEMPLATES" name:"notices-templates" placeholder:"FILE" help:"What patients are told in the place of the built-in templates: lines as pestle notices preview --table prints."`

	made notices.Options
	mail *smtp.Sender // nil where no mail server is set
}

// complete makes the senders, and refuses what is set by half.
func (o *noticeOptions) complete(sandbox bool, site, name string) (err error) {
	table, err := notices.BuiltinTemplates()
	if len(o.Templates) > 0 {
		table, err = notices.ReadTemplates(string(o.Templates))
	}
	if err != nil {
		return fmt.Errorf("--notices-templates: %w", err)
	}
	o.made = notices.Options{Site: site, Name: name, Phone: o.Phone, Templates: table}
	set := o.SMTP != "" || o.URL != ""
	switch {
	case sandbox && set:
		return errors.New("--notices-smtp and --notices-url are not for a sandbox, which sends nothing: its messages are Communications alone")
	case sandbox:
		return nil
	case !set && (o.From != "" || o.Username != "" || o.Password != "" || o.Token != "" || o.Phone != "" || len(o.Templates) > 0):
		return errors.New("--notices-from, -phone, -token, -templates and the like need --notices-smtp or --notices-url: nothing else says how patients are told")
	case !set:
		return nil
	case site == "" || name == "":
		return errors.New("--notices-smtp and --notices-url need --site and --site-name: whose patients are told, and by whom")
	case o.Phone == "":
		return errors.New("--notices-smtp and --notices-url need --notices-phone: whom patients call")
	}
	o.made.Senders = map[notices.Channel]notices.Sender{}
	if o.URL != "" {
		reach := outbound.Options{Private: o.Private}
		if err := reach.Check(o.URL); err != nil {
			return fmt.Errorf("--notices-url: %w", err)
		}
		sender, err := gateway.New(gateway.Config{URL: o.URL, Token: o.Token, HTTP: outbound.New(reach)})
		if err != nil {
			return fmt.Errorf("--notices-url, --notices-token: %w", err)
		}
		o.made.Senders[notices.Text], o.made.Senders[notices.Email] = sender, sender
	} else if o.Token != "" {
		return errors.New("--notices-token is for --notices-url")
	}
	if o.SMTP != "" {
		sender, err := smtp.New(smtp.Config{Server: o.SMTP, From: o.From, Username: o.Username, Password: o.Password, TLS: o.TLS, Clock: time.Now})
		if err != nil {
			return fmt.Errorf("--notices-smtp, --notices-from: %w", err)
		}
		o.made.Senders[notices.Email], o.mail = sender, sender
	} else if o.From != "" || o.Username != "" {
		return errors.New("--notices-from and --notices-smtp-username are for --notices-smtp")
	}
	return nil
}

// options are what the service is made with: in a sandbox the outbox, whatever is set.
func (o *noticeOptions) options(sandbox bool, site, name string) (notices.Options, error) {
	made := o.made
	made.Clock = time.Now
	if !sandbox {
		return made, nil
	}
	made.Site, made.Name, made.Phone = site, name, cmp.Or(o.Phone, "01632 960001")
	made.Senders = map[notices.Channel]notices.Sender{notices.Email: outbox{}, notices.Text: outbox{}}
	if made.Templates != nil {
		return made, nil
	}
	var err error
	made.Templates, err = notices.BuiltinTemplates()
	return made, err
}

// outbox is the sender of a sandbox: nothing leaves, and the Communication says what would
// have been sent.
type outbox struct{}

// Name is recorded with what was sent.
func (outbox) Name() string { return "outbox" }

// Send takes any message.
func (outbox) Send(context.Context, notices.Message) (string, error) { return "", nil }

// noticesCommand is about what patients are told.
type noticesCommand struct {
	Preview noticesPreview `cmd:"" help:"Print what patients are told, with sample values."`
}

type noticesPreview struct {
	Kind      string `arg:"" optional:"" placeholder:"KIND" help:"One kind: payment-link, dispatched, owing, failed-delivery or collected; all unless set."`
	Templates []byte `env:"PESTLE_NOTICES_TEMPLATES" placeholder:"FILE" help:"Templates in the place of the built-in ones, as serve --notices-templates takes them."`
	Channel   string `enum:"email,text," default:"" placeholder:"CHANNEL" help:"email or text; both unless set."`
	Day       string `placeholder:"2026-11-30" help:"The day on which it is sent; today unless set."`
	Table     bool   `help:"Print the table of the built-in templates itself, to begin one of your own."`

	inJSON `embed:""`
}

// noticeShown is a message as JSON.
type noticeShown struct {
	Kind    notices.Kind    `json:"kind"`
	Channel notices.Channel `json:"channel"`
	Hours   int             `json:"hours"` // within which it is sent
	Subject string          `json:"subject,omitempty"`
	Text    string          `json:"text"`
}

// Help is shown by --help.
func (noticesPreview) Help() string {
	return `The values are samples; those of the pharmacy are --site-name and --notices-phone of serve. Exit code 1: the templates have mistakes, each named by its line.

Example: pestle notices preview dispatched --channel text`
}

// Run prints messages.
func (c *noticesPreview) Run(std streams) error {
	if c.Table {
		fmt.Fprint(std.out, notices.Table())
		return nil
	}
	table, err := notices.BuiltinTemplates()
	if len(c.Templates) > 0 {
		table, err = notices.ReadTemplates(string(c.Templates))
	}
	if err != nil {
		return err
	}
	on := nhs.DateOf(time.Now())
	if c.Day != "" {
		if on = nhs.ReadDate(c.Day); on.IsZero() || len(c.Day) != len(time.DateOnly) {
			return fmt.Errorf("--day is a date such as 2026-11-30, not %q", c.Day)
		}
	}
	printed, shown := 0, []noticeShown{}
	for _, sample := range table.Samples(on) {
		if c.Kind != "" && string(sample.Kind) != c.Kind || c.Channel != "" && string(sample.Channel) != c.Channel {
			continue
		}
		printed++
		if c.JSON {
			shown = append(shown, noticeShown{sample.Kind, sample.Channel, int(sample.Within.Hours()), sample.Written.Subject, sample.Written.Text})
			continue
		}
		if printed > 1 {
			fmt.Fprintln(std.out)
		}
		fmt.Fprintf(std.out, "%s by %s, within %d hours\n", sample.Kind, sample.Channel, int(sample.Within.Hours()))
		if sample.Written.Subject != "" {
			fmt.Fprintf(std.out, "  %s\n\n", sample.Written.Subject)
		}
		fmt.Fprintf(std.out, "  %s\n", strings.ReplaceAll(strings.ReplaceAll(sample.Written.Text, "\n", "\n  "), "\n  \n", "\n\n"))
	}
	if printed == 0 {
		return fmt.Errorf("there is no such template: a kind is one of %v", notices.Kinds())
	}
	if c.JSON {
		return printJSON(std, shown)
	}
	return nil
}
