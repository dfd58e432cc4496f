package search

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/url"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// pageParam is the parameter that carries a page token.
const pageParam = "_page"

// Sealer makes page tokens that nobody else can make or read, and opens them. A
// token holds a [Page] and is bound to its query.
type Sealer struct {
	aead  cipher.AEAD
	nonce []byte // key for the nonces
	who   string // to whom the tokens are bound; "" for everybody
}

// NewSealer makes a sealer from a secret of any length; use 32 random bytes.
func NewSealer(secret []byte) *Sealer {
	block, err := aes.NewCipher(derive(secret, "page token"))
	if err != nil {
		panic(err) // the key has 32 bytes
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES has blocks of 16 bytes
	}
	return &Sealer{aead: aead, nonce: derive(secret, "page nonce")}
}

// For returns the sealer of one caller, whose tokens lead nobody else anywhere; ""
// for everybody.
func (s *Sealer) For(who string) *Sealer { return &Sealer{s.aead, s.nonce, who} }

// bound is the subject of a token with its caller.
func (s *Sealer) bound(subject []byte) []byte {
	if s.who == "" {
		return subject
	}
	return append([]byte(s.who+"\x00"), subject...)
}

func derive(secret []byte, purpose string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(purpose))
	return mac.Sum(nil)
}

// Token gives the token that leads to a page of a query. The same page has the
// same token, so that links can be compared and cached.
func (s *Sealer) Token(q *Query, p Page) string {
	return s.Seal(q.digest(), append(binary.BigEndian.AppendUint64(nil, uint64(p.AsOf)), p.After...))
}

// Seal makes the token of a place in something else than a search, bound to a
// subject: the query it is a place in.
func (s *Sealer) Seal(subject, place []byte) string {
	subject = s.bound(subject)
	sum := sha256.Sum256(subject)
	nonce := derive(s.nonce, string(sum[:])+string(place))[:s.aead.NonceSize()]
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nonce, nonce, place, subject))
}

// Open gives the place in a token; false for what is no token of the subject.
func (s *Sealer) Open(subject []byte, token string) (place []byte, ok bool) {
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	n := s.aead.NonceSize()
	if err != nil || len(sealed) < n {
		return nil, false
	}
	place, err = s.aead.Open(nil, sealed[:n], sealed[n:], s.bound(subject))
	return place, err == nil
}

// Link is the query string that leads to a page: that of the self link with
// the token.
func (s *Sealer) Link(q *Query, p Page) url.Values {
	out := q.Self()
	out.Set(pageParam, s.Token(q, p))
	return out
}

// open is false for what is no token of that query.
func (s *Sealer) open(q *Query, token string) (Page, bool) {
	plain, ok := s.Open(q.digest(), token)
	if !ok || len(plain) < 8 {
		return Page{}, false
	}
	return Page{AsOf: fhir.Seq(binary.BigEndian.Uint64(plain)), After: bytes.Clone(plain[8:])}, true
}

// digest identifies what a query asks for. How the answer is written
// (_format, _pretty) is no part of it.
func (q *Query) digest() []byte {
	self := q.Self()
	self.Del("_format")
	self.Del("_pretty")
	subject := q.Type + "?" + self.Encode() + strings.Join(q.stored, "\x00")
	if q.Within != nil {
		subject = q.Within.Type + "/" + q.Within.ID + "/" + subject
	}
	sum := sha256.Sum256([]byte(subject))
	return sum[:]
}

func (p *parser) page(tokens []string) {
	const message = "The page token is not one of this query."
	const expected = "the next link of a search result, unchanged"
	if p.Pages == nil || len(tokens) != 1 {
		p.refuse(pageParam, message, expected, tokens[0], "")
		return
	}
	page, ok := p.Pages.open(p.query, tokens[0])
	if !ok {
		p.refuse(pageParam, message, expected, tokens[0], "")
		return
	}
	p.query.Page = page
}
