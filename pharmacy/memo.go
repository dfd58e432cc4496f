package pharmacy

import "context"

// memo keeps what the steps of one commit have in common. It is used by one
// goroutine.
type memo map[string]any

type memoKey struct{}

// remembering returns a context within which [Once] remembers.
func remembering(ctx context.Context) context.Context {
	return context.WithValue(ctx, memoKey{}, memo{})
}

// Once returns what f returns for a key: within the steps of one commit, which
// read one state, f is called once for each key. What it returns must depend on
// the state and the key alone, and must not be changed.
func Once[T any](ctx context.Context, key string, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	m, ok := ctx.Value(memoKey{}).(memo)
	if !ok {
		return f()
	}
	if had, ok := m[key].(result); ok {
		return had.value, had.err
	}
	value, err := f()
	m[key] = result{value, err}
	return value, err
}
