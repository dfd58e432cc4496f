package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestViewsGuide: the view of docs/views.md makes the rows that it shows.
func TestViewsGuide(t *testing.T) {
	p := startPharmacy(t)
	id := func(body string) string { return p.ask(201, "POST", "/Patient", []byte(body)).ID() }
	ann := id(`{"resourceType":"Patient","birthDate":"1970-05-01","name":[{"use":"official","family":"Smith","given":["Ann","Bea"]},{"use":"nickname","given":["Annie"]}]}`)
	id(`{"resourceType":"Patient","name":[{"use":"official","family":"Unborn"}]}`)
	cy := id(`{"resourceType":"Patient","birthDate":"1981","name":[{"use":"nickname","given":["Cy"]}]}`)
	r, err := http.Post(p.http.URL+"/fhir/$viewdefinition-run", "application/fhir+json", strings.NewReader(documentedIn(t, "views.md", "names.json")))
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Body.Close()) }()
	text, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	require.Equal(t, 200, r.StatusCode, "%s", text)
	want := strings.NewReplacer("ANN", ann, "CY", cy).Replace(documentedIn(t, "views.md", "names.csv"))
	lines := strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
	for line := range strings.Lines(want) {
		require.Contains(t, lines, strings.TrimSpace(line))
	}
	require.NotContains(t, string(text), "Unborn")
}
