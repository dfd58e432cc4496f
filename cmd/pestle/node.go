package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/node"
	"github.com/pestle-fhir/pestle/trust/audit"
	"github.com/pestle-fhir/pestle/trust/emergency"
	"github.com/pestle-fhir/pestle/trust/ledger"
)

// serveNode serves as one of several servers with the same data: until the seat has it
// lead, it answers reads and passes everything else on.
func (c *serveCommand) serveNode(ctx context.Context, first *app, listener net.Listener, log *slog.Logger) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	m := &member{serving: c, base: first.base, first: first, at: listener.Addr(), log: log}
	m.node = &node.Node{Seat: c.seat, Database: first.db, Begin: m.begin, Term: func() uint64 { return first.db.Role().Term }, Bases: server.Bases, Logger: log,
		Client: &http.Client{Transport: passing(c.nodeRoots), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	if err := m.node.Start(ctx); err != nil {
		return err
	}
	ran, failed := make(chan struct{}), error(nil)
	go func() {
		defer close(ran)
		if failed = m.node.Run(ctx); failed != nil {
			stop()
		}
	}()
	following := m.following(ctx)
	var handler http.Handler = m.node
	shipping := make(<-chan struct{})
	if c.replica != nil {
		handler, shipping = c.replica.within(m.node, func() http.Handler { return m.stack.Load() }), c.replica.run(ctx)
	}
	return c.answer(ctx, handler, listener, func() error {
		stop()
		<-ran
		<-following
		if c.replica != nil {
			<-shipping
		}
		return errors.Join(failed, m.stack.Load().end())
	}, log, func() {})
}

// member is a node of this program.
type member struct {
	serving *serveCommand
	base    *base
	first   *app // of the first stack; nil once that is made
	at      net.Addr
	log     *slog.Logger
	node    *node.Node
	stack   atomic.Pointer[stack]
}

// begin takes the parts and the stack of a new term, or of the time between two, in the
// place of those before.
func (m *member) begin(ctx context.Context, leads bool) (_ node.Stack, err error) {
	app := m.first
	if m.first = nil; app == nil {
		if app, err = m.base.parts(); err != nil {
			return nil, err
		}
		if err := m.stack.Load().end(); err != nil {
			return nil, err
		}
	}
	if err := m.base.recall(ctx); err != nil {
		return nil, err
	}
	k, err := m.serving.stack(app, m.at, leads, m.tell, m.log)
	if err != nil {
		return nil, err
	}
	m.stack.Store(k)
	return k, k.run(context.WithoutCancel(ctx))
}

// ServeHTTP answers.
func (k *stack) ServeHTTP(w http.ResponseWriter, r *http.Request) { k.handler.ServeHTTP(w, r) }

// Holds waits until a position is read here.
func (k *stack) Holds(ctx context.Context, written string) error { return k.server.Holds(ctx, written) }

// Knows reports whether a caller shows no token, or one that another issuer has signed:
// of those of this program, and of sessions, the leader alone knows which are in force.
func (k *stack) Knows(r *http.Request) bool {
	token, err := auth.Token(r)
	return err != nil || k.serving.taken != nil && strings.Contains(token, ".")
}

// passing is by which requests are passed on: a node that is gone must show soon.
func passing(roots *x509.CertPool) *http.Transport {
	return &http.Transport{DialContext: (&net.Dialer{Timeout: time.Second}).DialContext, MaxIdleConnsPerHost: 128, IdleConnTimeout: time.Minute, DisableCompression: true,
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
}

// tell adds to a configuration what is told of a node.
func (m *member) tell(config *server.Config, leads bool) {
	db := m.base.db
	role := map[bool]string{true: "leads", false: "follows"}[leads]
	config.Notes = func() []string {
		r := db.Role()
		notes := []string{fmt.Sprintf("node %s %s in term %d, at place %d of the log", m.serving.nodeName, role, r.Term, r.Place)}
		if leader, _ := m.serving.seat.Leader(); leader != "" {
			notes = append(notes, "the leader is at "+leader)
		}
		return notes
	}
	config.Warnings = append(config.Warnings, func() string {
		if leader, _ := m.serving.seat.Leader(); leader == "" && !leads {
			return "No server takes writes at this moment."
		}
		return ""
	})
	config.Counters = append(config.Counters,
		server.Counter{Name: "pestle_node_leads", Gauge: true, Help: "1 where this node takes the writes of all.", Value: func() float64 { return truth(leads) }},
		server.Counter{Name: "pestle_node_term", Gauge: true, Help: "The newest term that this node knows of.", Value: func() float64 { return float64(db.Role().Term) }},
		server.Counter{Name: "pestle_node_place", Gauge: true, Help: "Up to which place this node holds the log.", Value: func() float64 { return float64(db.Role().Place) }},
		server.Counter{Name: "pestle_node_lag_records", Gauge: true, Help: "Records of the log that this node does not hold yet; -1 where the log does not answer.", Value: m.lag})
}

func (m *member) lag() float64 {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	last, err := m.base.config.Journal.Last(ctx)
	if err != nil {
		return -1
	}
	return max(0, float64(last)-float64(m.base.db.Role().Place))
}

// recall reads what is known of the database beside it.
func (b *base) recall(ctx context.Context) error {
	return b.emergencies.Load(b.db.State(ctx))
}

// following keeps what a node knows of the database beside it up to date while another
// one writes: definitions, and records that were opened in an emergency.
func (m *member) following(ctx context.Context) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		db := m.base.db
		for seq := db.Head(); ctx.Err() == nil; {
			if db.Wait(ctx, seq) != nil {
				return
			}
			entries, err := db.Log(ctx, seq, 256)
			if err != nil || len(entries) == 0 {
				continue
			}
			seq = entries[len(entries)-1].Seq
			if !m.node.Leads() {
				m.learn(ctx, entries)
			}
		}
	}()
	return done
}

// learn takes over what commits say.
func (m *member) learn(ctx context.Context, entries []fhir.LogEntry) {
	wrote := func(is func(*fhir.Version) bool) bool {
		return slices.ContainsFunc(entries, func(e fhir.LogEntry) bool { return slices.ContainsFunc(e.Versions, is) })
	}
	if wrote(func(v *fhir.Version) bool { return slices.Contains(profiles.DefinitionTypes, v.Type) }) {
		m.stack.Load().app.repository.Sync(ctx)
	}
	if wrote(func(v *fhir.Version) bool {
		return v.Type == "Task" && bytes.Contains(v.JSON, []byte(emergency.System))
	}) {
		if err := m.base.recall(ctx); err != nil && ctx.Err() == nil {
			m.log.ErrorContext(ctx, "records that are open in an emergency cannot be read", "error", err)
		}
	}
}

// signNode signs what one of several servers signs: the log of changes where it leads,
// and always its own audit log, which is another one than that of each other node, with
// a key of its own.
func (c *serveCommand) signNode(leads bool) func(*app, string, *slog.Logger) error {
	return func(a *app, origin string, log *slog.Logger) error {
		own, err := ledger.LoadKey(c.LogKey+".node", origin+"/"+c.nodeName)
		if err == nil {
			own, err = own.Of(audit.LogName)
		}
		if err == nil {
			err = a.signWith(a.accesses, own, c.auditLock(), log)
		}
		if err != nil || !leads {
			return err
		}
		key, err := ledger.LoadKey(c.LogKey, origin)
		if err == nil {
			err = a.signWith(&a.ledger.Notary, key, c.CheckpointLock, log)
		}
		if err != nil {
			return errors.Join(err, a.closeLogs())
		}
		return nil
	}
}
