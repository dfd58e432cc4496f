package tracing

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

// TestParse has the examples and the refusals of the specification's section 3.2.
func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		example: example,
		strings.Replace(example, "-01", "-00", 1):            strings.Replace(example, "-01", "-00", 1),
		strings.Replace(example, "-01", "-03", 1):            example, // other flags are not passed on
		"cc" + example[2:] + "-what-the-future-will-be-like": example,
		"cc" + example[2:]:                                   example,
		"cc" + example[2:] + ".later":                        "",
		example + "-more":                                    "",
		example[:54]:                                         "",
		"ff" + example[2:]:                                   "",
		"":                                                   "",
		strings.ToUpper(example):                             "",
		strings.Replace(example, "4bf", "4bg", 1):            "",
		strings.Replace(example, "4bf", "4-f", 1):            "",
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01": "",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01": "",
		strings.ReplaceAll(example, "-", "_"):                     "",
	} {
		c, ok := Parse(text)
		require.Equal(t, want != "", ok, text)
		require.Equal(t, want, c.String(), text)
	}
	require.Empty(t, Context{}.TraceID())
}

func FuzzParse(f *testing.F) {
	f.Add(example)
	f.Add("cc" + example[2:] + "-more")
	f.Fuzz(func(t *testing.T, text string) {
		c, ok := Parse(text)
		if again, same := Parse(c.String()); ok && (!same || again != c) {
			t.Fatalf("%q is read as %s", text, c)
		}
	})
}
