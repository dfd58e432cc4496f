package fhirpath

import (
	"cmp"
	"slices"
)

// fnSort orders by its keys; a minus in front of a key turns its order round,
// for strings too. Without keys the items themselves are ordered. Items
// without a key come first either way.
func fnSort(m *machine, c *call, base int) error {
	type row struct {
		item Item
		keys []Item
	}
	end := len(m.stack)
	rows := make([]row, 0, end-base)
	for i := base; i < end; i++ {
		r := row{item: m.stack[i]}
		if len(c.args) == 0 {
			r.keys = []Item{r.item}
		}
		for _, arg := range c.args {
			key, err := m.sortKey(arg, r.item, i-base)
			if err != nil {
				return err
			}
			r.keys = append(r.keys, key)
		}
		rows = append(rows, r)
	}
	if err := m.work(c, len(rows)*(1+len(c.args))*8); err != nil {
		return err
	}
	var failure error
	slices.SortStableFunc(rows, func(a, b row) int {
		for k := range a.keys {
			o, err := sortOrder(c, &a.keys[k], &b.keys[k], k < len(c.args) && descending(c.args[k]))
			if err != nil {
				failure = err
			}
			if o != 0 {
				return o
			}
		}
		return 0
	})
	m.cut(base)
	for i := range rows {
		m.push(rows[i].item)
	}
	return failure
}

func descending(n node) bool {
	s, ok := n.(*sign)
	return ok && s.minus
}

func (m *machine) sortKey(arg node, it Item, index int) (Item, error) {
	if s, ok := arg.(*sign); ok && s.minus {
		arg = s.x
	}
	base := len(m.stack)
	if err := m.each(arg, it, index); err != nil {
		return Item{}, err
	}
	key, err := m.only(arg, base)
	m.cut(base)
	return key, err
}

func sortOrder(n node, a, b *Item, down bool) (int, error) {
	if a.kind == nothing || b.kind == nothing {
		return cmp.Compare(min(a.kind, 1), min(b.kind, 1)), nil
	}
	c, _, err := order(n, a, b)
	if down {
		c = -c
	}
	return c, err
}
