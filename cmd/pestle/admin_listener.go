package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/pestle-fhir/pestle/server"
)

// serveAdmin serves figures, health and profiles on an address of its own, where one is
// configured. Close the server that it returns.
func (c *serveCommand) serveAdmin(s *server.Server, log *slog.Logger) (*http.Server, error) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.Metrics())
	mux.Handle("GET /health", s.Health())
	mux.Handle("GET /health/{which}", s.Health())
	mux.Handle("GET /debug/pprof/", fromHere(pprof.Index))
	mux.Handle("GET /debug/pprof/profile", fromHere(pprof.Profile))
	mux.Handle("GET /debug/pprof/symbol", fromHere(pprof.Symbol))
	mux.Handle("GET /debug/pprof/trace", fromHere(pprof.Trace))
	h := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	if c.AdminAddr == "" {
		return h, nil
	}
	listener, err := net.Listen("tcp", c.AdminAddr)
	if err != nil {
		return nil, fmt.Errorf("--admin-addr %s: %w", c.AdminAddr, err)
	}
	go func() { _ = h.Serve(listener) }() // until it is closed
	log.Info("metrics, health and profiles", "addr", listener.Addr().String())
	return h, nil
}

// fromHere serves this machine alone, whatever address is listened on: profiles cost
// time, and name all that the program does. The command line, which may hold secrets,
// is not served at all.
func fromHere(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if own, err := ownMachine(r.RemoteAddr); err != nil || !own {
			http.Error(w, "Profiles are for programs on the server's own machine.", http.StatusForbidden)
			return
		}
		next(w, r)
	})
}
