package paper

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestLabels: each label is a page of its size with the same bytes each time; what is too
// long for one goes on, with the foot on each and no line lost.
func TestLabels(t *testing.T) {
	long := strings.Fields("Take one tablet in the morning for one week, then two in the morning and one at noon for two weeks, then as the clinic has said, with a glass of water and some food, and not in the evening")
	l := Labels{Title: "Labels", Made: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), Width: 70, Height: 35, Text: 8, Labels: []Label{
		{Heads: []string{"14 tablets", "Methylphenidate 10mg tablets"}, Lines: []string{"One daily"}, Foot: []string{"Ann Example   24 Nov 2026"}},
		{Heads: []string{"14 tablets"}, Lines: []string{strings.Join(append(append([]string{}, long...), long...), " ")}, Foot: []string{"Ann Example   24 Nov 2026", "The Pharmacy, 1 Street, Leeds"}},
	}}
	var one, two bytes.Buffer
	require.NoError(t, l.PDF(&one))
	require.NoError(t, l.PDF(&two))
	require.Equal(t, one.Bytes(), two.Bytes())
	require.Equal(t, 3, bytes.Count(one.Bytes(), []byte("/Type /Page\n")))
	require.Regexp(t, regexp.MustCompile(`/MediaBox \[0 0 198\.43 99\.21\]`), one.String(), "70 by 35 mm in points")
	require.True(t, Shows("Zoë O’Brien – 10 mg · £5"))
	require.False(t, Shows("Łukasz"))
	require.False(t, Shows("日本"))
}

// FuzzLabels: whatever is printed, and however small the label is, a PDF comes of it.
func FuzzLabels(f *testing.F) {
	f.Add("a head", "a line", "a foot", 70.0, 35.0, 8.0)
	f.Add("\xff(\\", "\u202e\n\r\t", "", 5.0, 5.0, 30.0)
	f.Fuzz(func(t *testing.T, head, line, foot string, width, height, text float64) {
		if !(width >= 5 && width <= 500 && height >= 5 && height <= 500 && text >= 4 && text <= 40) {
			t.Skip()
		}
		var out bytes.Buffer
		l := Labels{Title: head, Width: width, Height: height, Text: text, Labels: []Label{{[]string{head}, []string{line, head}, []string{foot}}, {}}}
		require.NoError(t, l.PDF(&out))
		require.True(t, bytes.HasSuffix(bytes.TrimSpace(out.Bytes()), []byte("%%EOF")))
	})
}
