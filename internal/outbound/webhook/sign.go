// Package webhook signs, verifies and repeats calls as the Standard Webhooks
// specification has it (https://www.standardwebhooks.com): the headers webhook-id,
// webhook-timestamp and webhook-signature, version v1 of the signature, its schedule of
// retries.
package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a call.
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp" // seconds since 1970 of this attempt
	HeaderSignature = "webhook-signature" // several, separated by spaces
)

const (
	secretPrefix           = "whsec_"
	version                = "v1,"
	leastSecret, mostBytes = 24, 64
)

// Secret is a key that both sides have: 24 to 64 bytes.
type Secret []byte

// NewSecret makes a secret of 32 random bytes.
func NewSecret() Secret {
	s := make(Secret, 32)
	_, _ = rand.Read(s) // which never fails
	return s
}

// ParseSecret reads whsec_ and base64, or base64 alone.
func ParseSecret(text string) (Secret, error) {
	s, err := base64.StdEncoding.Strict().DecodeString(strings.TrimPrefix(text, secretPrefix))
	switch {
	case err != nil:
		return nil, errors.New("a secret is whsec_ and standard base64, with its padding")
	case len(s) < leastSecret || len(s) > mostBytes:
		return nil, errors.New("a secret has 24 to 64 bytes")
	}
	return s, nil
}

// String is the form that [ParseSecret] reads.
func (s Secret) String() string { return secretPrefix + base64.StdEncoding.EncodeToString(s) }

// Sign sets the three headers of a call: its id, which is the same at every attempt and
// by which the receiver takes it once, the time of this attempt, and a signature of each
// secret. There are two while one replaces the other. The id has no full stop, which
// would make what is signed ambiguous.
func Sign(h http.Header, id string, at time.Time, body []byte, secrets ...Secret) error {
	if id == "" || strings.ContainsAny(id, ". \r\n") {
		return errors.New("webhook: the id " + strconv.Quote(id) + " is empty, or has a full stop or a space")
	}
	if len(secrets) == 0 {
		return errors.New("webhook: no secret")
	}
	timestamp := strconv.FormatInt(at.Unix(), 10)
	signatures := make([]string, 0, len(secrets))
	for _, s := range secrets {
		if len(s) < leastSecret {
			return errors.New("webhook: a secret of less than 24 bytes")
		}
		signatures = append(signatures, version+s.signature(id, timestamp, body))
	}
	h.Set(HeaderID, id)
	h.Set(HeaderTimestamp, timestamp)
	h.Set(HeaderSignature, strings.Join(signatures, " "))
	return nil
}

func (s Secret) signature(id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, s)
	_, _ = mac.Write([]byte(id + "." + timestamp + "."))
	_, _ = mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
