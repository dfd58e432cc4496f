package webauthn_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/server/webauthn"
	"github.com/pestle-fhir/pestle/server/webauthn/webauthntest"
)

var (
	party     = webauthn.Party{ID: "pestle.example", Origin: "https://pestle.example"}
	challenge = []byte("0123456789abcdef0123456789abcdef")
)

// TestKeys registers a passkey of each algorithm and signs in with it.
func TestKeys(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	big, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	for name, change := range map[string]func(*webauthntest.Authenticator){
		"ES256":  func(*webauthntest.Authenticator) {},
		"EdDSA":  func(a *webauthntest.Authenticator) { a.Key = ed },
		"RS256":  func(a *webauthntest.Authenticator) { a.Key = big },
		"synced": func(a *webauthntest.Authenticator) { a.Flags |= 0x18 },
	} {
		t.Run(name, func(t *testing.T) {
			a := webauthntest.New(party)
			change(a)
			c, err := party.Register(a.Register(challenge), challenge)
			require.NoError(t, err)
			require.Equal(t, name == "synced", c.Synced && c.Backups)
			after, err := party.Assert(a.Assert(challenge), challenge, *c)
			require.NoError(t, err)
			require.Equal(t, c.Count+1, after.Count)
		})
	}
}

// TestNoCounter: authenticators without a counter say 0 for ever.
func TestNoCounter(t *testing.T) {
	a := webauthntest.New(party)
	a.Count = 0
	c, err := party.Register(a.Register(challenge), challenge)
	require.NoError(t, err)
	for range 2 {
		answer := a.Assert(challenge)
		a.Count = 0
		*answer = resigned(a, answer, func(data []byte) { copy(data[33:], make([]byte, 4)) })
		*c, err = party.Assert(answer, challenge, *c)
		require.NoError(t, err)
	}
}

// resigned is an answer with other authenticator data, signed anew.
func resigned(a *webauthntest.Authenticator, answer *webauthn.Answer, change func([]byte)) webauthn.Answer {
	change(answer.Response.Authenticator)
	answer.Response.Signature = a.Sign(answer.Response.Authenticator, answer.Response.ClientData)
	return *answer
}

// TestAttacks: each is refused, at registration, at sign-in or at both.
func TestAttacks(t *testing.T) {
	member := func(name string, value any) func(*webauthntest.Authenticator) {
		return func(a *webauthntest.Authenticator) {
			a.ClientData = func(m map[string]any) { m[name] = value }
		}
	}
	for name, c := range map[string]struct {
		change func(*webauthntest.Authenticator)
		want   error
	}{
		"challenge of another attempt":  {member("challenge", "AAAA"), webauthn.ErrChallenge},
		"no challenge":                  {member("challenge", ""), webauthn.ErrChallenge},
		"another origin":                {member("origin", "https://pestle.example.evil.example"), webauthn.ErrOrigin},
		"another port":                  {member("origin", "https://pestle.example:444"), webauthn.ErrOrigin},
		"clear text":                    {member("origin", "http://pestle.example"), webauthn.ErrOrigin},
		"in a frame of another page":    {member("crossOrigin", true), webauthn.ErrOrigin},
		"under another page":            {member("topOrigin", "https://evil.example"), webauthn.ErrOrigin},
		"another ceremony":              {member("type", "payment.get"), webauthn.ErrType},
		"another relying party":         {func(a *webauthntest.Authenticator) { a.Party.ID = "evil.example" }, webauthn.ErrParty},
		"user not verified":             {func(a *webauthntest.Authenticator) { a.Flags = 0x01 }, webauthn.ErrPresence},
		"user not there":                {func(a *webauthntest.Authenticator) { a.Flags = 0x04 }, webauthn.ErrPresence},
		"reserved flag":                 {func(a *webauthntest.Authenticator) { a.Flags |= 0x02 }, webauthn.ErrForm},
		"backed up and not to be":       {func(a *webauthntest.Authenticator) { a.Flags |= 0x10 }, webauthn.ErrForm},
		"extensions that are not there": {func(a *webauthntest.Authenticator) { a.Flags |= 0x80 }, webauthn.ErrForm},
	} {
		t.Run(name, func(t *testing.T) {
			a := webauthntest.New(party)
			good, err := party.Register(a.Register(challenge), challenge)
			require.NoError(t, err)
			c.change(a)
			_, err = party.Register(a.Register(challenge), challenge)
			require.ErrorIs(t, err, c.want)
			_, err = party.Assert(a.Assert(challenge), challenge, *good)
			require.ErrorIs(t, err, c.want)
		})
	}
}

