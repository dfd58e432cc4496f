package ledger

import (
	"context"
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// memory is a database of versions.
type memory struct {
	rows  []Row
	tiles map[string][]byte
}

func record(i int) Record {
	salt := func(kind byte) []byte {
		s := sha256.Sum256([]byte{kind, byte(i), byte(i >> 8), byte(i >> 16)})
		return s[:]
	}
	return Record{Index: uint64(i), Seq: fhir.Seq(i + 1), Millis: 1_793_610_000_000 + int64(i), EnvelopeSalt: salt(1), ContentSalt: salt(2),
		Version: &fhir.Version{Type: "Patient", ID: fmt.Sprint("p", i), VersionID: "1", Method: fhir.Create, Requester: fhir.Principal{Agent: "a", Roles: []string{"x", "y"}},
			JSON: fmt.Appendf(nil, `{"resourceType":"Patient","id":"p%d"}`, i)}}
}

// grow commits so many versions, a group at a time.
func (m *memory) grow(l *Log, n, group int) {
	for n > 0 {
		first := uint64(len(m.rows))
		var leaves []byte
		for range min(n, group) {
			r := record(len(m.rows))
			h := r.Hash()
			leaves = append(leaves, h[:]...)
			m.rows = append(m.rows, Row{Record: r, Leaf: h[:]})
			n--
		}
		_ = m.AddTiles(l.Add(first, leaves))
	}
}

func (m *memory) Total() (uint64, fhir.Seq, error) {
	return uint64(len(m.rows)), fhir.Seq(len(m.rows)), nil
}
func (m *memory) Wait(ctx context.Context, _ fhir.Seq) error { <-ctx.Done(); return ctx.Err() }
func (m *memory) Tile(name string) ([]byte, error)           { return m.tiles[name], nil }

func (m *memory) AddTiles(tiles []Tile) error {
	for _, t := range tiles {
		m.tiles[t.Name] = t.Value
	}
	return nil
}

func (m *memory) Rows(_ context.Context, from uint64, visit func(Row) error) error {
	for _, r := range m.rows[from:] {
		if err := visit(r); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) Commit(_ context.Context, seq fhir.Seq, visit func(Row) error) error {
	return visit(m.rows[seq-1])
}

func (m *memory) RowOf(_ context.Context, _, id, _ string) (Row, error) {
	for _, r := range m.rows {
		if r.Version.ID == id {
			return r, nil
		}
	}
	return Row{}, fhir.E("vread", fhir.NotFound, fhir.Issue{})
}

// started is a log of so many versions that is signed with a lock in a folder.
func started(t testing.TB, n, group int) (*Log, *memory, *Key) {
	m, l := &memory{tiles: map[string][]byte{}}, &Log{}
	require.NoError(t, l.Start(t.Context(), m))
	m.grow(l, n, group)
	dir := t.TempDir()
	key, err := LoadKey(dir+"/key", "pestle.example/log")
	require.NoError(t, err)
	lock, err := OpenLock(dir + "/lock")
	require.NoError(t, err)
	require.NoError(t, l.Sign(key, lock, nil))
	t.Cleanup(func() { _ = l.Close() })
	return l, m, key
}
