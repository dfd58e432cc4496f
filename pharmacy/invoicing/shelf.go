package invoicing

import (
	"encoding/base64"
	"sync"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/invoicing/prices"
)

// shelf finds the files that price a supply. Each is one Binary, of which every
// row has its own days; its versions are kept like those of any resource, and a
// charge names the one that made it. Parsed files are kept in memory by version,
// which never changes.
type shelf struct {
	mu     sync.Mutex
	parsed map[string]any // by Binary/…/_history/…
}

// keep bounds the parsed files.
const keep = 16

// BinaryID is the id of the Binary that holds a file.
func BinaryID(kind prices.Kind) string { return string(kind) }

// book is all that prices a supply.
func (s *shelf) book(state fhir.State) (*prices.Book, error) {
	b := &prices.Book{}
	var err error
	if b.List, b.ListName, err = shelved(s, state, prices.PriceList, prices.ReadList); err != nil {
		return nil, err
	}
	if b.Terms, b.TermsName, err = shelved(s, state, prices.TermsList, prices.ReadTerms); err != nil {
		return nil, err
	}
	if b.VAT, b.VATName, err = shelved(s, state, prices.VATRates, prices.ReadVAT); err != nil {
		return nil, err
	}
	if b.VAT == nil {
		b.VAT, b.VATName = prices.BuiltinVAT(), "the built-in rates"
	}
	return b, nil
}

// shelved is the file of a kind, parsed; the name is empty where there is none.
func shelved[T any](s *shelf, state fhir.State, kind prices.Kind, read func([]byte) (*T, []fhir.Issue)) (value *T, name string, err error) {
	v, err := state.Current("Binary", BinaryID(kind))
	if err != nil || v == nil || v.Deleted() {
		return nil, "", err
	}
	name = v.Ref() + "/_history/" + v.VersionID
	s.mu.Lock()
	defer s.mu.Unlock()
	if have, ok := s.parsed[name].(*T); ok {
		return have, name, nil
	}
	data, err := fileIn(v)
	if err != nil {
		return nil, name, err
	}
	value, issues := read(data)
	if value == nil {
		return nil, name, &fhir.Error{Op: "prices", Kind: fhir.Processing, Issues: issues}
	}
	if s.parsed == nil || len(s.parsed) >= keep {
		s.parsed = map[string]any{}
	}
	s.parsed[name] = value
	return value, name, nil
}

// fileIn is the file that a Binary holds.
func fileIn(v *fhir.Version) ([]byte, error) {
	r, err := v.Resource()
	if err != nil {
		return nil, err
	}
	data, err := base64.StdEncoding.DecodeString(r.Get("data").Text())
	if err != nil {
		return nil, fhir.E("prices", fhir.Processing, fhir.Issue{Expression: "Binary.data", Message: v.Ref() + " does not hold base64: " + err.Error() + "."})
	}
	return data, nil
}
