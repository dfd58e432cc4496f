package fhirpath

import "sync/atomic"

// node is one part of a compiled expression. eval appends its result to the
// machine's stack. Nodes never change, but for caches that are safe to share.
type node interface {
	eval(m *machine) error
	at() int // offset in the source
}

// place is the offset of a node in the source.
type place int

func (p place) at() int { return int(p) }

type (
	// literal is a constant collection of none or one.
	literal struct {
		place
		items Collection
	}
	// this, position and total are $this, $index and $total.
	this     struct{ place }
	position struct{ place }
	total    struct{ place }
	// external is %name.
	external struct {
		place
		name string
	}
	// member is a step to the child elements of a name; without input it
	// starts at $this.
	member struct {
		place
		input node
		name  string
		steps atomic.Pointer[steps]
	}
	// call is a function on an input; without one it works on $this.
	call struct {
		place
		input node
		fn    *function
		args  []node
		typ   typeName // of is, as and ofType
		regex atomic.Pointer[pattern]
	}
	// indexer is input[index].
	indexer struct {
		place
		input, index node
	}
	// sign is unary plus or minus.
	sign struct {
		place
		minus bool
		x     node
	}
	// binary is an operator between two operands, other than and, or, xor,
	// implies.
	binary struct {
		place
		op   *operator
		l, r node
	}
	// logic is and, or, xor, implies.
	logic struct {
		place
		op   string
		l, r node
	}
	// typed is the operator is or as.
	typed struct {
		place
		cast  bool
		input node
		typ   typeName
	}
)
