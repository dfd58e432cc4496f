package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// healthCommand asks a server on this machine whether it is ready, for what starts and
// watches it and has no program that speaks HTTP, such as a container.
type healthCommand struct {
	Addr string        `env:"PESTLE_ADDR" default:"127.0.0.1:8080" help:"Address that the server listens on, as of serve."`
	Live bool          `help:"Ask whether the process answers, and not whether it takes requests."`
	Wait time.Duration `default:"0s" placeholder:"DURATION" help:"How long to wait for it, such as 30s; it is asked once unless set."`
}

// Run prints what the server says. An error is that it is not ready.
func (c *healthCommand) Run(std streams) error {
	host, port, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return fmt.Errorf("--addr %s: %w", c.Addr, err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	path := map[bool]string{true: "/health/live", false: "/health/ready"}[c.Live]
	until := time.Now().Add(c.Wait)
	for {
		text, err := c.ask(net.JoinHostPort(host, port) + path)
		if err == nil {
			_, err := fmt.Fprintln(std.out, text)
			return err
		}
		if !time.Now().Before(until) {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// ask returns the answer of a server that is ready. Whether it speaks TLS is tried; its
// certificate is of a name by which others know it, and nothing is told to it.
func (c *healthCommand) ask(address string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // see above
	var errs []error
	for _, scheme := range []string{"http://", "https://"} {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+address, nil)
		if err != nil {
			return "", err
		}
		answer, err := client.Do(r)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		text, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
		_ = answer.Body.Close()
		said := cmp.Or(strings.TrimSpace(string(text)), answer.Status)
		switch {
		case err != nil:
			return "", err
		case answer.StatusCode == http.StatusOK:
			return said, nil
		case answer.StatusCode == http.StatusBadRequest && scheme == "http://":
			continue // it speaks TLS
		}
		return "", errors.New("not ready: " + said)
	}
	return "", errors.Join(errs...)
}
