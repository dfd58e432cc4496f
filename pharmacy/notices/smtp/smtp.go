// Package smtp sends messages to patients as emails: RFC 5321 by net/smtp, over TLS, in
// the format of RFC 5322 with a body in quoted-printable.
package smtp

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/pharmacy/notices"
)

// Config is where emails are handed in.
type Config struct {
	Server   string // host:port
	From     string // "Pharmacy <post@pharmacy.example>"
	Username string
	Password string
	TLS      string         // starttls, implicit, or none, which is for a server on this machine alone
	Roots    *x509.CertPool // that vouch for the server; those of the system when nil
	Clock    func() time.Time
}

// Sender hands emails in.
type Sender struct {
	c    Config
	host string
	from *mail.Address
}

// New refuses a configuration that is incomplete, or would send passwords or messages in
// the clear to another machine.
func New(c Config) (*Sender, error) {
	host, port, err := net.SplitHostPort(c.Server)
	if err != nil || host == "" || port == "" {
		return nil, fmt.Errorf("the server is host:port, not %q", c.Server)
	}
	from, err := mail.ParseAddress(c.From)
	if err != nil {
		return nil, fmt.Errorf("the sender's address %q: %w", c.From, err)
	}
	if (c.Username == "") != (c.Password == "") {
		return nil, errors.New("a username and a password are set together")
	}
	switch c.TLS {
	case "starttls", "implicit":
	case "none":
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return nil, fmt.Errorf("without TLS the server is on this machine, not %q", host)
		}
	default:
		return nil, fmt.Errorf("TLS is starttls, implicit or none, not %q", c.TLS)
	}
	if c.Clock == nil {
		return nil, errors.New("the Date of an email needs a clock")
	}
	return &Sender{c: c, host: host, from: from}, nil
}

// Name is recorded with what was sent.
func (*Sender) Name() string { return "smtp" }

// Send hands one email in. The Message-ID follows from the key, so that the same message
// is known again. The answer to the last line, which often names it in the queue of the
// server, is not kept by net/smtp: the reference is the Message-ID.
func (s *Sender) Send(ctx context.Context, m notices.Message) (reference string, err error) {
	to, err := mail.ParseAddress(m.To)
	if err != nil || m.Channel != notices.Email {
		return "", notices.Refused("it is not an email address")
	}
	conn, err := s.dial(ctx)
	if err != nil {
		return "", err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	client, err := smtp.NewClient(conn, s.host)
	if err != nil {
		_ = conn.Close()
		return "", ended(ctx, err)
	}
	defer func() { _ = client.Close() }()
	if err := s.greet(client); err != nil {
		return "", ended(ctx, err)
	}
	id := s.messageID(m.Key)
	if err := s.hand(client, to.Address, s.write(id, to, m)); err != nil {
		return "", ended(ctx, err)
	}
	_ = client.Quit() // it is handed in
	return id, nil
}

// ended is why a session ended: that of its context where it did.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (s *Sender) config() *tls.Config {
	return &tls.Config{ServerName: s.host, RootCAs: s.c.Roots, MinVersion: tls.VersionTLS12}
}

func (s *Sender) dial(ctx context.Context) (net.Conn, error) {
	if s.c.TLS == "implicit" {
		return (&tls.Dialer{Config: s.config()}).DialContext(ctx, "tcp", s.c.Server)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", s.c.Server)
}

// greet begins the session: TLS before anything is said, then who sends.
func (s *Sender) greet(client *smtp.Client) error {
	if err := client.Hello("localhost"); err != nil {
		return err
	}
	if s.c.TLS == "starttls" {
		if ok, _ := client.Extension("STARTTLS"); !ok {
			return errors.New("the server offers no STARTTLS")
		}
		if err := client.StartTLS(s.config()); err != nil {
			return err
		}
	}
	if s.c.Username == "" {
		return nil
	}
	return client.Auth(smtp.PlainAuth("", s.c.Username, s.c.Password, s.host))
}

// hand hands the message in. What the server refuses of the recipient or the message with
// 5xx is refused for good; what it refuses of the sender is for the operator to put
// right, and is tried again.
func (s *Sender) hand(client *smtp.Client, to string, text []byte) error {
	if err := client.Mail(s.from.Address); err != nil {
		return err
	}
	if err := client.Rcpt(to); err != nil {
		return final(err)
	}
	w, err := client.Data()
	if err != nil {
		return final(err)
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	return final(w.Close())
}

// final is an error that is for good where the server says so.
func final(err error) error {
	var said *textproto.Error
	if errors.As(err, &said) && said.Code >= 500 && said.Code < 600 && said.Code != 530 && said.Code != 535 {
		return notices.Refused(fmt.Sprintf("%d %s", said.Code, said.Msg))
	}
	return err
}

func (s *Sender) messageID(key string) string {
	_, domain, _ := strings.Cut(s.from.Address, "@")
	return "<" + key + "@" + domain + ">"
}

// write is the email: RFC 5322, with RFC 3834's word that a program sends it.
func (s *Sender) write(id string, to *mail.Address, m notices.Message) []byte {
	var b bytes.Buffer
	line := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	line("From", s.from.String())
	line("To", (&mail.Address{Address: to.Address}).String())
	line("Subject", mime.QEncoding.Encode("utf-8", m.Subject))
	line("Date", s.c.Clock().Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	line("Message-ID", id)
	line("Auto-Submitted", "auto-generated")
	line("MIME-Version", "1.0")
	line("Content-Type", "text/plain; charset=utf-8")
	line("Content-Transfer-Encoding", "quoted-printable")
	b.WriteString("\r\n")
	q := quotedprintable.NewWriter(&b)
	_, _ = q.Write([]byte(strings.ReplaceAll(m.Text, "\n", "\r\n")))
	_ = q.Close()
	return b.Bytes()
}
