package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestExamplesArePosted reads the OpenAPI document of a sandbox, posts each body that it
// shows to where it shows it, and asks $validate about the same: what the document says
// is taken is taken, with the same verdict by both.
func TestExamplesArePosted(t *testing.T) {
	host, _ := sandbox(t)
	var document struct {
		Servers []struct{ URL string }
		Paths   map[string]map[string]struct {
			RequestBody struct {
				Content map[string]struct {
					Examples map[string]struct{ Value json.RawMessage }
				}
			}
		}
	}
	answer, err := http.Get(host + "/openapi.json")
	require.NoError(t, err)
	require.Equal(t, 200, answer.StatusCode)
	require.Equal(t, "application/json", answer.Header.Get("Content-Type"))
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&document))
	require.NoError(t, answer.Body.Close())
	require.Equal(t, host+"/fhir", document.Servers[0].URL)

	posted := 0
	for path, item := range document.Paths {
		for mime, content := range item["post"].RequestBody.Content {
			for _, example := range content.Examples {
				var head struct{ ResourceType, ID string }
				require.NoError(t, json.Unmarshal(example.Value, &head))
				status, text := postExample(t, document.Servers[0].URL+path, mime, example.Value)
				assert.Contains(t, []int{200, 201}, status, "%s: %s", path, text)
				if posted++; path == "/"+head.ResourceType {
					status, text = postExample(t, document.Servers[0].URL+path+"/$validate", mime, example.Value)
					assert.Equal(t, 200, status)
					assert.NotContains(t, text, `"severity":"error"`, path)
				}
			}
		}
	}
	assert.GreaterOrEqual(t, posted, 12, "an example of each type that a clinic writes, and an order")
}

func postExample(t *testing.T, url, mime string, body []byte) (int, string) {
	t.Helper()
	answer, err := http.Post(url, mime, strings.NewReader(string(body)))
	require.NoError(t, err)
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	return answer.StatusCode, string(text)
}
