package store

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// reads counts what is asked of a reader.
type reads struct {
	kv.Reader
	n int
}

func (r *reads) Get(key []byte) ([]byte, bool, error) {
	r.n++
	return r.Reader.Get(key)
}

func (r *reads) Iterate(lo, hi []byte, reverse bool) kv.Iterator {
	r.n++
	return r.Reader.Iterate(lo, hi, reverse)
}

func named(t testing.TB, family string) *fhir.Resource {
	r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Patient","name":[{"family":%q}],"identifier":[{"system":"urn:mrn","value":%q}]}`, family, family))
	require.NoError(t, err)
	return r
}

func creates(t testing.TB, from, n int, condition string) *fhir.Transaction {
	tx := &fhir.Transaction{}
	for i := range n {
		c := fhir.Change{Method: fhir.Create, Type: "Patient", Resource: named(t, fmt.Sprintf("n%d", from+i))}
		if condition != "" {
			c.Condition = fmt.Sprintf(condition, from+i)
		}
		tx.Changes = append(tx.Changes, c)
	}
	return tx
}

// TestConditionsAreCheckedByWhatIsNew: whether the conditions of a plan still
// find what they found costs reads for what was written since, whatever their
// number and however many resources they scan.
func TestConditionsAreCheckedByWhatIsNew(t *testing.T) {
	ctx := context.Background()
	db, err := Open(mem.New(), Options{})
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	_, err = db.Commit(ctx, creates(t, 0, 50, ""))
	require.NoError(t, err)

	check := func(tx *fhir.Transaction, write *fhir.Transaction) (holds bool, n int) {
		p, err := db.plan(ctx, tx, make([]string, len(tx.Changes)), nil)
		require.NoError(t, err)
		_, err = db.Commit(ctx, write)
		require.NoError(t, err)
		require.NoError(t, db.look("test", 0, func(v view) error {
			r := &reads{Reader: v.r}
			v.r = r
			holds, err = (&recheck{ctx: ctx, v: v, p: p}).finds()
			n = r.n
			return err
		}))
		return holds, n
	}
	const scanning = "name:contains=nobody%d"
	next := 10_000
	for _, n := range []int{1, 100, 1000} {
		holds, reads := check(creates(t, 0, n, scanning), creates(t, next, 10, ""))
		next += 10
		require.True(t, holds)
		require.LessOrEqual(t, reads, 12, "%d conditions", n)
	}
	holds, _ := check(creates(t, 0, 5, scanning), &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Create, Type: "Patient", Resource: named(t, "Mrs Nobody3")}}})
	require.False(t, holds, "one that meets a condition was written")
	holds, _ = check(creates(t, 0, 5, "identifier=urn:mrn|n2000%d"), creates(t, 20003, 1, ""))
	require.False(t, holds, "also by an exact value")
}

// TestTheCommitterHasNoTimeForMuch: a transaction that would take the committer
// longer than it has is handed back, brought up to date outside, and decided as
// rightly as ever.
func TestTheCommitterHasNoTimeForMuch(t *testing.T) {
	before := insideTime
	defer func() { insideTime = before }()
	ctx := context.Background()
	db, err := Open(mem.New(), Options{})
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	submit := func(tx *fhir.Transaction, p *plan) (*fhir.Commit, error) {
		return db.submit(&request{ctx: ctx, tx: tx, ids: p.ids, salts: make([]byte, saltsLen*len(tx.Changes)), plan: p, done: make(chan struct{})})
	}
	for _, c := range []struct {
		family  string
		applied fhir.Applied
	}{{"Somebody", fhir.Created}, {"Nobody1", fhir.Matched}} {
		tx := creates(t, 0, 1, "name:contains=nobody1&gender:not=x%d")
		p, err := db.plan(ctx, tx, []string{"new-" + string(c.applied)}, nil)
		require.NoError(t, err)
		insideTime = before
		_, err = db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Create, Type: "Patient", Resource: named(t, c.family)}}})
		require.NoError(t, err)
		insideTime = 0
		_, err = submit(tx, p)
		require.ErrorIs(t, err, errAgain)
		p, err = db.plan(ctx, tx, p.ids, p)
		require.NoError(t, err)
		done, err := submit(tx, p)
		require.NoError(t, err)
		require.Equal(t, c.applied, done.Results[0].Applied, c.family)
		if c.applied == fhir.Created {
			_, err = db.Commit(ctx, &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Delete, Type: "Patient", ID: done.Results[0].Version.ID}}})
			require.NoError(t, err)
		}
	}
}
