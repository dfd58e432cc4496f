package typed

import (
	"strings"
	"testing"

	bcpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/bundle_and_contained_resource_go_proto"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestSameMessagesAsGoogle holds the messages of all examples against those of
// google/fhir's codec. They differ only where the package doc says so: in the
// Any of contained resources and where a text is kept.
func TestSameMessagesAsGoogle(t *testing.T) {
	u, _ := codec()
	compared := 0
	for _, e := range examples(t) {
		theirs, err := u.UnmarshalR4(e.resource.JSON())
		if err != nil {
			continue
		}
		ours := &bcpb.ContainedResource{}
		require.NoError(t, fillAny(ours, e.resource), e.name)
		text, err := proto.Marshal(ours)
		require.NoError(t, err)
		if strings.Contains(string(text), textURL) || strings.Contains(string(text), jsonTypeURL) ||
			strings.Contains(string(text), noValueURL) {
			continue
		}
		compared++
		assert.True(t, proto.Equal(ours, theirs), e.name)
	}
	assert.Greater(t, compared, 400)
}

func fillAny(c *bcpb.ContainedResource, r *fhir.Resource) error {
	m := c.ProtoReflect()
	return fill(m.Mutable(shapeOf(m.Descriptor()).byName[r.Type()].fd).Message(), r)
}

func BenchmarkTo(b *testing.B) {
	all := examples(b)
	size := 0
	for _, e := range all {
		size += len(e.resource.JSON())
	}
	u, _ := codec()
	b.Run("pestle", func(b *testing.B) {
		b.SetBytes(int64(size))
		b.ReportAllocs()
		for b.Loop() {
			for _, e := range all {
				if _, err := message(e.resource); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("google", func(b *testing.B) {
		b.SetBytes(int64(size))
		b.ReportAllocs()
		for b.Loop() {
			for _, e := range all {
				_, _ = u.Unmarshal(e.resource.JSON())
			}
		}
	})
}

func BenchmarkFrom(b *testing.B) {
	var messages []proto.Message
	size := 0
	for _, e := range examples(b) {
		m, err := message(e.resource)
		if err != nil {
			b.Fatal(err)
		}
		messages = append(messages, m)
		size += len(e.resource.JSON())
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, m := range messages {
			if _, err := From(m); err != nil {
				b.Fatal(err)
			}
		}
	}
}
