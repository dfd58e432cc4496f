package smtp

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/pharmacy/notices"
)

// mailbox is a mail server that keeps what it is given. It answers a command as replies
// say, by its first word.
type mailbox struct {
	address string
	tls     *tls.Config
	roots   *x509.CertPool
	replies map[string]string
	mu      sync.Mutex
	said    []string
	mails   []string
}

func newMailbox(t *testing.T, implicit bool) *mailbox {
	t.Helper()
	web := httptest.NewTLSServer(nil) // for its certificate
	t.Cleanup(web.Close)
	b := &mailbox{tls: &tls.Config{Certificates: web.TLS.Certificates}, roots: x509.NewCertPool(), replies: map[string]string{}}
	b.roots.AddCert(web.Certificate())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	b.address = listener.Addr().String()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if implicit {
				conn = tls.Server(conn, b.tls)
			}
			go b.serve(conn)
		}
	}()
	return b
}

func (b *mailbox) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	say := func(text string) { _, _ = io.WriteString(conn, text+"\r\n") }
	say("220 mail.example")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		word, _, _ = strings.Cut(word, ":")
		b.mu.Lock()
		b.said = append(b.said, strings.TrimSpace(line))
		reply := b.replies[word]
		b.mu.Unlock()
		if reply == "hang" {
			time.Sleep(time.Minute)
			return
		}
		if reply != "" {
			say(reply)
			continue
		}
		switch word {
		case "EHLO":
			say("250-mail.example\r\n250-STARTTLS\r\n250 AUTH PLAIN")
		case "STARTTLS":
			say("220 go on")
			conn = tls.Server(conn, b.tls)
			in = bufio.NewReader(conn)
		case "DATA":
			say("354 go on")
			var text strings.Builder
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				text.WriteString(strings.TrimPrefix(line, "."))
			}
			b.mu.Lock()
			reply := b.replies["."]
			if reply == "" {
				b.mails = append(b.mails, text.String())
				reply = "250 taken"
			}
			b.mu.Unlock()
			say(reply)
		case "AUTH":
			say("235 welcome")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 fine")
		}
	}
}

func (b *mailbox) sender(t *testing.T, change func(*Config)) *Sender {
	t.Helper()
	c := Config{Server: b.address, From: "Your Pharmacy <post@pharmacy.example>", TLS: "starttls", Roots: b.roots, Clock: func() time.Time { return time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC) }}
	if change != nil {
		change(&c)
	}
	s, err := New(c)
	require.NoError(t, err)
	return s
}

var message = notices.Message{Key: "key-1", Address: notices.Address{Channel: notices.Email, To: "jo@example.com"}, Written: notices.Written{Subject: "Ihr Päckchen", Text: "Dear Jo,\n\n.£15.25\n" + strings.Repeat("x", 200)}}

// TestSend: what arrives is an email with one recipient, a Message-ID of its key, and the
// text as it was written.
func TestSend(t *testing.T) {
	for _, how := range []string{"starttls", "implicit", "none"} {
		t.Run(how, func(t *testing.T) {
			b := newMailbox(t, how == "implicit")
			s := b.sender(t, func(c *Config) { c.TLS, c.Username, c.Password = how, "u", "secret" })
			ref, err := s.Send(t.Context(), message)
			require.NoError(t, err)
			assert.Equal(t, "<key-1@pharmacy.example>", ref)
			require.Len(t, b.mails, 1)
			m, err := mail.ReadMessage(strings.NewReader(b.mails[0]))
			require.NoError(t, err)
			subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
			require.NoError(t, err)
			assert.Equal(t, "Ihr Päckchen", subject)
			for name, want := range map[string]string{"To": "<jo@example.com>", "From": `"Your Pharmacy" <post@pharmacy.example>`, "Message-ID": ref, "Date": "Mon, 30 Nov 2026 09:00:00 +0000", "Auto-Submitted": "auto-generated"} {
				assert.Equal(t, want, m.Header.Get(name))
			}
			text, err := io.ReadAll(quotedprintable.NewReader(m.Body))
			require.NoError(t, err)
			assert.Equal(t, message.Text, strings.TrimSuffix(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n"))
			said := strings.Join(b.said, "\n")
			assert.Contains(t, said, "MAIL FROM:<post@pharmacy.example>")
			assert.Contains(t, said, "RCPT TO:<jo@example.com>")
			assert.Equal(t, 1, strings.Count(said, "RCPT"))
			if how == "starttls" {
				assert.Less(t, strings.Index(said, "STARTTLS"), strings.Index(said, "AUTH"), "no password in the clear")
			}
		})
	}
}

// TestFailures: what is refused for good, and what may pass.
func TestFailures(t *testing.T) {
	for _, c := range []struct {
		word, reply string
		refused     bool
	}{
		{"RCPT", "550 5.1.1 no such user", true}, {"RCPT", "450 try later", false}, {".", "554 spam", true}, {".", "452 full", false},
		{"MAIL", "550 who are you", false}, {"EHLO", "421 closing", false}, {"STARTTLS", "454 not now", false}, {"RCPT", "530 log in first", false},
		{"EHLO", "250 mail.example", false}, // no STARTTLS: nothing is said in the clear
	} {
		b := newMailbox(t, false)
		b.replies[c.word] = c.reply
		_, err := b.sender(t, nil).Send(t.Context(), message)
		require.Error(t, err, c.reply)
		assert.Equal(t, c.refused, notices.IsRefused(err), "%s %s: %v", c.word, c.reply, err)
		assert.Empty(t, b.mails)
	}
	b := newMailbox(t, false)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	b.replies["MAIL"] = "hang"
	_, err := b.sender(t, nil).Send(ctx, message)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	b.roots = x509.NewCertPool()
	_, err = b.sender(t, nil).Send(t.Context(), message)
	require.ErrorContains(t, err, "certificate", "a server that nobody vouches for")
	bad := message
	bad.To = "a@example.com\r\nRCPT TO:<b@example.com>"
	_, err = b.sender(t, nil).Send(t.Context(), bad)
	assert.True(t, notices.IsRefused(err))
}

// TestConfig: what is incomplete, or would send in the clear, is refused.
func TestConfig(t *testing.T) {
	good := Config{Server: "mail.example:587", From: "a@example.com", TLS: "starttls", Clock: time.Now}
	_, err := New(good)
	require.NoError(t, err)
	for i, change := range []func(*Config){func(c *Config) { c.Server = "mail.example" }, func(c *Config) { c.From = "nobody" }, func(c *Config) { c.Username = "u" }, func(c *Config) { c.Password = "p" }, func(c *Config) { c.TLS = "none" }, func(c *Config) { c.TLS = "" }, func(c *Config) { c.Clock = nil }} {
		c := good
		change(&c)
		_, err := New(c)
		assert.Error(t, err, fmt.Sprint(i))
	}
}
