package fhirpath

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// Bounds on the memory of one evaluation.
const (
	maxItems = 2 << 20  // items alive at a time
	maxText  = 16 << 20 // bytes of a computed string
)

// machine is the state of one evaluation. Collections live on one stack: a
// node appends its result, and whoever asked for it cuts the stack back.
type machine struct {
	ctx    context.Context
	env    *Env
	expr   *Expr
	stack  Collection
	scopes []scope
	named  []named // what defineVariable() defined, innermost last
	high   int     // about how much of the stack was in use
	steps  int
	limit  int
	now    time.Time
	around Item // %resource, once it was needed
	// definitional reads an expression as the R4 definitions are written,
	// which predate the normative FHIRPath: as() filters collections, and the
	// System names of primitives mean the R4 primitives too.
	definitional bool
}

// scope is what $this, $index and $total mean.
type scope struct {
	this  Item
	all   Collection // $this where it is several items, as in defineVariable()
	index int        // -1 outside of an iteration
	total Collection
	hasT  bool
}

type named struct {
	name  string
	value Collection
}

var machines = sync.Pool{New: func() any { return &machine{stack: make(Collection, 0, 64)} }}

var noEnv Env

func newMachine(ctx context.Context, e *Expr, focus Item, env *Env) *machine {
	m := machines.Get().(*machine)
	if env == nil {
		env = &noEnv
	}
	m.ctx, m.env, m.expr = ctx, env, e
	m.limit = env.MaxSteps
	if m.limit <= 0 {
		m.limit = DefaultMaxSteps
	}
	m.scopes = append(m.scopes[:0], scope{this: focus, index: -1})
	return m
}

// release gives the machine back, unless it has grown out of the ordinary.
func (m *machine) release() {
	if cap(m.stack) > 4096 {
		return
	}
	clear(m.stack[:max(m.high, len(m.stack))])
	clear(m.scopes[:cap(m.scopes)])
	clear(m.named[:cap(m.named)])
	*m = machine{stack: m.stack[:0], scopes: m.scopes[:0], named: m.named[:0]}
	machines.Put(m)
}

// step counts work and notices when there was enough of it.
func (m *machine) step(n node) error {
	m.steps++
	m.high = max(m.high, len(m.stack))
	if m.steps&1023 != 0 && m.steps <= m.limit {
		return nil
	}
	return m.check(n)
}

// work counts several steps at once.
func (m *machine) work(n node, steps int) error {
	before := m.steps
	m.steps += steps
	if before>>10 == m.steps>>10 && m.steps <= m.limit {
		return nil
	}
	return m.check(n)
}

func (m *machine) check(n node) error {
	switch {
	case m.steps > m.limit:
		return &mistake{at: n.at(), kind: fhir.TooCostly, what: "The expression takes too much work on this data.", expected: fmt.Sprintf("at most %d steps", m.limit), fix: "Select less before comparing or repeating."}
	case len(m.stack) > maxItems:
		return &mistake{at: n.at(), kind: fhir.TooCostly, what: "The expression gathers too many items.", expected: fmt.Sprintf("at most %d at a time", maxItems)}
	case m.ctx.Err() != nil:
		return &mistake{at: n.at(), kind: fhir.Timeout, what: "The evaluation was stopped.", cause: context.Cause(m.ctx)}
	}
	return nil
}

// failure makes the error that the caller sees.
func (m *machine) failure(err error) error {
	var e *mistake
	if errors.As(err, &e) {
		return e.report(m.expr.src, fhir.Processing)
	}
	return err
}

// pushThis appends $this.
func (m *machine) pushThis() {
	s := m.scope()
	if s.this.kind != nothing {
		m.push(s.this)
		return
	}
	m.stack = append(m.stack, s.all...)
}

func (m *machine) scope() *scope { return &m.scopes[len(m.scopes)-1] }

// push appends one item to the result under way.
func (m *machine) push(it Item) { m.stack = append(m.stack, it) }

// cut drops everything from an index of the stack.
func (m *machine) cut(to int) { m.stack = m.stack[:to] }

// replace makes what stands from 'from' the only thing from 'base'.
func (m *machine) replace(base, from int) {
	m.stack = m.stack[:base+copy(m.stack[base:], m.stack[from:])]
}

// answer makes one item the only thing from 'base'.
func (m *machine) answer(base int, it Item) error {
	m.stack = append(m.stack[:base], it)
	return nil
}

// answerNothing makes the result from 'base' empty.
func (m *machine) answerNothing(base int) error {
	m.stack = m.stack[:base]
	return nil
}

// inner evaluates a node in a scope of its own for variables.
func (m *machine) inner(n node) error {
	variables := len(m.named)
	err := n.eval(m)
	m.named = m.named[:variables]
	return err
}

// each evaluates a node with an item as $this.
func (m *machine) each(n node, it Item, index int) error {
	outer := m.scope()
	m.scopes = append(m.scopes, scope{this: it, index: index, total: outer.total, hasT: outer.hasT})
	err := m.inner(n)
	m.scopes = m.scopes[:len(m.scopes)-1]
	return err
}

// single evaluates a parameter that must give at most one item; nothing for
// empty.
func (m *machine) single(n node) (Item, error) {
	base := len(m.stack)
	if err := m.inner(n); err != nil {
		return Item{}, err
	}
	it, err := m.only(n, base)
	m.cut(base)
	return it, err
}

// only is the one item from 'base', or nothing.
func (m *machine) only(n node, base int) (Item, error) {
	switch count := len(m.stack) - base; count {
	case 0:
		return Item{}, nil
	case 1:
		return m.stack[base], nil
	default:
		return Item{}, &mistake{at: n.at(), what: "There are several items where one is needed.", expected: "one item or none", found: fmt.Sprintf("%d items", count), fix: "Pick one with first() or where()."}
	}
}
