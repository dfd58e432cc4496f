package audit

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReadWritten: of a segment only what was written is read, also where a copy that
// leaves holes has made one of the zeros at the end of the last frame.
func TestReadWritten(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("holes are not known here")
	}
	const size, content = 1 << 20, 100_000
	frame := binary.BigEndian.AppendUint32(make([]byte, headerSize), content)
	for name, c := range map[string]struct{ written, most int }{"as it was written": {frameHead + content, 200_000}, "with a hole in the frame": {frameHead, size}} {
		path := filepath.Join(t.TempDir(), "segment")
		whole := make([]byte, size)
		copy(whole, frame)
		require.NoError(t, os.WriteFile(path, whole[:headerSize+c.written], 0o600), name)
		require.NoError(t, os.Truncate(path, size), name)
		text, err := readWritten(path)
		require.NoError(t, err, name)
		require.LessOrEqual(t, len(text), c.most, name)
		require.GreaterOrEqual(t, len(text), headerSize+frameHead+content, name)
		require.True(t, bytes.Equal(whole[:len(text)], text), name)
	}
}
