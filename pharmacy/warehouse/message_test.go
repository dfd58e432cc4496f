package warehouse

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestMessageIDs: a message has the same id whenever it is sent, and another where it says
// something else, also under a revision that was given before a restore.
func TestMessageIDs(t *testing.T) {
	w := newWorld(t)
	b := newBook(w.db.State(t.Context()), monday, fhir.Principal{})
	id := func(change func(o *order)) string {
		o := &order{id: "a", org: "FA565", unit: "tablet", quantity: decimal.NewFromInt(28), status: orderActive, product: Product{Code: "4"}}
		o.stage, o.revision = stageReleased, 2
		change(o)
		m, err := b.message(o, w.now)
		require.NoError(t, err)
		return m.ID
	}
	released := id(func(*order) {})
	require.Equal(t, released, func() string { w.now = monday.AddDate(0, 0, 1); return id(func(*order) {}) }())
	for what, change := range map[string]func(o *order){"held": func(o *order) { o.paused = true }, "of less": func(o *order) { o.supplied = decimal.NewFromInt(1) }, "a later revision": func(o *order) { o.revision = 3 }, "another order": func(o *order) { o.id = "b" }} {
		require.NotEqual(t, released, id(change), what)
	}
}
