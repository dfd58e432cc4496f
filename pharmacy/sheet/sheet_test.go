package sheet

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRead has files as spreadsheets save them: each has the same two rows.
func TestRead(t *testing.T) {
	wide := []byte{0xff, 0xfe}
	for _, c := range "Name,Note\r\nAnn,\"a, b\"\r\nBo,\r\n" {
		wide = append(wide, byte(c), 0)
	}
	for name, data := range map[string][]byte{
		"plain":       []byte("Name,Note\nAnn,\"a, b\"\nBo,\n"),
		"BOM, CRLF":   []byte("\xef\xbb\xbfName,Note\r\nAnn,\"a, b\"\r\nBo,\r\n"),
		"semicolons":  []byte("name;note\nAnn;a, b\nBo;\n"),
		"tabs":        []byte("NAME\tNOTE\nAnn\ta, b\nBo\t\n"),
		"UTF-16":      wide,
		"title above": []byte("List of November\n\nName,Note\nAnn,\"a, b\"\n,\nBo\n"),
	} {
		s := Read(data, false, "Name", "Note")
		require.True(t, s.HasHeader(), name)
		var got [][2]string
		for r := range s.Rows() {
			who, _ := s.Cell(r, "Name")
			note, _ := s.Cell(r, "Note")
			got = append(got, [2]string{who, note})
		}
		require.Equal(t, [][2]string{{"Ann", "a, b"}, {"Bo", ""}}, got, name)
		require.Empty(t, s.Issues, name)
	}
}

// TestPlaces counts characters, not bytes, and the lines of the file.
func TestPlaces(t *testing.T) {
	s := Read([]byte("name,note\n\nJosé,x\n"), false, "name", "note")
	for r := range s.Rows() {
		_, at := s.Cell(r, "note")
		require.Equal(t, 3, at.Line)
		require.Equal(t, 6, at.Column)
		require.Equal(t, 3, r.Line())
	}
	require.Equal(t, []string{"name", "note"}, s.Columns())
	require.True(t, s.Has("Note"))
	require.False(t, s.Has("other"))
}

// FuzzRead wants any bytes to be read or refused with an issue.
func FuzzRead(f *testing.F) {
	f.Add([]byte("name,note\nAnn,\"a, b\"\n"))
	f.Add([]byte("\xff\xfen\x00"))
	f.Add([]byte("name,note\n\"x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := Read(data, true, "name", "note")
		if !s.HasHeader() && len(s.Issues) == 0 {
			t.Fatal("neither a header nor an issue")
		}
		for r := range s.Rows() {
			if _, at := s.Cell(r, "note"); at.Line < 1 || at.Column < 1 {
				t.Fatalf("a cell at %v", at)
			}
		}
	})
}
