package warehouse

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse/stock"
)

// TestRandomHistories: whatever happens to prescriptions and stock, in whatever order,
// the ledger agrees with the log, and the balance is what was received less what is
// stated to be supplied and what was destroyed.
func TestRandomHistories(t *testing.T) {
	var corrected atomic.Int32
	t.Cleanup(func() { require.NotZero(t, corrected.Load(), "receipts that were corrected") })
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 11))
			w := newWorld(t)
			require.NoError(t, w.write(true, fhir.Change{Method: fhir.Update, Type: "Patient", ID: "ada", Resource: fhir.Obj("resourceType", "Patient", "id", "ada").Resource()}))
			other, stated := map[string]decimal.Decimal{}, map[string]decimal.Decimal{} // by product; by dispense
			product := map[string]string{}
			sum := decimal.Zero // of the register
			first := func() {
				for _, code := range []string{"4", "1"} {
					q := decimal.NewFromInt(int64(50 + r.IntN(100)))
					against := ""
					if r.IntN(2) == 0 { // an order that there is, or one more, from which more may come than is outstanding
						against = fmt.Sprint("PO-", r.IntN(4), ":", code)
						w.operation("order-goods", map[string]string{"product": code, "quantity": "150", "number": against[:4], "supplier": "W", "price": "2.99", "purpose": "stock", "signed": "P:pharmacist"})
					}
					if code == "1" {
						if err := w.entered(Entered{Kind: stock.Receipt, Change: q, Sum: sum.Add(q), Batch: fmt.Sprint("M", r.IntN(3)), Expiry: day("2027-01-31"), Party: "W", Order: w.purchaseRef(against)}); err != nil {
							require.Contains(t, failure(err), "STOCK-")
							continue
						}
						sum = sum.Add(q)
					} else if refused := w.operation("receive-goods", map[string]string{"product": code, "quantity": q.String(), "batch": fmt.Sprint("B", r.IntN(3)), "expiry": "2027-01-31", "from": "W", "price": "1.00", "against": against}); strings.HasPrefix(refused, "refused") { // the batch is recalled, or more came than was ordered
						continue
					}
					other[code] = other[code].Add(q)
				}
			}
			first()
			for n := range 120 {
				id, code := fmt.Sprint("o", r.IntN(10)), []string{"4", "1"}[r.IntN(2)]
				m := w.tasks[id]
				switch act := r.IntN(10); {
				case m == nil:
					w.tasks[id] = &madeTask{status: "accepted", line: "0008", code: code, quantity: fmt.Sprint(1 + r.IntN(60))}
					require.NoError(t, w.put(id))
				case act == 0:
					first()
				case act == 2 && r.IntN(3) == 0: // what was received is against another order, or none
					batch, code := fmt.Sprint("B", r.IntN(3)), "4"
					if r.IntN(2) == 0 {
						batch, code = fmt.Sprint("M", r.IntN(3)), "1"
					}
					opts := map[string]string{"receipt": batch, "reason": "the wrong order", "against": fmt.Sprint("PO-", r.IntN(4), ":", code)}
					if r.IntN(2) == 0 {
						opts["against"] = ""
					}
					if r.IntN(2) == 0 {
						opts["quantity"] = fmt.Sprint(1 + r.IntN(80))
					}
					if refused := w.operation("correct-receipt", opts); strings.HasPrefix(refused, "refused") {
						require.Contains(t, refused, "STOCK-")
					} else {
						corrected.Add(1)
					}
				case act == 1 && m.status == "accepted" && len(m.bags) == 0:
					m.bags = append(m.bags, bagOf(id, m.quantity, "", "", "", false))
					require.NoError(t, w.put(id))
				case act == 2 && m.status == "accepted" && len(m.bags) > 0:
					require.NoError(t, w.rebag("send", id))
				case act == 3 && len(m.bags) > 0:
					require.NoError(t, w.rebag("put-back", id))
				case act == 4 && m.status == "accepted" && bagged(m) != "0":
					d := fmt.Sprint("d", n)
					stated[d], product[d] = decimal.RequireFromString(bagged(m)), m.code
					m.bags, m.line, m.status = nil, "0001", "completed"
					require.NoError(t, w.put(id, dispense(d, id, m.code, stated[d].String(), "", "completed")))
				case act == 5:
					m.status, m.line = []string{"completed", "cancelled", "failed"}[r.IntN(3)], "0002"
					require.NoError(t, w.put(id))
				case act == 6: // a supply that nobody knew of, or another one stated anew
					d := fmt.Sprint("d", r.IntN(n+1))
					if product[d] == "" {
						product[d] = code
					}
					stated[d] = decimal.NewFromInt(int64(1 + r.IntN(40)))
					require.NoError(t, w.write(true, dispense(d, "", product[d], stated[d].String(), "", "completed")))
				case act == 7:
					for d := range stated {
						stated[d] = decimal.Zero
						require.NoError(t, w.write(true, dispense(d, "", product[d], "1", "", "entered-in-error")))
						break
					}
				case act == 8:
					w.operation([]string{"recall-batch", "recall-batch"}[r.IntN(2)], map[string]string{"product": "4", "batch": fmt.Sprint("B", r.IntN(3)), "reason": "r", "lift": fmt.Sprint(r.IntN(2) == 0)})
				default:
					if out := w.operation("destroy-goods", map[string]string{"product": "4", "quantity": "3", "batch": fmt.Sprint("B", r.IntN(3)), "reason": "r"}); out != "" && !strings.HasPrefix(out, "refused") {
						other["4"] = other["4"].Sub(decimal.NewFromInt(3))
					}
				}
				if r.IntN(6) == 0 {
					w.settle()
				}
			}
			require.Empty(t, w.recount(), "seed %d", seed)
			books, err := BooksOf(w.db.State(t.Context()), "FA565", day("2026-11-02"), day("2026-11-02"), day("2026-11-02"))
			require.NoError(t, err)
			require.Empty(t, books.Differs(), "seed %d", seed)
			want := map[string]decimal.Decimal{"4": other["4"], "1": other["1"]}
			for d, q := range stated {
				want[product[d]] = want[product[d]].Sub(q)
			}
			for code, q := range want {
				require.True(t, q.Equal(w.balance(code)), "seed %d: product %s has %s, and %s is expected", seed, code, w.balance(code), q)
			}
		})
	}
}
