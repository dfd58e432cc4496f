package snomed

import (
	"fmt"
	"iter"
	"math/bits"
	"slices"
)

// set is a set of concepts, a bit each.
type set []uint64

func (s set) add(n uint32)      { s[n/64] |= 1 << (n % 64) }
func (s set) has(n uint32) bool { return s[n/64]&(1<<(n%64)) != 0 }

// all gives the concepts in order.
func (s set) all() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for i, w := range s {
			for ; w != 0; w &= w - 1 {
				if !yield(uint32(i*64 + bits.TrailingZeros64(w))) {
					return
				}
			}
		}
	}
}

// answerSet is what an expression comes to. lack names a concept or reference
// set that the expression needs and the release does not have: then the set may
// be too small, but what is in it is right.
type answerSet struct {
	set
	lack string
}

func (e *Edition) empty() set { return make(set, (len(e.ids)+63)/64) }

// maxCompiled bounds how many expressions are kept. Those of definitions are
// few; when there are more, any of them gives way to the one asked for now.
const maxCompiled = 512

// compile works an expression out, and keeps the result.
func (e *Edition) compile(src string) (*answerSet, error) {
	e.mu.Lock()
	a, ok := e.compiled[src]
	e.mu.Unlock()
	if ok {
		return a, nil
	}
	c, err := parseECL(src)
	if err != nil {
		return nil, err
	}
	got, err := e.eval(c)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for old := range e.compiled {
		if len(e.compiled) < maxCompiled {
			break
		}
		delete(e.compiled, old)
	}
	e.compiled[src] = &got
	return &got, nil
}

func (e *Edition) eval(c *constraint) (answerSet, error) {
	switch c.op {
	case "":
		return e.self(c.id), nil
	case "*":
		out := answerSet{set: e.empty()}
		for n := range e.ids {
			if e.flags[n]&active != 0 {
				out.add(uint32(n))
			}
		}
		return out, nil
	case "AND", "OR", "MINUS":
		return e.combine(c)
	case "^":
		return e.members(c.parts[0])
	case ":":
		return e.refine(c)
	case ".":
		return e.reached(c)
	case "{{":
		return e.filtered(c)
	case "+":
		return e.withHistory(c)
	case "!!>", "!!<":
		return e.outermost(c)
	}
	focus, err := e.eval(c.parts[0])
	if err != nil {
		return focus, err
	}
	out := answerSet{set: e.empty(), lack: focus.lack}
	for n := range focus.all() {
		e.spread(out.set, c.op, n)
	}
	return out, nil
}

func (e *Edition) self(id ID) answerSet {
	out := answerSet{set: e.empty()}
	if n, ok := e.find(id); ok {
		out.add(n)
	} else {
		out.lack = "the concept " + id.String()
	}
	return out
}

// spread adds what an operator makes of a concept.
func (e *Edition) spread(out set, op string, n uint32) {
	switch op {
	case "<<", ">>", "<<!", ">>!":
		out.add(n)
	}
	switch op {
	case "<", "<<":
		e.below(out, n)
	case "<!", "<<!":
		for _, k := range e.children.of(n) {
			out.add(k)
		}
	case ">", ">>":
		for _, a := range e.ancestors.of(n) {
			out.add(a)
		}
	case ">!", ">>!":
		for _, p := range e.parents.of(n) {
			out.add(p)
		}
	}
}

// below adds all descendants.
func (e *Edition) below(out set, n uint32) {
	stack := []uint32{n}
	for len(stack) > 0 {
		at := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, k := range e.children.of(at) {
			if !out.has(k) {
				out.add(k)
				stack = append(stack, k)
			}
		}
	}
}

func (e *Edition) combine(c *constraint) (answerSet, error) {
	out, err := e.eval(c.parts[0])
	if err != nil {
		return out, err
	}
	out.set = slices.Clone(out.set)
	for _, part := range c.parts[1:] {
		a, err := e.eval(part)
		if err != nil {
			return out, err
		}
		if c.op == "MINUS" && a.lack != "" {
			return out, fmt.Errorf("%s is not in the part of SNOMED CT that is loaded", a.lack)
		}
		if out.lack == "" {
			out.lack = a.lack
		}
		for i := range out.set {
			switch c.op {
			case "AND":
				out.set[i] &= a.set[i]
			case "OR":
				out.set[i] |= a.set[i]
			case "MINUS":
				out.set[i] &^= a.set[i]
			}
		}
	}
	return out, nil
}

// members is what is in the reference sets that an expression names. A
// reference set may be known without being a concept of the release.
func (e *Edition) members(c *constraint) (answerSet, error) {
	out := answerSet{set: e.empty()}
	add := func(id ID) bool {
		list, ok := e.refsets[id]
		for _, n := range list {
			out.add(n)
		}
		return ok
	}
	if c.op == "" {
		if !add(c.id) {
			out.lack = "the reference set " + c.id.String()
		}
		return out, nil
	}
	focus, err := e.eval(c)
	if err != nil {
		return out, err
	}
	out.lack = focus.lack
	for n := range focus.all() {
		add(e.ids[n])
	}
	return out, nil
}
