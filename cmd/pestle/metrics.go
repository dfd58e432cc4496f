package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/pestle-fhir/pestle/server"
)

// serveMetrics serves /metrics on an address of its own, where one is
// configured. Close the server that it returns.
func (c *serveCommand) serveMetrics(s *server.Server, log *slog.Logger) (*http.Server, error) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.Metrics())
	h := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	if c.MetricsAddr == "" {
		return h, nil
	}
	listener, err := net.Listen("tcp", c.MetricsAddr)
	if err != nil {
		return nil, fmt.Errorf("--metrics-addr %s: %w", c.MetricsAddr, err)
	}
	go func() { _ = h.Serve(listener) }() // until it is closed
	log.Info("metrics", "addr", listener.Addr().String())
	return h, nil
}
