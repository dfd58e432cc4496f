package register

import (
	"context"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// History is what a recount reads of a database.
type History interface {
	StateAt(ctx context.Context, at fhir.Seq) fhir.State
	Head() fhir.Seq
	Log(ctx context.Context, after fhir.Seq, limit int) ([]fhir.LogEntry, error)
	CursorAt(ctx context.Context, name string) (fhir.Seq, error)
}

// Recount compares the register with the log, from its first commit: every supply
// has its entry and every entry of a supply says what the supply does; no entry was
// altered; and the balance of each page is what was obtained, less what was supplied
// and destroyed, with the corrections. It counts by itself, reads the supplies where
// they are recorded, and writes nothing. What is wrong is told to report.
func Recount(ctx context.Context, db History, known Medicines, report func(text string)) error {
	c := counter{known: known, supplies: map[string]*stated{}, pages: map[string]decimal.Decimal{}, report: report}
	var err error
	if c.entered, err = db.CursorAt(ctx, followerName); err != nil {
		return err
	}
	head := db.Head()
	c.state = db.StateAt(ctx, head)
	for at := fhir.Seq(0); at < head; {
		commits, err := db.Log(ctx, at, batch)
		if err != nil {
			return err
		}
		if len(commits) == 0 {
			break
		}
		for _, commit := range commits {
			if at = commit.Seq; at > head {
				break
			}
			for _, v := range commit.Versions {
				if err := c.take(v); err != nil {
					return err
				}
			}
		}
	}
	return c.compare()
}

// PageBalance is the balance of a page of the register.
type PageBalance struct {
	Page    *Page
	Balance decimal.Decimal
	Entered decimal.Decimal // without what was entered of supplies
}

// Balances are the balances of all pages, but of the book of what patients returned.
func Balances(ctx context.Context, db History) (list []PageBalance, err error) {
	state := db.StateAt(ctx, db.Head())
	pages, err := pagesOf(state, "")
	if err != nil {
		return nil, err
	}
	for _, p := range pages {
		if p.Book != Register {
			continue
		}
		entries, err := entriesFound(state, nhs.Query("identifier", idPage, p.ID))
		if err != nil {
			return nil, err
		}
		b := PageBalance{Page: p, Balance: sum(entries)}
		for _, e := range entries {
			if e.Source == "" {
				b.Entered = b.Entered.Add(e.Change)
			}
		}
		list = append(list, b)
	}
	return list, nil
}

// counter is a recount under way.
type counter struct {
	known    Medicines
	state    fhir.State
	entered  fhir.Seq // the last commit of which every supply has its entry
	supplies map[string]*stated
	pages    map[string]decimal.Decimal // without supplies
	report   func(string)
}

// stated is what the newest version of a MedicationDispense states, and what is
// entered of it.
type stated struct {
	amount   decimal.Decimal
	kept     bool // a register is kept for it by law
	recent   bool // its newest version may have no entry yet
	page     string
	register decimal.Decimal // what its entries add to a balance
}

func (c *counter) supply(ref string) *stated {
	s, ok := c.supplies[ref]
	if !ok {
		s = &stated{}
		c.supplies[ref] = s
	}
	return s
}

func (c *counter) take(v *fhir.Version) error {
	switch v.Type {
	case "MedicationDispense":
		return c.takeSupply(v)
	case "Basic":
		return c.takeEntry(v)
	}
	return nil
}

// takeSupply notes what a version states; of one that the register has nothing to do
// with, nothing is kept.
func (c *counter) takeSupply(v *fhir.Version) error {
	var amount decimal.Decimal
	var isKept bool
	if !v.Deleted() {
		r, err := v.Resource()
		if err != nil {
			return err
		}
		q, ok := StatesSupply(r.Root())
		if ok {
			amount = q.Value
		}
		within, _, err := orderOf(c.state, r.Root())
		if err != nil {
			return err
		}
		on := nhs.ReadDate(r.Get("whenHandedOver").Text())
		if on.IsZero() {
			on = nhs.DateOf(v.LastUpdated)
		}
		_, p, err := medicineOf(c.state, c.known, r.Root(), claimedBy(within), on)
		if err != nil {
			return err
		}
		isKept = ok && kept(p.Schedule, on, nil)
	}
	if _, known := c.supplies[v.Ref()]; !known && !isKept {
		return nil // an entry of it follows later in the log, if there is one
	}
	s := c.supply(v.Ref())
	s.amount, s.kept, s.recent = amount, isKept, v.Seq > c.entered
	return nil
}

func (c *counter) takeEntry(v *fhir.Version) error {
	if v.Deleted() || v.VersionID != "1" {
		first, err := c.state.First("Basic", v.ID)
		if err != nil || first == nil {
			return err
		}
		if is, err := ofRegister(first); err != nil || !is {
			return err
		}
		c.report(fmt.Sprintf("Basic/%s: an entry of the controlled drugs register was altered or removed by version %s", v.ID, v.VersionID))
		return nil
	}
	r, err := v.Resource()
	if err != nil || !isEntry(r) {
		return err
	}
	e, err := readEntry(v)
	if err != nil {
		return err
	}
	if ref := nhs.Identifier(r.Root(), idSource).Text(); ref != "" {
		s := c.supply(ref)
		s.register = s.register.Add(e.Change)
		if e.Kind == Supplied {
			s.page = e.Page
		}
		return c.restate(ref, s)
	}
	c.pages[e.Page] = c.pages[e.Page].Add(e.Change)
	return nil
}

// restate reads what a supply states that the recount did not know to be of the
// register, because the pharmacy keeps one for more than the law asks.
func (c *counter) restate(ref string, s *stated) error {
	if s.kept || s.amount.IsPositive() {
		return nil
	}
	typ, id := local(ref)
	v, err := c.state.Current(typ, id)
	if err != nil || v == nil || v.Deleted() {
		return err
	}
	r, err := v.Resource()
	if err != nil {
		return err
	}
	s.recent = v.Seq > c.entered
	if q, ok := StatesSupply(r.Root()); ok {
		s.amount = q.Value
	}
	return nil
}

// compare tells what does not agree.
func (c *counter) compare() error {
	refs := make([]string, 0, len(c.supplies))
	for ref := range c.supplies {
		refs = append(refs, ref)
	}
	slices.Sort(refs)
	undecided := map[string]bool{}
	for _, ref := range refs {
		s := c.supplies[ref]
		typ, id := local(ref)
		gone, err := erased(c.state, typ, id)
		if err != nil {
			return err
		}
		if gone { // its entry is all that is left of it
			s.amount = s.register.Neg()
		}
		switch {
		case s.recent:
			undecided[s.page] = true
		case !s.register.Neg().Equal(s.amount):
			c.report(fmt.Sprintf("%s states a supply of %s, and the controlled drugs register has %s of it", ref, s.amount, s.register.Neg()))
		}
		c.pages[s.page] = c.pages[s.page].Sub(s.amount)
	}
	pages, err := pagesOf(c.state, "")
	if err != nil {
		return err
	}
	for _, p := range pages {
		balance, err := balanceOf(c.state, p)
		if err != nil {
			return err
		}
		if !balance.Equal(c.pages[p.ID]) && !undecided[p.ID] {
			c.report(fmt.Sprintf("Basic/%s: the page of %s has a balance of %s, and the log comes to %s", p.ID, p.Product.Name, balance, c.pages[p.ID]))
		}
	}
	return nil
}
