// Package gateway sends messages to patients by an HTTP gateway: one POST of JSON for each,
// with an Idempotency-Key. It fits providers of texts and emails, or a small program of the
// pharmacy's own in front of one.
//
//	POST URL
//	Authorization: Bearer TOKEN
//	Idempotency-Key: 5f0c…
//	Content-Type: application/json
//
//	{"id": "5f0c…", "channel": "text", "to": "+447700900123", "subject": "", "text": "…"}
//
// Any 2xx says that it is taken; a member reference or id of the answer is recorded. 429,
// 408, 409, 425 and 5xx are tried again; any other 4xx refuses the message for good, but 401,
// 403 and 404, which are for the operator to put right.
package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/pestle-fhir/pestle/pharmacy/notices"
)

// Doer makes an HTTP request; *http.Client is one. Whoever wires it bounds where it may go.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Config is where messages are handed in.
type Config struct {
	URL   string
	Token string
	HTTP  Doer
}

// Sender hands messages in.
type Sender struct{ c Config }

// mostAnswer is how much of an answer is read, in bytes.
const mostAnswer = 64 << 10

// New refuses a configuration that is incomplete.
func New(c Config) (*Sender, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) || u.User != nil {
		return nil, fmt.Errorf("the gateway is an address such as https://gateway.example/messages, not %q", c.URL)
	}
	if c.Token == "" {
		return nil, errors.New("the gateway needs a token")
	}
	if c.HTTP == nil {
		return nil, errors.New("the gateway needs a client")
	}
	return &Sender{c}, nil
}

// loopback reports whether a host is this machine, to which http is allowed.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Name is recorded with what was sent.
func (*Sender) Name() string { return "gateway" }

// body is what is sent.
type body struct {
	ID      string `json:"id"`
	Channel string `json:"channel"`
	To      string `json:"to"`
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text"`
}

// Send hands one message in.
func (s *Sender) Send(ctx context.Context, m notices.Message) (reference string, err error) {
	text, err := json.Marshal(body{ID: m.Key, Channel: string(m.Channel), To: m.To, Subject: m.Subject, Text: m.Text})
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.c.URL, bytes.NewReader(text))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+s.c.Token)
	r.Header.Set("Idempotency-Key", m.Key)
	answer, err := s.c.HTTP.Do(r)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) { // without the address
			err = wrapped.Err
		}
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	said, err := io.ReadAll(io.LimitReader(answer.Body, mostAnswer))
	if err != nil {
		return "", err
	}
	switch code := answer.StatusCode; {
	case code >= 200 && code < 300:
		return referenceIn(said), nil
	case code >= 400 && code < 500 && !again[code]:
		return "", notices.Refused(fmt.Sprintf("the gateway answered %d", code))
	default:
		return "", fmt.Errorf("the gateway answered %d", code)
	}
}

// again are the statuses of 4xx after which a message is tried again.
var again = map[int]bool{http.StatusUnauthorized: true, http.StatusForbidden: true, http.StatusNotFound: true, http.StatusRequestTimeout: true, http.StatusConflict: true, http.StatusTooEarly: true, http.StatusTooManyRequests: true}

// referenceIn is by what the gateway knows the message, "" where it does not say.
func referenceIn(said []byte) string {
	var a struct{ Reference, ID string }
	if json.Unmarshal(said, &a) != nil {
		return ""
	}
	if a.Reference != "" {
		return a.Reference
	}
	return a.ID
}
