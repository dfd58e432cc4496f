package subscription

import (
	"context"
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/outbound/webhook"
)

// Mail is an email to be sent.
type Mail struct {
	To, Subject, Text string
	// Key is the same for each attempt to send one email.
	Key string
}

// mail sends a notification as an email, of which the body shows no more than the
// content that was chosen.
func (l *line) mail(ctx context.Context, is glance, text []byte, id string) webhook.Result {
	ctx, cancel := context.WithTimeout(ctx, is.plan.timeout)
	defer cancel()
	m := Mail{To: strings.TrimPrefix(is.plan.endpoint, "mailto:"), Subject: "Notification of Subscription/" + l.id, Key: l.id + "-" + id}
	var b strings.Builder
	fmt.Fprintf(&b, "%s/Subscription/%s asks to be told of this.\n\n", l.service.config.Base, l.id)
	switch is.plan.topic {
	case nil:
		b.WriteString("Something that meets its criteria was written.\n")
	default:
		fmt.Fprintf(&b, "%s: %s\n", is.plan.topic.title, is.plan.topic.url)
		r, err := fhir.Parse(text)
		if err != nil {
			return webhook.Result{Reason: "the notification cannot be read"}
		}
		for e := range r.Get("entry").Items() {
			describe(&b, e.Path("resource", "parameter"))
			break
		}
	}
	m.Text = b.String()
	if err := l.service.config.Mail(ctx, m); err != nil {
		return webhook.Result{Reason: "the email was not taken: " + reason(err)}
	}
	return webhook.Result{Delivered: true}
}

// describe writes what the status of a subscription says of its events.
func describe(b *strings.Builder, parameters fhir.Node) {
	for p := range parameters.Items() {
		switch p.Get("name").Text() {
		case "type":
			fmt.Fprintf(b, "%s\n", p.Get("valueCode").Text())
		case "notification-event":
			for part := range p.Get("part").Items() {
				switch part.Get("name").Text() {
				case "event-number":
					fmt.Fprintf(b, "\nEvent %s", part.Get("valueString").Text())
				case "timestamp":
					fmt.Fprintf(b, " of %s", part.Get("valueInstant").Text())
				case "focus":
					fmt.Fprintf(b, ": %s", part.Path("valueReference", "reference").Text())
				}
			}
		}
	}
	b.WriteString("\n")
}

// plainMail is the media type of an email.
const plainMail = "text/plain"
