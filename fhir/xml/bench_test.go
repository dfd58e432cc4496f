package xml

import (
	"bytes"
	stdxml "encoding/xml"
	"errors"
	"io"
	"testing"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

func documents(b *testing.B) (docs [][]byte, resources []*fhir.Resource, size int) {
	for _, f := range oracle.Files(b, ".json", "examples/r4", "examples/eps") {
		r, err := fhir.Parse(f.Data)
		if err != nil || r.Type() == "" {
			continue
		}
		text, err := Encode(r)
		if err != nil {
			b.Fatal(err)
		}
		docs, resources = append(docs, text), append(resources, r)
		size += len(text)
	}
	return docs, resources, size
}

func BenchmarkScan(b *testing.B) {
	docs, _, size := documents(b)
	b.Run("pestle", func(b *testing.B) {
		b.SetBytes(int64(size))
		b.ReportAllocs()
		for b.Loop() {
			for _, doc := range docs {
				s, err := NewScanner(doc)
				for err == nil {
					var t Token
					if t, err = s.Next(); t.Kind == EOF {
						break
					}
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("encoding-xml", func(b *testing.B) {
		b.SetBytes(int64(size))
		b.ReportAllocs()
		for b.Loop() {
			for _, doc := range docs {
				d := stdxml.NewDecoder(bytes.NewReader(doc))
				var err error
				for err == nil {
					_, err = d.Token()
				}
				if !errors.Is(err, io.EOF) {
					b.Fatal(err)
				}
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	docs, _, size := documents(b)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, doc := range docs {
			if _, err := Decode(doc); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	_, resources, size := documents(b)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, r := range resources {
			if _, err := Encode(r); err != nil {
				b.Fatal(err)
			}
		}
	}
}
