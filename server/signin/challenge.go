package signin

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"sync"
	"time"
)

// challenges are what authenticators sign: random bytes, when they expire, and a MAC
// over these and what they are for. Nothing is kept of those that are given out, so
// that nobody can fill the memory with them; of those that were answered the random
// bytes are, until they expire.
type challenges struct {
	key  [sha256.Size]byte // of this process
	mu   *sync.Mutex
	used map[[randomSize]byte]time.Time // and when it expires
}

const (
	randomSize    = 16
	challengeSize = randomSize + 8 + sha256.Size
	challengeLife = 5 * time.Minute
)

func newChallenges() (c challenges) {
	_, _ = rand.Read(c.key[:]) // never fails
	c.mu, c.used = &sync.Mutex{}, map[[randomSize]byte]time.Time{}
	return c
}

// issue makes a challenge for something that is to be done.
func (c *challenges) issue(purpose string, now time.Time) []byte {
	b := make([]byte, randomSize, challengeSize)
	_, _ = rand.Read(b)
	b = binary.BigEndian.AppendUint64(b, uint64(now.Add(challengeLife).Unix())) //nolint:gosec // after 1970
	return append(b, c.mac(purpose, b)...)
}

func (c *challenges) mac(purpose string, head []byte) []byte {
	m := hmac.New(sha256.New, c.key[:])
	m.Write(head)
	m.Write([]byte(purpose))
	return m.Sum(nil)
}

// read returns the challenge that a form sends back, nil where it is not one of this
// process for that purpose, or has expired.
func (c *challenges) read(text, purpose string, now time.Time) []byte {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != challengeSize {
		return nil
	}
	head := b[:randomSize+8]
	if !hmac.Equal(b[randomSize+8:], c.mac(purpose, head)) || now.Unix() >= expiryOf(b) {
		return nil
	}
	return b
}

func expiryOf(challenge []byte) int64 {
	return int64(binary.BigEndian.Uint64(challenge[randomSize:])) //nolint:gosec // as issue wrote it
}

// take takes a challenge that is answered; false where it was answered before, or is
// being answered.
func (c *challenges) take(challenge []byte, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, expires := range c.used {
		if !now.Before(expires) {
			delete(c.used, key)
		}
	}
	key := [randomSize]byte(challenge)
	if _, before := c.used[key]; before {
		return false
	}
	c.used[key] = time.Unix(expiryOf(challenge), 0)
	return true
}

// putBack lets a challenge be answered again, to which the answer was not taken.
func (c *challenges) putBack(challenge []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.used, [randomSize]byte(challenge))
}