// TestAssertionAttacks are about what an assertion has alone.
func TestAssertionAttacks(t *testing.T) {
	for name, c := range map[string]struct {
		change func(a *webauthntest.Authenticator, answer *webauthn.Answer)
		want   error
	}{
		"signature of another key": {func(_ *webauthntest.Authenticator, answer *webauthn.Answer) {
			answer.Response.Signature = webauthntest.New(party).Sign(answer.Response.Authenticator, answer.Response.ClientData)
		}, webauthn.ErrSignature},
		"no signature": {func(_ *webauthntest.Authenticator, answer *webauthn.Answer) { answer.Response.Signature = nil }, webauthn.ErrSignature},
		"data that was not signed": {func(_ *webauthntest.Authenticator, answer *webauthn.Answer) {
			answer.Response.Authenticator[36]++
		}, webauthn.ErrSignature},
		"counter as before": {func(a *webauthntest.Authenticator, answer *webauthn.Answer) {
			*answer = resigned(a, answer, func(data []byte) { data[36] = 1 })
		}, webauthn.ErrCount},
		"counter back to zero": {func(a *webauthntest.Authenticator, answer *webauthn.Answer) {
			*answer = resigned(a, answer, func(data []byte) { data[36] = 0 })
		}, webauthn.ErrCount},
		"another credential": {func(_ *webauthntest.Authenticator, answer *webauthn.Answer) { answer.ID = []byte("x") }, webauthn.ErrForm},
		"bytes after the data": {func(a *webauthntest.Authenticator, answer *webauthn.Answer) {
			answer.Response.Authenticator = append(answer.Response.Authenticator, 0)
			*answer = resigned(a, answer, func([]byte) {})
		}, webauthn.ErrForm},
		"short data": {func(_ *webauthntest.Authenticator, answer *webauthn.Answer) {
			answer.Response.Authenticator = answer.Response.Authenticator[:36]
		}, webauthn.ErrForm},
	} {
		t.Run(name, func(t *testing.T) {
			a := webauthntest.New(party)
			good, err := party.Register(a.Register(challenge), challenge)
			require.NoError(t, err)
			answer := a.Assert(challenge)
			c.change(a, answer)
			_, err = party.Assert(answer, challenge, *good)
			require.ErrorIs(t, err, c.want)
		})
	}
}

// TestStatements takes no attestation but that of the key itself.
func TestStatements(t *testing.T) {
	a := webauthntest.New(party)
	for name, c := range map[string]struct {
		format    string
		statement []byte
		want      error
	}{
		"none with members": {"none", []byte{0xa1, 0x61, 'x', 1}, webauthn.ErrStatement},
		"of a maker":        {"packed", []byte{0xa1, 0x63, 'x', '5', 'c', 0x80}, webauthn.ErrStatement},
		"of a TPM":          {"tpm", []byte{0xa0}, webauthn.ErrStatement},
		"self, not signed":  {"packed", []byte{0xa1, 0x63, 'a', 'l', 'g', 0x26}, webauthn.ErrSignature},
		"no map":            {"none", []byte{0x80}, webauthn.ErrForm},
	} {
		answer := a.Register(challenge)
		answer.Response.Attestation = a.Attestation(c.format, c.statement)
		_, err := party.Register(answer, challenge)
		require.ErrorIs(t, err, c.want, name)
	}
}

// FuzzRegister: whatever a browser sends is refused or is a credential that can be
// used.
func FuzzRegister(f *testing.F) {
	a := webauthntest.New(party)
	answer := a.Register(challenge)
	f.Add([]byte(answer.Response.Attestation), []byte(answer.ID))
	f.Add([]byte{0xa3, 0x63, 'f', 'm', 't', 0x9f}, []byte("x"))
	f.Fuzz(func(t *testing.T, attestation, id []byte) {
		answer := a.Register(challenge)
		answer.Response.Attestation, answer.ID = attestation, id
		c, err := party.Register(answer, challenge)
		if err == nil && (len(c.ID) == 0 || len(c.Key) == 0) {
			t.Fatal("a credential without an id or a key")
		}
	})
}
