package server

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// headerMinSequence is the header of a request that is to see what was written
// before: its value is that of a [headerSequence], or several with commas between.
const headerMinSequence = "Pestle-Min-Sequence"

// maxSequences is how many positions a request may name.
const maxSequences = 16

// positionKey is what positions are sealed with. Each seal is another one, so that
// two of them do not tell whether anything was written in between.
func positionKey(secret []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "pestle sequence", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func (s *Server) sealPosition(p fhir.LogPosition) string {
	return base64.RawURLEncoding.EncodeToString(s.positions.Seal(nil, nil, p.Encode(), nil))
}

func (s *Server) openPosition(token string) (fhir.LogPosition, bool) {
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return fhir.LogPosition{}, false
	}
	plain, err := s.positions.Open(nil, nil, sealed, nil)
	if err != nil {
		return fhir.LogPosition{}, false
	}
	return fhir.DecodeLogPosition(plain)
}

// reach waits until the database holds what a request is to see. It is asked of
// requests from outside that are permitted, before they take a place or memory.
func (s *Server) reach(r *http.Request) error {
	values := r.Header[headerMinSequence]
	if len(values) == 0 {
		return nil
	}
	return s.Holds(r.Context(), strings.Join(values, ","))
}

// Holds waits until the database holds positions, with commas between, as headers
// Pestle-Sequence name them.
func (s *Server) Holds(ctx context.Context, positions string) error {
	tokens := strings.Split(positions, ",")
	if len(tokens) > maxSequences {
		return sequenceError("The request names more positions than it may.", "at most "+number(maxSequences), number(len(tokens)))
	}
	for _, token := range tokens {
		token = strings.TrimSpace(token)
		p, ok := s.openPosition(token)
		if !ok {
			return sequenceError("This is not a position of this server.", "the value of a header "+headerSequence+", unchanged", token)
		}
		if err := s.config.Repository.Reach(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func sequenceError(message, expected, found string) error {
	return fhir.E("sequence", fhir.Invalid, fhir.Issue{
		Code: fhir.ValueCode, Message: headerMinSequence + ": " + message, Expected: expected, Found: found,
		Fix: "Leave the header out, or send what the answer to a write of yours had.",
	})
}
