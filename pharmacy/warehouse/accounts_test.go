package warehouse

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/outbound/webhook"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// keepers is who keeps the accounts.
type keepers struct {
	told  []string // day journal opening lines total
	ids   []string
	fails int
	gone  bool
}

func (k *keepers) Tell(_ context.Context, id string, body []byte) webhook.Result {
	if k.ids = append(k.ids, id); k.fails > 0 || k.gone {
		k.fails--
		return webhook.Result{Reason: "it answered 503", Gone: k.gone}
	}
	var m closed
	if json.Unmarshal(body, &m) != nil || !strings.HasPrefix(m.Data.Path, "Basic/$stock-journal?kind=") || m.Data.Pharmacy != "FA565" {
		return webhook.Result{Reason: "unread"}
	}
	k.told = append(k.told, strings.Join(strings.Fields(m.Data.Day+" "+m.Type+" "+m.Data.Opening+" "+itoa(m.Data.Lines)+" "+m.Data.Total), " "))
	return webhook.Result{Delivered: true}
}

// TestTellAccounts: each day that is over is told once, in order, also of days on which nobody
// took them; the control totals add up from one day to the next.
func TestTellAccounts(t *testing.T) {
	w := newWorld(t)
	k := &keepers{}
	tell := func(at time.Time) {
		t.Helper()
		w.now = at
		require.NoError(t, w.s.TellAccounts(t.Context(), k, at))
	}
	out := w.operation("receive-goods", map[string]string{"product": "4", "quantity": "200", "batch": "B1", "expiry": "2029-01-31", "price": "3.20"})
	require.False(t, strings.HasPrefix(out, "refused"), out)
	tuesday := monday.AddDate(0, 0, 1)
	// The first day is the first, however long its telling fails; that is not the warehouse's fault.
	k.fails = 4
	for _, after := range []time.Duration{0, time.Minute, 10 * time.Minute, time.Hour} {
		tell(tuesday.Add(after))
	}
	none, err := w.db.State(t.Context()).Find("Basic", nhs.Query("identifier", idLink, "failing"))
	require.NoError(t, err)
	require.Empty(t, none)
	failing, err := w.db.State(t.Context()).Find("Basic", nhs.Query("identifier", idTold, "failing"))
	require.NoError(t, err)
	require.Len(t, failing, 1)
	tuesday = tuesday.Add(8 * time.Hour)
	k.ids = nil
	tell(tuesday)
	require.Equal(t, []string{"2026-11-02 stock.valuation 1 3.20", "2026-11-02 stock.purchases 1 3.20", "2026-11-02 stock.sales 0 0.00", "2026-11-02 stock.changes 0 0.00", "2026-11-02 stock.orders 0", "2026-11-02 stock.purchase-orders 0 3.20", "2026-11-02 stock.control 0.00 0 3.20"}, k.told)
	tell(tuesday.Add(time.Hour))
	require.Len(t, k.told, 7, "a day is told once")
	w.operation("adjust-stock", map[string]string{"product": "4", "batch": "B1", "change": "-50", "reason": "crushed"})

	wednesday := tuesday.AddDate(0, 0, 1)
	k.fails, k.ids = 1, nil
	tell(wednesday)
	tell(wednesday.Add(time.Second))
	require.Len(t, k.ids, 1, "it waits after a failure")
	tell(wednesday.AddDate(0, 0, 1))
	require.Equal(t, k.ids[0], k.ids[1], "and is told again under the same id")
	require.Len(t, k.told, 21, "two days")
	require.Equal(t, "2026-11-03 stock.changes 1 -0.80", k.told[10])
	require.Equal(t, "2026-11-03 stock.control 3.20 0 2.40", k.told[13])
	require.Equal(t, "2026-11-04 stock.control 2.40 0 2.40", k.told[20])
	require.Len(t, map[string]bool{k.ids[1]: true, k.ids[8]: true}, 2)

	id := func(j Journal, body string) string { return w.s.messageID(nhs.DateOf(wednesday), j, []byte(body)) }
	require.Equal(t, id(Orders, "1"), id(Orders, "2"), "the orders of now")
	require.NotEqual(t, id(Valuation, "1"), id(Valuation, "2"))

	k.gone, k.ids = true, nil
	tell(wednesday.AddDate(0, 0, 2))
	tell(wednesday.AddDate(0, 0, 2).Add(time.Hour))
	require.Len(t, k.ids, 1, "410: no more for a day")
	told, err := w.s.toldOf(w.db.State(t.Context()))
	require.NoError(t, err)
	require.True(t, told.Over)
	k.gone = false
	tell(wednesday.AddDate(0, 0, 3))
	require.Len(t, k.told, 35)
}
