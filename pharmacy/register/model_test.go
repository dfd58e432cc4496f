package register

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestRandomHistories compares the register with a model that keeps one number for
// each product, over random histories of supplies that are amended, taken back and
// deleted, receipts, destructions, counts and corrections, while the follower is
// stopped and started. What was read of a page before is the beginning of what is
// read later.
func TestRandomHistories(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			m := &model{world: newWorld(t, Options{}), rnd: rand.New(rand.NewPCG(seed, 1)), stock: map[string]int{}, stands: map[string]standing{}}
			for range 60 {
				m.step()
			}
			m.compare()
		})
	}
}

type standing struct {
	code   string
	amount int
}

type model struct {
	*world
	rnd     *rand.Rand
	stock   map[string]int      // by product, without supplies
	stands  map[string]standing // what each MedicationDispense states
	stopped bool
	lines   map[string][]string // as they were read before
}

func (m *model) step() {
	code, n := strconv.Itoa(1+m.rnd.IntN(2)), 1+m.rnd.IntN(50)
	id, count := fmt.Sprint("d", m.rnd.IntN(8)), strconv.Itoa(n)
	switch m.rnd.IntN(10) {
	case 0, 1, 2, 3:
		require.NoError(m.t, m.supply(id, code, count, "2026-11-05", "completed"))
		m.stands[id] = standing{code, n}
	case 4:
		if s, ok := m.stands[id]; ok {
			require.NoError(m.t, m.supply(id, s.code, count, "2026-11-05", "entered-in-error"))
			delete(m.stands, id)
		}
	case 5:
		require.NoError(m.t, m.remove(id))
		delete(m.stands, id)
	case 6:
		m.stock[code] += n
		_, err := m.call("receive-stock", coding(code), amount("quantity", count), party("from", "name", "W", "address", "A"))
		require.NoError(m.t, err)
	case 7:
		if m.stopped {
			return // its balance would not be known
		}
		_, err := m.call("destroy", coding(code), amount("quantity", count), party("witness", "name", "W", "role", "r", "identifier", "w"), text("reason", "r"))
		if n > m.balance(code) {
			require.ErrorContains(m.t, err, "less of it", "%d of %d", n, m.balance(code))
			return
		}
		require.NoError(m.t, err)
		m.stock[code] -= n
	case 8:
		if m.stopped {
			return
		}
		reply, err := m.call("stock-check", coding(code), amount("counted", count), witness)
		require.NoError(m.t, err)
		require.Contains(m.t, told(reply, nil), "difference "+strconv.Itoa(n-m.balance(code)))
		if m.rnd.IntN(2) == 0 {
			m.stock[code] += n - m.balance(code)
			_, err := m.call("correct-register", coding(code), amount("change", strconv.Itoa(n-m.expected(reply))), witness, text("reason", "r"))
			require.NoError(m.t, err)
		}
	case 9:
		if m.stopped = !m.stopped; m.stopped {
			m.stop()
		} else {
			m.follow()
			m.compare()
		}
	}
}

// expected is the balance that a count was compared with.
func (m *model) expected(reply *fhir.Reply) int {
	e, err := readEntry(&fhir.Version{Type: "Basic", JSON: reply.Resource.Sub(reply.Resource.Get("parameter").Item(0).Get("resource")).JSON(), Method: fhir.Create})
	require.NoError(m.t, err)
	return int(e.Expected.IntPart())
}

// balance is what the model expects of a product.
func (m *model) balance(code string) int {
	n := m.stock[code]
	for _, s := range m.stands {
		if s.code == code {
			n -= s.amount
		}
	}
	return n
}

func (m *model) compare() {
	if m.stopped {
		m.stopped = false
		m.follow()
	}
	lines := map[string][]string{}
	for _, r := range m.pages(Query{}).List {
		require.True(m.t, decimal.NewFromInt(int64(m.balance(r.Product.Code))).Equal(r.Balance), "%s: %s, expected %d", r.Product.Name, r.Balance, m.balance(r.Product.Code))
		for _, l := range r.Lines {
			lines[r.ID] = append(lines[r.ID], fmt.Sprint(l.Number, l.ID, l.Balance))
		}
		before := m.lines[r.ID]
		require.Equal(m.t, before, append([]string(nil), lines[r.ID][:len(before)]...))
	}
	m.lines = lines
	require.Empty(m.t, m.recount())
}

// TestRecountFinds wants that the recount finds what a register lacks, and what it has
// too much.
func TestRecountFinds(t *testing.T) {
	w := newWorld(t, Options{})
	w.stop()
	require.NoError(t, w.supply("one", "1", "30", "2026-11-05", "completed"))
	// The cursor passes a supply without its entry.
	_, err := w.db.Commit(t.Context(), &fhir.Transaction{Cursor: fhir.Cursor{Name: followerName, Seq: w.db.Head()}, Time: w.now})
	require.NoError(t, err)
	var wrong []string
	report := func(text string) { wrong = append(wrong, text) }
	require.NoError(t, Recount(t.Context(), w.db, shelf{}, report))
	require.Equal(t, []string{"MedicationDispense/one states a supply of 30, and the controlled drugs register has 0 of it"}, wrong)
	// An entry of a supply that nobody recorded.
	page := newPage(shelf{}, "FA565", Register, product(shelf{}, fhir.Coding{Code: "1"}, "", nhsToday), Quantity{Unit: "tablet"}, nhsToday)
	e := &Entry{ID: "x", Page: page.ID, Org: "FA565", Kind: Supplied, Date: "2026-11-05", Change: decimal.NewFromInt(-5), Unit: page.Unit, Source: "MedicationDispense/two/_history/1"}
	require.NoError(t, w.write(true, page.change(), e.change()))
	wrong = nil
	require.NoError(t, Recount(t.Context(), w.db, shelf{}, report))
	require.Contains(t, wrong, "MedicationDispense/two states a supply of 0, and the controlled drugs register has 5 of it")
	w.follow()
}
