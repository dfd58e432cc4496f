package fhir

import "context"

type commitsKey struct{}

// WithCommits returns a context of which each commit is told to f, by whoever it
// was made, before the answer to the request that it is of.
func WithCommits(ctx context.Context, f func(*Commit)) context.Context {
	return context.WithValue(ctx, commitsKey{}, f)
}

// Tell tells of the commit, where the context wants that.
func (c *Commit) Tell(ctx context.Context) {
	if f, ok := ctx.Value(commitsKey{}).(func(*Commit)); ok {
		f(c)
	}
}

// Stored reports whether the commit has made a version.
func (c *Commit) Stored() bool {
	for i := range c.Results {
		switch c.Results[i].Applied {
		case Created, Updated, Removed:
			return true
		}
	}
	return c.Repeated
}
