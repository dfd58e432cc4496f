package profiles

// settles reports whether a position tells values apart: it, or one below it
// that has to be there, fixes a value.
func settles(p *position) bool {
	if p.el.Fixed != nil || p.el.Pattern != nil {
		return true
	}
	for _, k := range p.kids {
		if settles(k) {
			return true
		}
	}
	if p.slicing != nil {
		for _, s := range p.slicing.slices {
			if s.min > 0 && settles(s) {
				return true
			}
		}
	}
	return false
}

// matches reports whether a value has what is fixed at and below a position. A
// position that fixes nothing is told by its required binding.
func (w *walk) matches(o occurrence, p *position) bool {
	if v := p.el.Fixed; v != nil {
		return equal(v.Node, o.node)
	}
	if v := p.el.Pattern; v != nil {
		return includes(v.Node, o.node)
	}
	if !settles(p) {
		if p.binding != nil && p.binding.Strength == "required" {
			return w.inSet(o, p.binding)
		}
		return o.place().Exists()
	}
	for _, k := range p.kids {
		if settles(k) && !w.matchesAny(o.occurrences(k.name, k.choice), k) {
			return false
		}
	}
	return true
}

// matchesAny reports whether the values of an element have what is fixed of it
// and of each slice that has to be there.
func (w *walk) matchesAny(values []occurrence, p *position) bool {
	some := func(p *position) bool {
		for _, v := range values {
			if w.matches(v, p) {
				return true
			}
		}
		return false
	}
	if p.slicing != nil {
		for _, s := range p.slicing.slices {
			if s.min > 0 && settles(s) && !some(s) {
				return false
			}
		}
	}
	return some(p)
}
