package auth

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Standing is by what a caller is known again without a token: for what the server does
// for them later, with the rights that they have then. The zero Standing is that of
// nobody.
type Standing struct {
	By     string          `json:"by,omitempty"` // who recognised them: "token", "issuer", "sandbox"
	Record json.RawMessage `json:"record,omitempty"`
}

// ErrNobody is why a caller is not known again.
var ErrNobody = errors.New("nobody is known by it any more")

// confirmed is how long the claims of a token of another issuer are believed of who it
// was issued to: nothing tells this server when that issuer takes their rights away.
const confirmed = 7 * 24 * time.Hour

// byIssuer is the standing of who came with a token of another issuer.
const byIssuer = "issuer"

// Again recognises who came with a token of the issuer at a time: with their scopes and
// their organisation of then, and what their roles grant now.
func (b *Bearer) Again(s Standing, since time.Time) (Identity, error) {
	now := time.Now()
	if b.Clock != nil {
		now = b.Clock()
	}
	var claims map[string]any
	switch {
	case s.By != byIssuer || json.Unmarshal(s.Record, &claims) != nil:
		return Identity{}, ErrNobody
	case now.Sub(since) > confirmed:
		return Identity{}, errors.New("its owner has not shown a token of their issuer for 7 days")
	}
	return b.identity(claims), nil
}

// standing is what is remembered of the claims of a token.
func standing(claims map[string]any) Standing {
	record, err := json.Marshal(claims)
	if err != nil {
		return Standing{}
	}
	return Standing{byIssuer, record}
}

type identityKey struct{}

// WithIdentity returns a context of a request of a caller, who may become known later
// than the context is made.
func WithIdentity(ctx context.Context, i *Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, i)
}

// IdentityIn returns whose request a context is of; nil where it is of none.
func IdentityIn(ctx context.Context) *Identity {
	i, _ := ctx.Value(identityKey{}).(*Identity)
	return i
}
