package fhir

import (
	"context"
	"time"
)

type momentKey struct{}

// AtMoment is a context in which something is judged as of a time: of one request, all
// that is judged is judged as of the same.
func AtMoment(ctx context.Context, t time.Time) context.Context {
	return context.WithValue(ctx, momentKey{}, t)
}

// MomentOf is the time as of which something is judged in a context; now where it does not
// say.
func MomentOf(ctx context.Context) time.Time {
	if t, ok := ctx.Value(momentKey{}).(time.Time); ok {
		return t
	}
	return time.Now()
}
