package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"sync"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/trust/audit"
	"github.com/pestle-fhir/pestle/trust/ledger"
)

// leafOf is the leaf of a version for the store.
func leafOf(r store.LeafRecord) [32]byte { return ledger.Record(r).Hash() }

// checkpoints has the store write the tiles of a log.
func checkpoints(l *ledger.Log) store.Checkpoint {
	return func(first uint64, leaves []byte) (tiles []store.Tile) {
		for _, t := range l.Add(first, leaves) {
			tiles = append(tiles, store.Tile(t))
		}
		return tiles
	}
}

// logged is a database as its log sees it.
type logged struct{ *store.DB }

// AddTiles stores tiles that are missing.
func (l logged) AddTiles(tiles []ledger.Tile) error {
	list := make([]store.Tile, len(tiles))
	for i, t := range tiles {
		list[i] = store.Tile(t)
	}
	return l.DB.AddTiles(list)
}

func rowOf(r store.LeafRow) ledger.Row {
	return ledger.Row{Record: ledger.Record(r.LeafRecord), Leaf: r.Leaf, Lost: r.Lost}
}

// Rows visits the versions from one on.
func (l logged) Rows(ctx context.Context, from uint64, visit func(ledger.Row) error) error {
	return l.Leaves(ctx, from, func(r store.LeafRow) error { return visit(rowOf(r)) })
}

// Commit visits the versions of a commit.
func (l logged) Commit(ctx context.Context, seq fhir.Seq, visit func(ledger.Row) error) error {
	return l.LeavesOf(ctx, seq, func(r store.LeafRow) error { return visit(rowOf(r)) })
}

// RowOf returns one version.
func (l logged) RowOf(ctx context.Context, typ, id, version string) (ledger.Row, error) {
	r, err := l.LeafOf(ctx, typ, id, version)
	return rowOf(r), err
}

// signing says with what the logs are signed. The files are outside the database,
// so that no copy of it can sign in its place.
type signing struct {
	LogKey         string `env:"PESTLE_LOG_KEY" placeholder:"FILE" help:"File of the key that signs the log of changes and the audit log, made at the first start. Beside the data folder unless set; a sandbox has it within."`
	CheckpointLock string `env:"PESTLE_CHECKPOINT_LOCK" placeholder:"FILE" help:"File with the last checkpoint that was signed: a database that does not continue it is not served. That of the audit log is beside it, with .audit behind its name. Beside the data folder unless set; a sandbox has it within."`
}

// The files of a log within the folder of a sandbox.
const (
	sandboxKey  = "log-key"
	sandboxLock = "checkpoint.lock"
)

// complete names the files that are not set: beside the data folder, or within it.
func (s *signing) complete(data string, within bool) {
	if data == "" {
		return
	}
	base := filepath.Clean(data) + "."
	if within {
		base = data + string(filepath.Separator)
	}
	s.LogKey, s.CheckpointLock = cmp.Or(s.LogKey, base+sandboxKey), cmp.Or(s.CheckpointLock, base+sandboxLock)
}

// auditLock is the checkpoint lock of the audit log, beside that of the log of
// changes.
func (s *signing) auditLock() string { return s.CheckpointLock + "." + audit.LogName }

// auditPublic is the key with which the checkpoints of the audit log are verified.
func auditPublic(key *ledger.Key) string {
	k, err := key.Of(audit.LogName)
	if err != nil {
		panic(err) // its name is a longer one
	}
	return k.Public()
}

// sign has the logs signed, and says what to do where they must not be.
func (s *signing) sign(a *app, origin string, log *slog.Logger) error {
	key, err := ledger.LoadKey(s.LogKey, origin)
	if err != nil {
		return fmt.Errorf("%w; --log-key (PESTLE_LOG_KEY) names the file", err)
	}
	if err := a.signWith(&a.ledger.Notary, key, s.CheckpointLock, log); err != nil {
		return err
	}
	if key, err = key.Of(audit.LogName); err == nil {
		err = a.signWith(a.accesses, key, s.auditLock(), log)
	}
	if err != nil {
		return errors.Join(err, a.ledger.Close())
	}
	return nil
}

func (a *app) signWith(n *ledger.Notary, key *ledger.Key, path string, log *slog.Logger) error {
	lock, err := ledger.OpenLock(path)
	if err != nil {
		return fmt.Errorf("%w; --checkpoint-lock (PESTLE_CHECKPOINT_LOCK) names the file", err)
	}
	err = n.Sign(key, lock, log)
	if errors.Is(err, ledger.ErrBehind) {
		err = fmt.Errorf("%w. This is an older copy, or another history: start the server that was used last, or restore the newest backup. Where what was signed is lost for good, `pestle proof recover` records that it is, and signs anew", err)
	}
	if err != nil {
		return errors.Join(err, lock.Close())
	}
	a.signed = append(a.signed, n)
	return nil
}

// signLogs signs what is committed until ctx ends; the channel is closed then.
func (a *app) signLogs(ctx context.Context) <-chan struct{} {
	var group sync.WaitGroup
	for _, n := range a.signed {
		group.Go(func() { n.Run(ctx) })
	}
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	return done
}

// closeLogs signs what is committed, and releases the locks.
func (a *app) closeLogs() (err error) {
	for _, n := range a.signed {
		err = errors.Join(err, n.Close())
	}
	return err
}

// proofs are the logs of a server as it serves them: that of changes and, under its
// name, that of who was shown what.
type proofs struct{ app *app }

// File returns a file of a log.
func (p proofs) File(ctx context.Context, path string) (data []byte, fixed, ok bool, err error) {
	if path, of := strings.CutPrefix(path, audit.LogName+"/"); of {
		return p.app.accesses.File(ctx, path)
	}
	return p.app.ledger.File(ctx, path)
}

// Public is the key of the log of changes.
func (p proofs) Public() string { return p.app.ledger.Public() }

// Receipt seals a commit for who made it.
func (p proofs) Receipt(seq fhir.Seq) string { return p.app.ledger.Receipt(seq) }

// Proof proves that a version is in the log of changes, or that the event of an
// AuditEvent is in that of who was shown what. It tells of the whole event.
func (p proofs) Proof(ctx context.Context, typ, id, version string) (*fhir.Resource, error) {
	records := p.app.repository.records
	if typ != auditEvent {
		return p.app.ledger.Proof(ctx, typ, id, version)
	}
	parts, err := records.Parts(ctx, id)
	if fhir.KindOf(err) == fhir.NotFound { // one that is stored
		return p.app.ledger.Proof(ctx, typ, id, version)
	}
	if err != nil {
		return nil, err
	}
	for _, part := range parts {
		if part.ID != id {
			server.Tell(ctx, part)
		}
	}
	return records.Proof(ctx, p.app.accesses, id)
}

// origin names the log: the host by which clients know the server.
func (c *serveCommand) origin() string {
	if u, err := url.Parse(c.PublicURL); err == nil && u.Host != "" {
		return u.Host + "/log"
	}
	return "localhost/log"
}
