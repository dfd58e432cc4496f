package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/outbound"
	"github.com/pestle-fhir/pestle/pharmacy/notices"
	"github.com/pestle-fhir/pestle/pharmacy/notices/smtp"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/subscription"
)

// subscriptionOptions say where notifications of Subscriptions may go.
type subscriptionOptions struct {
	Hosts  []string `env:"PESTLE_SUBSCRIPTION_HOST" name:"subscription-host" placeholder:"HOST" help:"Host that notifications may tell what resources hold, such as hooks.clinic.example, *.clinic.example or hooks.clinic.example:8443; several by repeating it. Other hosts are told which resources have changed, and read them here."`
	CAFile string   `env:"PESTLE_SUBSCRIPTION_CA_FILE" name:"subscription-ca-file" placeholder:"FILE" help:"Certificates (PEM) of who signs those of the endpoints of Subscriptions, in the place of those of the system."`
	Proxy  string   `env:"PESTLE_SUBSCRIPTION_PROXY" name:"subscription-proxy" placeholder:"URL" help:"HTTP proxy by which notifications are sent. It has to refuse addresses of private networks itself."`

	roots *x509.CertPool
	proxy *url.URL
	mail  func(context.Context, subscription.Mail) error // nil where no email is sent

	loopback bool // endpoints may be on this machine, as in a sandbox
}

// complete reads what the options name.
func (o *subscriptionOptions) complete() error {
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return fmt.Errorf("--subscription-ca-file: %w", err)
		}
		if o.roots = x509.NewCertPool(); !o.roots.AppendCertsFromPEM(pem) {
			return fmt.Errorf("--subscription-ca-file: %s holds no certificate in PEM", o.CAFile)
		}
	}
	if o.Proxy != "" {
		var err error
		if o.proxy, err = url.Parse(o.Proxy); err != nil || o.proxy.Host == "" || o.proxy.Scheme != "http" && o.proxy.Scheme != "https" {
			return errors.New("--subscription-proxy is not an http URL")
		}
	}
	for _, host := range o.Hosts {
		if strings.Contains(host, "/") || host == "*" || host == "" {
			return fmt.Errorf("--subscription-host %q is not a host: expected hooks.clinic.example, *.clinic.example or hooks.clinic.example:8443", host)
		}
	}
	return nil
}

// newSubscriptions serves the Subscriptions of an app.
func newSubscriptions(a *app, c appConfig, log *slog.Logger) (*subscription.Service, error) {
	config := subscription.Config{
		Repository: a.db, Shelf: a.db.Shelf(), Audit: a.audit, Codes: a.library.Terminology(), Traces: a.traces, Logger: log,
		Hosts: c.Subscriptions.Hosts, Trusted: c.Sandbox, Base: c.Address + server.Bases[0],
		Endpoints: outbound.Options{Loopback: c.Sandbox || c.Subscriptions.loopback, Roots: c.Subscriptions.roots, Proxy: c.Subscriptions.proxy},
	}
	config.Mail = c.Subscriptions.mail
	if at, ok := strings.CutPrefix(c.Address, "http"); ok {
		config.Sockets = "ws" + at + subscription.SocketPath
	}
	return subscription.New(config)
}

// withSubscriptions is a repository that remembers who writes Subscriptions.
type withSubscriptions struct {
	withAudit
	of *subscription.Service
}

// Commit commits what a client writes.
func (r withSubscriptions) Commit(ctx context.Context, tx *fhir.Transaction) (*fhir.Commit, error) {
	return r.of.Commit(ctx, tx, r.withAudit.Commit)
}

// again recognises who owns a Subscription as a server recognises who makes a request.
func again(config server.Config) func(auth.Standing, time.Time) (auth.Identity, error) {
	who, ok := config.Authenticator.(interface {
		Again(auth.Standing, time.Time) (auth.Identity, error)
	})
	return func(st auth.Standing, since time.Time) (auth.Identity, error) {
		if !ok {
			return auth.Identity{}, auth.ErrNobody
		}
		known, err := who.Again(st, since)
		if err != nil {
			return known, err
		}
		return server.Complete(known, config.Hidden), nil
	}
}

// withSockets serves the websocket of Subscriptions beside everything else.
func (a *app) withSockets(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == subscription.SocketPath {
			a.subscriptions.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// byMail sends an email of a Subscription by the mail server of notices to patients.
func byMail(sender *smtp.Sender) func(context.Context, subscription.Mail) error {
	return func(ctx context.Context, m subscription.Mail) error {
		_, err := sender.Send(ctx, notices.Message{Key: m.Key, Address: notices.Address{Channel: notices.Email, To: m.To}, Written: notices.Written{Subject: m.Subject, Text: m.Text}})
		return err
	}
}
