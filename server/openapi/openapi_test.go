package openapi

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir/r4"
)

func described() *Description {
	return &Description{Name: "Pestle", Version: "1", Base: "https://fhir.example/fhir", Formats: []string{"application/fhir+json", "application/fhir+xml"},
		Patches: []string{"application/json-patch+json"}, Asked: true, TokenURL: "https://fhir.example/oauth2/token",
		Routes: []Route{{"GET", "/:type/:id", "read"}, {"POST", "/:type", "create"}, {"GET", "/:type", "search-type"}, {"POST", "", "transaction"}}}
}

// TestEveryType makes the document of each type, and finds all that it refers to.
func TestEveryType(t *testing.T) {
	for _, typ := range r4.ResourceTypes() {
		text := described().Type(typ)
		var doc any
		require.NoError(t, json.Unmarshal(text, &doc), typ)
		refers(t, doc, doc)
	}
}

// refers follows each $ref.
func refers(t *testing.T, doc, at any) {
	switch at := at.(type) {
	case []any:
		for _, item := range at {
			refers(t, doc, item)
		}
	case map[string]any:
		for name, value := range at {
			if ref, ok := value.(string); name == "$ref" && ok {
				found := doc
				for _, step := range splitRef(ref) {
					members, ok := found.(map[string]any)
					require.True(t, ok, ref)
					found = members[step]
				}
				require.NotNil(t, found, ref)
				continue
			}
			refers(t, doc, value)
		}
	}
}

func splitRef(ref string) []string { return strings.Split(strings.TrimPrefix(ref, "#/"), "/") }
