package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/pestle-fhir/pestle/trust/ledger"
)

type witnessCommand struct {
	URL       string        `arg:"" help:"The server, such as https://fhir.example.org."`
	Key       string        `required:"" placeholder:"KEY|FILE" help:"The key of the log, as /log-key has it, or a file with it."`
	State     string        `required:"" placeholder:"FILE" help:"File with the checkpoint that was seen last; keep it where the server's operator cannot change it."`
	TokenFile string        `placeholder:"FILE" help:"File with an access token with the scopes system/$checkpoint and system/$log-consistency, read at each look."`
	CosignKey string        `placeholder:"FILE" help:"Key that signs what was seen (tlog-cosignature), made where there is no file."`
	Name      string        `default:"witness" help:"Name of a new key."`
	Every     time.Duration `placeholder:"DURATION" help:"Look again and again, such as 1m; once unless set."`
}

// Run looks at the log, and ends with exit code 1 at the first alarm.
func (c *witnessCommand) Run(std streams) error {
	w, err := c.witness(std)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	for {
		err := c.look(ctx, w, std)
		if alarm := (*ledger.AlarmError)(nil); c.Every == 0 || errors.As(err, &alarm) {
			return err
		}
		if err != nil {
			fmt.Fprintln(std.err, err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(c.Every):
		}
	}
}

func (c *witnessCommand) look(ctx context.Context, w *ledger.Witness, std streams) error {
	if c.TokenFile != "" {
		token, err := os.ReadFile(c.TokenFile)
		if err != nil {
			return err
		}
		w.Token = strings.TrimSpace(string(token))
	}
	seen, err := w.Observe(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(std.out, "%s: %s\n", seen.Origin, seen)
	return err
}

func (c *witnessCommand) witness(std streams) (*ledger.Witness, error) {
	key, err := readVerifier(c.Key)
	if err != nil {
		return nil, err
	}
	w := &ledger.Witness{URL: c.URL, Key: key, File: c.State}
	if c.CosignKey != "" {
		if w.Cosign, err = ledger.LoadKey(c.CosignKey, c.Name); err != nil {
			return nil, err
		}
		fmt.Fprintln(std.out, "signs with", w.Cosign.CosignatureKey())
	}
	return w, nil
}

// readVerifier reads the key of a log, or a file with it.
func readVerifier(key string) (note.Verifier, error) {
	if b, err := os.ReadFile(key); err == nil {
		key = string(b)
	}
	v, err := note.NewVerifier(strings.TrimSpace(key))
	if err != nil {
		return nil, fmt.Errorf("--key: %w: expected name, hash and key as /log-key has them, or a file with that", err)
	}
	return v, nil
}
