package auth

import "context"

type recognisedKey struct{}

// Recognised returns a context for a request that a part of this server makes for a
// caller whom it has recognised itself, as the console does by the session of a person:
// nobody else is asked who they are.
func Recognised(ctx context.Context, who Identity) context.Context {
	return context.WithValue(ctx, recognisedKey{}, who)
}

// RecognisedIn is the identity of such a context, false where it has none.
func RecognisedIn(ctx context.Context) (Identity, bool) {
	who, ok := ctx.Value(recognisedKey{}).(Identity)
	return who, ok
}
