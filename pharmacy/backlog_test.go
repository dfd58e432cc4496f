package pharmacy

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestBacklog: new prescriptions are refused while a follower is too far behind,
// and taken again when it is not; nothing else ever is.
func TestBacklog(t *testing.T) {
	head := fhir.Seq(10)
	slow, idle := &Loop{Follower: echo{}}, &Loop{Follower: echo{}}
	slow.begun.Store(true)
	b := &Backlog{Most: 5}
	order := &fhir.Version{Type: "MedicationRequest", ID: "1", JSON: []byte("{}")}
	plain := &fhir.Transaction{}
	ask := func(tx *fhir.Transaction, before, after *fhir.Version) error {
		return b.Guard(t.Context(), nil, tx, before, after)
	}
	require.NoError(t, ask(plain, nil, order), "nobody follows yet")
	b.Watch(func() fhir.Seq { return head }, idle, slow)
	err := ask(plain, nil, order)
	require.Equal(t, fhir.Throttled, fhir.KindOf(err))
	require.ErrorContains(t, err, "has 10 commits to process, and may have 5")
	require.NoError(t, ask(plain, order, order), "a change of one that is stored")
	require.NoError(t, ask(plain, nil, &fhir.Version{Type: "Task", ID: "1", JSON: []byte("{}")}))
	require.NoError(t, ask(&fhir.Transaction{Cursor: fhir.Cursor{Name: "echo"}}, nil, order), "a follower's own")
	slow.at.Store(5)
	require.NoError(t, ask(plain, nil, order), "exactly as many as it may have")
	require.Empty(t, b.Full())
	slow.at.Store(4)
	require.Error(t, ask(plain, nil, order))
	b.Most = 0
	require.NoError(t, ask(plain, nil, order), "without a limit")
	name, lag := b.Lag()
	require.Equal(t, "echo", name)
	require.Equal(t, fhir.Seq(6), lag)
}
