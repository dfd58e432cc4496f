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

	"github.com/pestle-fhir/pestle/trust/audit"
	"github.com/pestle-fhir/pestle/trust/ledger"
)

type witnessCommand struct {
	URL       string        `arg:"" help:"The server, such as https://fhir.example.org."`
	Key       string        `required:"" placeholder:"KEY|FILE" help:"The key of the log, as /log-key has it, or a file with it."`
	State     string        `required:"" placeholder:"FILE" help:"File with the checkpoint of the log of changes that was seen last, and with .audit behind its name that of the audit log; keep them where the server's operator cannot change them."`
	TokenFile string        `placeholder:"FILE" help:"File with an access token with the scopes system/$checkpoint and system/$log-consistency, read at each look."`
	CosignKey string        `placeholder:"FILE" help:"Key that signs what was seen (tlog-cosignature), made where there is no file."`
	Name      string        `default:"witness" help:"Name of a new key."`
	Every     time.Duration `placeholder:"DURATION" help:"Look again and again, such as 1m; once unless set."`
}

// Run looks at the logs, and ends with exit code 1 at the first alarm.
func (c *witnessCommand) Run(std streams) error {
	logs, err := c.witnesses(std)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	for {
		err := c.look(ctx, logs, std)
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

// look looks at each log, whatever is wrong with another one.
func (c *witnessCommand) look(ctx context.Context, logs []*ledger.Witness, std streams) (failed error) {
	token := ""
	if c.TokenFile != "" {
		text, err := os.ReadFile(c.TokenFile)
		if err != nil {
			return err
		}
		token = strings.TrimSpace(string(text))
	}
	for _, w := range logs {
		w.Token = token
		seen, err := w.Observe(ctx)
		if err == nil {
			_, err = fmt.Fprintf(std.out, "%s: %s\n", seen.Origin, seen)
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

// witnesses are one for each log of the server.
func (c *witnessCommand) witnesses(std streams) (logs []*ledger.Witness, err error) {
	var cosign *ledger.Key
	if c.CosignKey != "" {
		if cosign, err = ledger.LoadKey(c.CosignKey, c.Name); err != nil {
			return nil, err
		}
		fmt.Fprintln(std.out, "signs with", cosign.CosignatureKey())
	}
	for _, log := range []string{"", audit.LogName} {
		key, err := readVerifier(c.Key, log)
		if err != nil {
			return nil, err
		}
		logs = append(logs, &ledger.Witness{URL: c.URL, Log: log, Key: key, File: strings.TrimSuffix(c.State+"."+log, "."), Cosign: cosign})
	}
	return logs, nil
}

// readVerifier reads the key of the log of changes, or a file with it, and returns
// that of one of the logs of its server: "" for that of changes.
func readVerifier(key, log string) (note.Verifier, error) {
	if b, err := os.ReadFile(key); err == nil {
		key = string(b)
	}
	key = strings.TrimSpace(key)
	if of, err := ledger.PublicOf(key, log); err == nil && log != "" {
		key = of
	}
	v, err := note.NewVerifier(key)
	if err != nil {
		return nil, fmt.Errorf("--key: %w: expected name, hash and key as /log-key has them, or a file with that", err)
	}
	return v, nil
}
