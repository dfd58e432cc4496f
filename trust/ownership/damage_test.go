package ownership_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/kvtest"
	"github.com/pestle-fhir/pestle/store/kv/mem"
	"github.com/pestle-fhir/pestle/trust/ownership"
)

func writeOnePatient(t *testing.T, db *store.DB, who fhir.Principal, versions int) {
	for i := range versions {
		r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Patient","id":"A1-p","multipleBirthInteger":%d}`, i))
		require.NoError(t, err)
		_, err = db.Commit(as(who), &fhir.Transaction{Requester: who, Changes: []fhir.Change{{Method: fhir.Update, Type: "Patient", ID: "A1-p", Resource: r}}})
		require.NoError(t, err)
	}
}

func as(p fhir.Principal) context.Context { return fhir.WithPrincipal(context.Background(), &p) }

// TestDamagedForItsOwner: a damaged version is a hole in what its owner sees, and
// not the end of it; a stranger hears of nothing, even where it cannot be read
// whose it is.
func TestDamagedForItsOwner(t *testing.T) {
	e := &kvtest.Damaged{Engine: mem.New()}
	writeOnePatient(t, open(t, e, ownership.New("FA565")), principal("A1"), 3)
	db := open(t, e, ownership.New("FA565")) // one that has nothing in memory
	second := kv.Damage{Where: "block", Low: []byte("vPatient\x00\x00\x00\x00\x00\x01\xff\xff\xff\xfd"), High: []byte("vPatient\x00\x00\x00\x00\x00\x01\xff\xff\xff\xfe")}
	owner, stranger := as(principal("A1")), as(principal("B2"))

	e.Parts = []kv.Damage{second}
	for _, id := range []string{"A1-p", ""} {
		h, err := db.History(owner, fhir.HistoryQuery{Type: "Patient", ID: id, Count: 50})
		require.NoError(t, err)
		require.Len(t, h.Versions, 3)
	}
	_, err := db.VRead(owner, "Patient", "A1-p", "1")
	require.NoError(t, err)

	e.Parts = []kv.Damage{{Where: "block", Low: []byte("iPatient\x00"), High: []byte("iPatient\x00z")}}
	_, err = open(t, e, ownership.New("FA565")).Read(owner, "Patient", "A1-p") // where it is not in memory
	require.ErrorIs(t, err, kv.ErrDamaged, "its owner is not told that there is none")

	e.Parts = []kv.Damage{second, {Where: "block", Low: []byte("w"), High: []byte("x")}}
	h, err := db.History(stranger, fhir.HistoryQuery{Type: "Patient", Count: 50})
	if err == nil {
		assert.Empty(t, h.Versions)
	}
}

// ruled are rules under another name.
type ruled struct {
	*ownership.Rules
	name string
}

func (r ruled) Version() string { return r.name }

// killed is an engine whose process ends after some writes.
type killed struct {
	kv.Engine
	left *int
}

func (k killed) Write(ops []kv.Op) error {
	if *k.left--; *k.left < 0 {
		return errors.New("killed")
	}
	return k.Engine.Write(ops)
}

func (killed) Close() error { return nil }

// TestRenewalBreaksOff: a renewal that breaks off begins again, also where the
// program before opens the database.
func TestRenewalBreaksOff(t *testing.T) {
	left := 1 << 30
	e := killed{mem.New(), &left}
	owner := principal("A1")
	writeOnePatient(t, open(t, e, ruled{ownership.New("FA565"), "1"}), owner, 1)
	for writes := range 6 {
		left = writes
		_, err := store.Open(e, store.Options{Owners: ruled{ownership.New("FA565"), "2"}})
		left = 1 << 30
		db, e2 := store.Open(e, store.Options{Owners: ruled{ownership.New("FA565"), "1"}})
		require.NoError(t, e2)
		_, e2 = db.Read(as(owner), "Patient", "A1-p")
		require.NoError(t, e2, "after %d writes: %v", writes, err)
	}
}
