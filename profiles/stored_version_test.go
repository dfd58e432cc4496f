package profiles

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/profiles/definition"
)

// TestNewestVersionAnswers: of several versions of a url the newest answers where nobody
// asks for one, in whatever order they are written, and the next when it is deleted.
func TestNewestVersionAnswers(t *testing.T) {
	l := libraryOf(definition.NewSet())
	log := &logged{}
	s := &Stored{Library: l, From: log}
	write := func(id, version, display string) {
		text := ""
		if version != "" {
			text = fmt.Sprintf(`{"resourceType":"CodeSystem","url":"https://clinic.example/bays","version":%q,"content":"complete","concept":[{"code":"a","display":%q}]}`, version, display)
		}
		log.write("CodeSystem", id, text)
		require.NoError(t, s.Sync(t.Context()))
	}
	named := func(version string) string {
		c, _, err := l.Terminology().Lookup("https://clinic.example/bays", version, "a")
		if err != nil {
			return "-"
		}
		return c.Display
	}
	write("two", "1.10.0", "Ten")
	write("one", "1.9.0", "Nine")
	assert.Equal(t, "Ten", named(""), "1.10 is after 1.9, though written before")
	assert.Equal(t, "Nine", named("1.9.0"))
	write("one", "1.9.0", "Nine again")
	assert.Equal(t, "Ten", named(""))
	write("three", "2.0.0", "Two")
	assert.Equal(t, "Two", named(""))
	write("three", "", "")
	assert.Equal(t, "Ten", named(""))
	write("two", "", "")
	assert.Equal(t, "Nine again", named(""))
	write("one", "", "")
	assert.Equal(t, "-", named(""))
}
