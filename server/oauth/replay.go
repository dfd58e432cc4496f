package oauth

import (
	"crypto/sha256"
	"strconv"
	"sync"
)

// replay remembers the assertions that were taken, until they expire.
type replay struct {
	mu   sync.Mutex
	seen map[hash]int64 // until when, in Unix seconds
}

// take notes an assertion by its issuer and its jti, and reports whether it is the
// first time. values has what must be durable before the assertion is answered.
func (r *replay) take(issuer, jti string, until int64) (values map[string][]byte, first bool) {
	key := hash(sha256.Sum256([]byte(issuer + "\x00" + jti)))
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.seen[key]; ok {
		return nil, false
	}
	r.seen[key] = until
	return map[string][]byte{jtiName + string(key[:]): strconv.AppendInt(nil, until, 10)}, true
}

func (r *replay) sweep(now int64, values map[string][]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, until := range r.seen {
		if until <= now {
			delete(r.seen, key)
			values[jtiName+string(key[:])] = nil
		}
	}
}
