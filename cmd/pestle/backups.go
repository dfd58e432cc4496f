package main

import (
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/archive"
)

// backups remembers how the backups of a running server went, beside the commits: what
// is told of them is told after a restart too.
type backups struct {
	shelf *store.Shelf
	log   *slog.Logger
	mu    sync.Mutex
	known backupState
}

// backupState is what is remembered.
type backupState struct {
	Written time.Time `json:"written,omitzero"` // when the last one was complete
	Failed  time.Time `json:"failed,omitzero"`  // when the last one that failed did, zero after one that did not
	Bytes   int64     `json:"bytes,omitempty"`  // of the last one that was complete
	Since   uint64    `json:"since,omitempty"`  // it holds the commits after this one
	Seq     uint64    `json:"seq,omitempty"`    // up to this one
}

const backupsName = "backups"

// recall reads what the process before remembered.
func recallBackups(shelf *store.Shelf, log *slog.Logger) (*backups, error) {
	b := &backups{shelf: shelf, log: log}
	err := shelf.Each(func(name string, value []byte) error {
		if name != backupsName {
			return nil
		}
		return json.Unmarshal(value, &b.known)
	})
	return b, err
}

// done remembers how a backup went.
func (b *backups) done(at time.Time, bytes int64, h archive.Header, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.known.Failed = at
	} else {
		b.known = backupState{Written: at, Bytes: bytes, Since: h.Since, Seq: h.Seq}
	}
	text, err := json.Marshal(b.known)
	if err == nil {
		err = b.shelf.Write(map[string][]byte{backupsName: text})
	}
	if err != nil { // it is remembered as long as the process lasts
		b.log.Warn("how the backup went could not be stored", "error", err)
	}
}

func (b *backups) state() backupState {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.known
}

// counters are the figures of backups for /metrics.
func (b *backups) counters() []server.Counter {
	return []server.Counter{
		{Name: "pestle_backup_timestamp_seconds", Gauge: true, Help: "When the last backup of the running server was written, Unix time; 0 for none.", Value: func() float64 { return seconds(b.state().Written) }},
		{Name: "pestle_backup_failed", Gauge: true, Help: "1 where the last backup of the running server failed.", Value: func() float64 {
			if b.state().Failed.IsZero() {
				return 0
			}
			return 1
		}},
	}
}
