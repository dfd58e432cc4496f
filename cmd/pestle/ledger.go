package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
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

// signing says with what the log is signed. Both files are outside the database,
// so that no copy of it can sign in its place.
type signing struct {
	LogKey         string `env:"PESTLE_LOG_KEY" placeholder:"FILE" help:"File of the key that signs the log of changes, made at the first start. Beside the data folder unless set; a sandbox has it within."`
	CheckpointLock string `env:"PESTLE_CHECKPOINT_LOCK" placeholder:"FILE" help:"File with the last checkpoint that was signed: a database that does not continue it is not served. Beside the data folder unless set; a sandbox has it within."`
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

// sign has the log signed, and says what to do where it must not be.
func (s *signing) sign(l *ledger.Log, origin string, log *slog.Logger) error {
	key, err := ledger.LoadKey(s.LogKey, origin)
	if err != nil {
		return fmt.Errorf("%w; --log-key (PESTLE_LOG_KEY) names the file", err)
	}
	lock, err := ledger.OpenLock(s.CheckpointLock)
	if err != nil {
		return fmt.Errorf("%w; --checkpoint-lock (PESTLE_CHECKPOINT_LOCK) names the file", err)
	}
	err = l.Sign(key, lock, log)
	if errors.Is(err, ledger.ErrBehind) {
		err = fmt.Errorf("%w. This is an older copy, or another history: start the server that was used last, or restore the newest backup. Where what was signed is lost for good, `pestle proof recover` records that it is, and signs anew", err)
	}
	if err != nil {
		return errors.Join(err, lock.Close())
	}
	return nil
}

// origin names the log: the host by which clients know the server.
func (c *serveCommand) origin() string {
	if u, err := url.Parse(c.PublicURL); err == nil && u.Host != "" {
		return u.Host + "/log"
	}
	return "localhost/log"
}
