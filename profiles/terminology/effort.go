package terminology

import "context"

// effort bounds the work of one call, which may bring value sets and code systems of
// any shape. A service of its own has none: what it holds was stored by who may.
type effort struct {
	ctx   context.Context
	left  int // steps
	hints int // codes that are proposed in the place of wrong ones
}

// maxSteps is how many value sets are asked about a code, and codes listed, in a call.
const maxSteps = 2_000_000

// maxHints is for how many wrong codes of a call others are proposed.
const maxHints = 10

// step counts, and reports whether there is work left to spend.
func (e *effort) step() bool {
	if e == nil {
		return true
	}
	e.left--
	return e.left > 0 && (e.left%64 != 0 || e.ctx.Err() == nil)
}

// hint reports whether another wrong code is helped with.
func (e *effort) hint() bool {
	if e == nil {
		return true
	}
	e.hints--
	return e.hints >= 0
}
