package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/pestle-fhir/pestle/internal/outbound"
	"github.com/pestle-fhir/pestle/internal/outbound/webhook"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse/simulator"
)

type simulateCommand struct {
	Addr   string `default:"127.0.0.1:8090" help:"Address on which the simulated warehouse takes webhooks of the server, host:port."`
	URL    string `name:"url" default:"http://127.0.0.1:8080/webhooks/warehouse" placeholder:"URL" help:"Where the server takes its webhooks."`
	Known  []byte `name:"secret" placeholder:"FILE" help:"The file that the server has as --warehouse-secret."`
	Signed []byte `name:"event-secret" placeholder:"FILE" help:"The file that the server has as --warehouse-event-secret."`

	Journal   string        `placeholder:"FILE" help:"What it was told and has done, with which it goes on after a restart."`
	Seed      uint64        `default:"1" help:"Of what happens by chance."`
	Delay     time.Duration `default:"2s" help:"The longest time that a step takes, or a message is under way."`
	Lose      int           `default:"0" placeholder:"PERCENT" help:"How many of its webhooks are lost."`
	Duplicate int           `default:"0" placeholder:"PERCENT" help:"How many are sent once more."`
	Miscount  int           `default:"0" placeholder:"PERCENT" help:"Of how many orders another quantity is packed first."`
	Fail      int           `default:"0" placeholder:"PERCENT" help:"How many deliveries fail at the first attempt."`
}

// Help is shown by --help.
func (simulateCommand) Help() string {
	return `For a sandbox: it packs, sends and delivers what the server releases.

Example: pestle simulate-warehouse --secret send.secret --event-secret receive.secret --fail 10`
}

// Run is a warehouse until it is told to end.
func (c *simulateCommand) Run(std streams) error {
	known, err := secretsIn("secret", c.Known)
	if err != nil {
		return err
	}
	signed, err := secretsIn("event-secret", c.Signed)
	if err != nil {
		return err
	}
	options := outbound.Options{Loopback: true, Private: true}
	if err := options.Check(c.URL); err != nil {
		return fmt.Errorf("--url: %w", err)
	}
	share := func(percent int) float64 { return float64(min(max(percent, 0), 100)) / 100 }
	s, err := simulator.Open(simulator.Options{Clock: time.Now, Seed: c.Seed, Delay: c.Delay, Journal: c.Journal, Lose: share(c.Lose), Duplicate: share(c.Duplicate), Miscount: share(c.Miscount), Fail: share(c.Fail)})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	h := &http.Server{Handler: simulated(s, known), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = h.Serve(listener) }()
	fmt.Fprintf(std.out, "The simulated warehouse takes webhooks at http://%s\n", listener.Addr())
	client := outbound.New(options)
	err = s.Run(ctx, func(ctx context.Context, id string, body []byte) int {
		return tellServer(ctx, client, c.URL, id, body, signed)
	})
	return errors.Join(err, h.Close(), s.Close())
}

func secretsIn(flag string, file []byte) (list []webhook.Secret, err error) {
	for _, text := range strings.Fields(string(file)) {
		secret, err := webhook.ParseSecret(text)
		if err != nil {
			return nil, fmt.Errorf("--%s: %w", flag, err)
		}
		list = append(list, secret)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("--%s is missing: a file with whsec_ and base64, one a line", flag)
	}
	return list, nil
}

// simulated takes the webhooks of the server; GET tells what the warehouse has done.
func simulated(s *simulator.Simulator, known []webhook.Secret) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_ = json.NewEncoder(w).Encode(s.Figures())
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, warehouse.EventBytes))
		if err != nil {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		id, err := webhook.Verify(r.Header, body, time.Now(), known...)
		if err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		m := warehouse.Message{ID: id}
		if err := json.Unmarshal(body, &m); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if err := s.Receive(m); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

// tellServer posts an event, and returns the status of the answer, 0 for none.
func tellServer(ctx context.Context, client *http.Client, url, id string, body []byte, secrets []webhook.Secret) int {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0
	}
	r.Header.Set("Content-Type", "application/json")
	if err := webhook.Sign(r.Header, id, time.Now(), body, secrets...); err != nil {
		return 0
	}
	answer, err := client.Do(r)
	if err != nil {
		return 0
	}
	outbound.Drain(answer, 0)
	return answer.StatusCode
}
