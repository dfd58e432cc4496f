package console

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

func elementsOf(t testing.TB, text string) []element {
	r, err := fhir.Parse([]byte(text))
	require.NoError(t, err)
	return elements(r.Root())
}

// TestCompared tells what is added, changed and removed; an item that is put in before
// others does not make them different; the version and its time are no change.
func TestCompared(t *testing.T) {
	was := elementsOf(t, `{"resourceType":"Patient","id":"a","meta":{"versionId":"1","lastUpdated":"2026-01-01T00:00:00Z"},"active":true,"gender":"male","identifier":[{"system":"s/one","value":"1"}],"name":[{"family":"Smith","given":["Ann","Bea"]}]}`)
	now := elementsOf(t, `{"resourceType":"Patient","id":"a","meta":{"versionId":"2","lastUpdated":"2026-01-02T00:00:00Z"},"active":false,"identifier":[{"system":"s/zero","value":"0"},{"system":"s/one","value":"1"}],"name":[{"family":"Smith","given":["Ann"]}],"birthDate":"1980-02-01"}`)
	list, same := compared(was, now)
	var lines []string
	for _, c := range list {
		lines = append(lines, strings.TrimSpace(c.What+" "+c.Path+": "+c.Was+" > "+c.Now))
	}
	assert.Equal(t, []string{
		"changed active: true > false", "added identifier[zero].system:  > s/zero", "added identifier[zero].value:  > 0", "added birthDate:  > 1980-02-01",
		"removed gender: male >", "removed name[0].given[1]: Bea >",
	}, lines)
	assert.Equal(t, 6, same)
	list, _ = compared(was, was)
	assert.Empty(t, list)
}

// TestBlame names for each element the last version that made it what it is.
func TestBlame(t *testing.T) {
	versions := [][]element{ // the newest first
		elementsOf(t, `{"resourceType":"Task","status":"completed","owner":"b"}`),
		nil, // a deletion
		elementsOf(t, `{"resourceType":"Task","status":"accepted","owner":"a"}`),
		elementsOf(t, `{"resourceType":"Task","status":"requested","owner":"a"}`),
	}
	assert.Equal(t, map[string]int{"resourceType": 0, "status": 0, "owner": 0}, blame(versions), "what comes back after a deletion is of the version that brought it")
	from := blame(versions[2:])
	assert.Equal(t, map[string]int{"resourceType": 1, "status": 0, "owner": 1}, from)
}

// FuzzCompared: what was changed leads from the one to the other.
func FuzzCompared(f *testing.F) {
	f.Add(`{"resourceType":"Task","a":[{"url":"x"},{"url":"x"}]}`, `{"resourceType":"Task","a":[1,[2,{"b":null}]]}`)
	f.Fuzz(func(t *testing.T, a, b string) {
		x, err := fhir.Parse([]byte(a))
		if err != nil {
			return
		}
		y, err := fhir.Parse([]byte(b))
		if err != nil {
			return
		}
		was, now := elements(x.Root()), elements(y.Root())
		list, same := compared(was, now)
		at := map[string]string{}
		for _, e := range was {
			at[e.path] = e.value
		}
		for _, c := range list {
			if c.What == "removed" {
				delete(at, c.Path)
			} else {
				at[c.Path] = c.Now
			}
		}
		for _, e := range now {
			if at[e.path] != e.value {
				t.Fatalf("%s is %q, expected %q", e.path, at[e.path], e.value)
			}
		}
		if len(at) != len(now) || same > len(now) {
			t.Fatalf("%d elements, expected %d; %d the same", len(at), len(now), same)
		}
	})
}
