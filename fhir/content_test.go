package fhir_test

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// A Binary refers to a content in the place of its data, keeps all else, and gets its
// data back.
func TestContent(t *testing.T) {
	binary, err := fhir.Parse([]byte(`{ "resourceType" : "Binary", "id":"b","data":"AAEC","_data":{"id":"d","extension":[{"url":"urn:x","valueCode":"y"}]},"contentType":"image/png"}`))
	require.NoError(t, err)
	_, refers := fhir.ContentOf(binary.Root())
	require.False(t, refers)
	c := fhir.Content{SHA256: sha256.Sum256([]byte{0, 1, 2}), Size: 3 << 30}
	out := c.In(binary)
	require.Equal(t, `{"resourceType":"Binary","id":"b","contentType":"image/png","_data":{"id":"d","extension":[{"url":"urn:x","valueCode":"y"},{"url":"https://pestle-fhir.github.io/StructureDefinition/content","extension":[{"url":"sha256","valueString":"ae4b3280e56e2faf83f414a6e3dabe9d5fbe18976544c05fed121accb85b53fc"},{"url":"size","valueDecimal":3221225472}]}]}}`, string(out.JSON()))
	found, refers := fhir.ContentOf(out.Root())
	require.True(t, refers)
	require.Equal(t, c, found)
	require.Equal(t, out.JSON(), c.In(out).JSON(), "it refers to one content")
	require.Equal(t, `{"resourceType":"Binary","id":"b","contentType":"image/png","data":"AAEC","_data":{"id":"d","extension":[{"url":"urn:x","valueCode":"y"}]}}`, string(fhir.WithData(out, "AAEC").JSON()))
	require.Equal(t, `{"resourceType":"Binary"}`, string(fhir.WithData(c.In(fhir.Obj("resourceType", "Binary").Resource()), "").JSON()))
}

// What refers to a content in another way than the server writes it has none.
func TestContentMalformed(t *testing.T) {
	const url = fhir.ContentExtension
	sum := `{"url":"sha256","valueString":"ae4b3280e56e2faf83f414a6e3dabe9d5fbe18976544c05fed121accb85b53fc"}`
	for _, c := range []struct {
		extensions string
		refers     bool
	}{
		{``, false}, {`{"url":"urn:x"}`, false}, {`{"url":"` + url + `"}`, true},
		{`{"url":"` + url + `","extension":[` + sum + `]}`, true}, // no size
		{`{"url":"` + url + `","extension":[` + sum + `,{"url":"size","valueDecimal":-1}]}`, true},
		{`{"url":"` + url + `","extension":[` + sum + `,{"url":"size","valueDecimal":1e3}]}`, true},
		{`{"url":"` + url + `","extension":[{"url":"sha256","valueString":"ae4b"},{"url":"size","valueDecimal":1}]}`, true},
		{`{"url":"` + url + `","extension":[` + sum + `,{"url":"size","valueDecimal":1}]},{"url":"` + url + `"}`, true}, // two
	} {
		r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Binary","_data":{"extension":[%s]}}`, c.extensions))
		require.NoError(t, err)
		found, refers := fhir.ContentOf(r.Root())
		require.Equal(t, c.refers, refers, c.extensions)
		require.Zero(t, found, c.extensions)
	}
	r, err := fhir.Parse([]byte(`{"resourceType":"Basic","_data":{"extension":[{"url":"` + url + `"}]}}`))
	require.NoError(t, err)
	_, refers := fhir.ContentOf(r.Root())
	require.False(t, refers, "only a Binary does")
}
