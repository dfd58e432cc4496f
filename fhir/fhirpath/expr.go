package fhirpath

import "context"

// Expr is a compiled expression. It never changes and is safe for concurrent
// use.
type Expr struct {
	src  string
	root node
}

// Compile parses an expression. The error is a [*fhir.Error] that names line
// and column, what was expected and what was found there.
func Compile(src string) (*Expr, error) {
	root, err := parse(src)
	if err != nil {
		return nil, err
	}
	return &Expr{src: src, root: root}, nil
}

// MustCompile is [Compile] for expressions in the program text; it panics on a
// mistake.
func MustCompile(src string) *Expr {
	e, err := Compile(src)
	if err != nil {
		panic(err)
	}
	return e
}

// String is the source text of the expression.
func (e *Expr) String() string { return e.src }

// Eval evaluates the expression with focus as $this and %context. The zero
// Item is the empty collection; a nil env is an Env without ports. Errors are
// [*fhir.Error]: Processing when the expression does not fit the data,
// TooCostly when a limit was met, Timeout when ctx ended.
func (e *Expr) Eval(ctx context.Context, focus Item, env *Env) (Collection, error) {
	m := newMachine(ctx, e, focus, env)
	defer m.release()
	if err := e.root.eval(m); err != nil {
		return nil, m.failure(err)
	}
	if len(m.stack) == 0 {
		return nil, nil
	}
	return append(Collection(nil), m.stack...), nil
}

// Test evaluates the expression as an invariant: the answer is whether it
// holds. Empty counts as true, for a rule that cannot be decided is not
// broken; a single value that is no boolean counts as true too. As the R4
// definitions require, as() filters a collection of several items here, where
// [Expr.Eval] follows the specification and refuses it.
func (e *Expr) Test(ctx context.Context, focus Item, env *Env) (bool, error) {
	m := newMachine(ctx, e, focus, env)
	defer m.release()
	m.definitional = true
	t, err := m.truth(e.root)
	if err != nil {
		return false, m.failure(err)
	}
	return t != isFalse, nil
}
