package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/mem"
)

func plain(request string) fhir.Receipt {
	return fhir.Receipt{Key: fhir.PlainReceipt + "id", Body: []byte(`{"request":"` + request + `"}`), Plain: true}
}

// TestRepeat: a plain write under the key of another one returns what came of that, until it
// is forgotten; another request under it is carried out and remembered in its place, and one that wrote nothing leaves none.
func TestRepeat(t *testing.T) {
	db := openDB(t, mem.New(), store.Options{Purge: anyPurge})
	write := func(at time.Time, r fhir.Receipt, changes ...fhir.Change) (*fhir.Commit, error) {
		return db.Commit(ctx, &fhir.Transaction{Time: at, Changes: changes, Receipt: r, Requester: purger})
	}
	_, err := write(epoch, plain("a"), fhir.Change{Method: fhir.Delete, Type: "Patient", ID: "none"})
	require.NoError(t, err)
	_, found, err := db.ReceiptFor(ctx, plain("a").Key)
	require.NoError(t, err)
	require.False(t, found)

	changes := []fhir.Change{post(patient(t, "1", "Bell")), put("b", patient(t, "2", "Ames")), {Method: fhir.Delete, Type: "Patient", ID: "none"}}
	first, err := write(epoch, plain("a"), changes...)
	require.NoError(t, err)
	_, err = write(epoch.Add(time.Hour), fhir.Receipt{}, put("b", patient(t, "2", "Ames-Bell")))
	require.NoError(t, err)
	again, err := write(epoch.Add(2*time.Hour), plain("a"), changes...)
	require.NoError(t, err)
	require.True(t, again.Repeated)
	require.Equal(t, first.Seq, again.Seq)
	require.Len(t, again.Results, 3)
	for i, was := range first.Results {
		require.Equal(t, was.Applied, again.Results[i].Applied)
		if was.Version == nil {
			require.Nil(t, again.Results[i].Version)
			continue
		}
		require.Equal(t, was.Version.Ref()+was.Version.VersionID, again.Results[i].Version.Ref()+again.Results[i].Version.VersionID)
		require.Equal(t, was.Version.JSON, again.Results[i].Version.JSON)
	}
	other, err := write(epoch.Add(2*time.Hour), plain("b"), changes...)
	require.NoError(t, err)
	require.False(t, other.Repeated)
	again, err = write(epoch.Add(2*time.Hour), plain("b"), changes...)
	require.NoError(t, err)
	require.True(t, again.Repeated)
	require.Equal(t, other.Seq, again.Seq)

	n, err := db.ForgetRepeats(ctx, epoch.Add(2*time.Hour))
	require.NoError(t, err)
	require.Zero(t, n)
	n, err = db.ForgetRepeats(ctx, epoch.Add(2*time.Hour+time.Minute))
	require.NoError(t, err)
	require.Equal(t, 1, n)
	_, found, err = db.ReceiptFor(ctx, plain("a").Key)
	require.NoError(t, err)
	require.False(t, found)

	_, err = write(epoch.Add(3*time.Hour), plain("c"), put("c", patient(t, "3", "Cole")))
	require.NoError(t, err)
	_, err = write(epoch.Add(3*time.Hour), fhir.Receipt{}, purge("Patient", "c", "1"), note(t))
	require.NoError(t, err)
	_, err = write(epoch.Add(3*time.Hour), plain("c"), put("c", patient(t, "3", "Cole")))
	require.Equal(t, fhir.Deleted, fhir.KindOf(err), "%v", err)
	n, err = db.ForgetRepeats(ctx, epoch.Add(4*time.Hour))
	require.NoError(t, err)
	require.Zero(t, n, "that it was purged is kept")
	found2, err := db.Check(ctx)
	require.NoError(t, err)
	require.Empty(t, found2.Wrong)
}
