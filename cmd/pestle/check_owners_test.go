package main

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/badger"
	"github.com/pestle-fhir/pestle/trust/ownership"
)

// kept is an engine that can be opened again after Close.
type kept struct{ kv.Engine }

func (kept) Close() error { return nil }

// TestCheckOfOwners removes, changes and adds each row of the tables of owners in the
// folder of a database: the check finds each, by the resource, and nothing else.
func TestCheckOfOwners(t *testing.T) {
	w := newOrgWorld(t)
	task := w.order("X99CL", "FA565", "9990001006")
	w.made("FA565", request{"POST", "/fhir/Task/" + task + "/$accept", "", []string{"X-Request-ID", "0d3b2a4e-5f0c-4a2f-9a53-8d1c5b1f7a10"}})
	w.made("A83008", request{"PUT", "/fhir/Patient/A83008-1", `{"resourceType":"Patient","id":"A83008-1"}`, nil})
	w.made("A83008", request{"DELETE", "/fhir/Patient/A83008-1", "", nil})
	w.stop()
	e, err := badger.Open(w.dir, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	check := func() []string {
		db, err := store.Open(kept{e}, store.Options{ReadOnly: true, Owners: ownership.New("")})
		require.NoError(t, err)
		f, err := db.Check(context.Background())
		require.NoError(t, err)
		require.NoError(t, db.Close())
		var texts []string
		for _, wrong := range f.Wrong {
			texts = append(texts, wrong.Resource+": "+wrong.Text)
		}
		return texts
	}
	set := func(key, value []byte) { require.NoError(t, e.Write([]kv.Op{{Key: key, Value: value}})) }
	require.Empty(t, check())
	rows := 0
	for _, table := range []string{"o", "w", "e"} {
		for _, row := range rowsOf(t, e, table) {
			rows++
			for damage, value := range map[string][]byte{"removed": nil, "changed": append([]byte{1}, row.Value...)} {
				set(row.Key, value)
				found := check()
				if assert.Len(t, found, 1, "%q %s", row.Key, damage) {
					typ := strings.Split(string(row.Key[1:]), "\x00")[0]
					assert.Contains(t, found[0], typ+"/", "%q %s", row.Key, damage)
					assert.NotContains(t, found[0], "(number", "%q %s", row.Key, damage)
				}
			}
			extra := append([]byte{}, row.Key...)
			extra[len(extra)-1] ^= 0x40
			set(row.Key, row.Value)
			set(extra, row.Value)
			assert.Len(t, check(), 1, "%q added", extra)
			set(extra, nil)
		}
	}
	assert.Greater(t, rows, 20)
	require.Empty(t, check())
}

func rowsOf(t *testing.T, e kv.Engine, table string) (rows []kv.Op) {
	s, err := e.Snapshot()
	require.NoError(t, err)
	defer s.Close()
	it := s.Iterate([]byte(table), []byte{table[0] + 1}, false)
	for it.Next() {
		rows = append(rows, kv.Op{Key: append([]byte{}, it.Key()...), Value: append([]byte{}, it.Value()...)})
	}
	require.NoError(t, it.Close())
	return rows
}
