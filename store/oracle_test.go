package store_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/oracle"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

// TestOracleSynthea commits Synthea bundles: each is taken, every resource comes
// back as it was sent but for what is the server's and the links, and every
// link leads to a resource.
func TestOracleSynthea(t *testing.T) {
	const bundles = 16
	db := openDB(t, mem.New(), store.Options{})
	defer func() { require.NoError(t, db.Close()) }()
	names, err := filepath.Glob(filepath.Join(oracle.Dir(t), "load", "synthea", "*.bz2"))
	require.NoError(t, err)
	passed, total := 0, 0
	var misses []string
	for i, data := range synthea(t, bundles) {
		total++
		tx := bundleTransaction(t, data)
		c, err := db.Commit(ctx, tx)
		for k := 0; err == nil && k < len(tx.Changes); k++ {
			err = kept(db, tx.Changes[k].Resource, c.Results[k].Version)
		}
		if err == nil {
			passed++
		} else {
			misses = append(misses, filepath.Base(names[i]))
			t.Log(filepath.Base(names[i]), err)
		}
	}
	sound(t, db)
	oracle.Report(t, "store/synthea", passed, total, misses)
}

// kept compares what was sent with what is stored, value by value.
func kept(db *store.DB, sent *fhir.Resource, v *fhir.Version) error {
	stored, err := v.Resource()
	if err != nil {
		return err
	}
	before, now := values(sent), values(stored)
	if len(before) != len(now) {
		return fmt.Errorf("%s: %d values were sent, %d are stored", v.Ref(), len(before), len(now))
	}
	for i, was := range before {
		is := now[i]
		if string(was.Raw()) == string(is.Raw()) && was.Name() == is.Name() {
			continue
		}
		typ, id, ok := strings.Cut(is.Text(), "/")
		if !ok || is.Name() != "reference" {
			return fmt.Errorf("%s: %s was %s and is %s", v.Ref(), is.Expression(), was.Raw(), is.Raw())
		}
		if _, err := db.Read(ctx, typ, id); err != nil {
			return fmt.Errorf("%s: %s: %w", v.Ref(), is.Expression(), err)
		}
	}
	return nil
}

// values lists the scalars of a resource without those that the server sets.
func values(r *fhir.Resource) (list []fhir.Node) {
	for i := range r.Nodes() {
		n := r.Node(i)
		switch {
		case n.Kind() == fhir.Object || n.Kind() == fhir.Array:
		case n.Parent() == r.Root() && n.Name() == "id":
		case n.Parent() == r.Get("meta") && (n.Name() == "versionId" || n.Name() == "lastUpdated"):
		default:
			list = append(list, n)
		}
	}
	return list
}
