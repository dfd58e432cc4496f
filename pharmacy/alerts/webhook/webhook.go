// Package webhook tells receivers of alerts by HTTP: incoming webhooks of Slack and of those
// who take the same, workflows of Microsoft Teams, and webhooks that are signed as
// the Standard Webhooks specification has it.
package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/pestle-fhir/pestle/internal/outbound"
	"github.com/pestle-fhir/pestle/internal/outbound/webhook"
	"github.com/pestle-fhir/pestle/pharmacy/alerts"
)

// Sender tells receivers by HTTP.
type Sender struct {
	Client *http.Client // of package outbound
	Clock  func() time.Time
}

// Send makes one call. Whatever is not 2xx is a failure, a redirect too.
func (s *Sender) Send(ctx context.Context, to *alerts.Receiver, m alerts.Message) error {
	body, err := json.Marshal(bodyOf(to.Kind, m))
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to.Address, bytes.NewReader(body))
	if err != nil {
		return errors.New("the address is not a URL")
	}
	r.Header.Set("Content-Type", "application/json")
	if to.Kind == alerts.Webhook {
		if err := webhook.Sign(r.Header, m.Key, s.Clock(), body, to.Secret); err != nil {
			return err
		}
	}
	answer, err := s.Client.Do(r)
	if err == nil {
		outbound.Drain(answer, 0)
	}
	if result := webhook.Judge(answer, err, s.Clock()); !result.Delivered {
		return errors.New(result.Reason)
	}
	return nil
}

// bodyOf is what a kind of receiver takes.
func bodyOf(kind string, m alerts.Message) any {
	title := m.Title
	over := m.Alert != nil && m.Alert.State == alerts.Resolved
	if m.Severity == alerts.Critical && !over {
		title = "Critical: " + title
	}
	switch kind {
	case alerts.Slack:
		return map[string]any{"text": escape(title) + "\n" + escape(m.Text)}
	case alerts.Teams:
		line := func(text string, more map[string]any) map[string]any {
			block := map[string]any{"type": "TextBlock", "text": text, "wrap": true}
			for k, v := range more {
				block[k] = v
			}
			return block
		}
		card := map[string]any{"type": "AdaptiveCard", "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "version": "1.4",
			"body": []any{line(title, map[string]any{"weight": "Bolder"}), line(m.Text, nil)}}
		if m.Link != "" {
			card["actions"] = []any{map[string]any{"type": "Action.OpenUrl", "title": "Open", "url": m.Link}}
		}
		return map[string]any{"type": "message", "attachments": []any{map[string]any{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}}}
	}
	return map[string]any{"type": map[bool]string{false: "alert.raised", true: "alert.resolved"}[over], "timestamp": m.At.UTC().Format(time.RFC3339), "data": map[string]any{
		"id": m.Alert.ID, "rule": m.Alert.Rule, "severity": string(m.Severity), "title": m.Title, "do": m.Alert.Do, "count": m.Alert.Count, "link": m.Link}}
}

// escape writes text as Slack takes it: & < > mark links and mentions there.
func escape(text string) string {
	var b bytes.Buffer
	for _, r := range text {
		switch r {
		case '&':
			b.WriteString("&amp;")
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
