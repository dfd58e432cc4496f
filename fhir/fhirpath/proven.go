package fhirpath

import "context"

// Proven is [Expr.Test] for rules that have an answer for all data: empty
// counts as false. A rule such as bdl-11, type = 'document' implies
// entry.first().resource.is(Composition), is broken when there is no entry,
// though the expression is empty then.
func (e *Expr) Proven(ctx context.Context, focus Item, env *Env) (bool, error) {
	m := newMachine(ctx, e, focus, env)
	defer m.release()
	m.definitional = true
	t, err := m.truth(e.root)
	if err != nil {
		return false, m.failure(err)
	}
	return t == isTrue, nil
}
