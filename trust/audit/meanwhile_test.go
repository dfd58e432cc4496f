package audit_test

import (
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/trust/audit"
)

// TestFolderFails wants that nothing is acknowledged while the name of the next file
// may not be durable, not by the file before it either, and that the log goes on
// without a restart once it is.
func TestFolderFails(t *testing.T) {
	var fail atomic.Bool
	o := small
	o.SyncFolder = func(string) error {
		if fail.Load() {
			return syscall.EIO
		}
		return nil
	}
	dir := t.TempDir()
	l := open(t, dir, o)
	require.NoError(t, l.Append(t.Context(), event(1)))
	fail.Store(true)
	stored := 1
	for ; stored < 100; stored++ {
		if err := l.Append(t.Context(), event(stored)); err != nil {
			require.ErrorIs(t, err, syscall.EIO)
			break
		}
	}
	require.Less(t, stored, 100)
	tiny := event(1)
	tiny.Shown, tiny.Target = nil, ""
	require.ErrorIs(t, l.Append(t.Context(), tiny), syscall.EIO, "it would have the number that the new file begins with")
	require.ErrorIs(t, l.Append(t.Context(), event(2)), syscall.EIO)
	fail.Store(false)
	require.NoError(t, l.Append(t.Context(), tiny))
	require.NoError(t, l.Close())
	again := open(t, dir, small)
	require.Len(t, all(t, again), stored+1)
	require.NoError(t, again.Append(t.Context(), event(3)))
	require.Equal(t, uint64(stored+2), again.Head())
}

// readers read a whole log while meanwhile is called after the first segment.
var readers = map[string]func(l *audit.Log, meanwhile func()) error{
	"read": func(l *audit.Log, meanwhile func()) error {
		return l.Read(1, func(e *audit.Event) error {
			if e.Number == 1 {
				meanwhile()
			}
			return nil
		})
	},
	"copy": func(l *audit.Log, meanwhile func()) error {
		_, err := l.Copy(0, func(name string, _ []byte) error {
			if strings.HasSuffix(name, "01.audit") {
				meanwhile()
			}
			return nil
		})
		return err
	},
}

// TestReadMeanwhile reads a log of which the newest segment at the beginning is no
// longer that, and has a frame that was being written when it was read.
func TestReadMeanwhile(t *testing.T) {
	for name, read := range readers {
		l := open(t, t.TempDir(), small)
		dir := written(t, 40, small)
		require.NoError(t, l.Close())
		l = open(t, dir, small)
		newest := files(t, dir)[len(files(t, dir))-1]
		require.NoError(t, read(l, func() {
			for len(files(t, dir)) == 0 || files(t, dir)[len(files(t, dir))-1] == newest {
				require.NoError(t, l.Append(t.Context(), event(1)))
			}
			f, err := os.OpenFile(newest, os.O_APPEND|os.O_WRONLY, 0o600)
			require.NoError(t, err)
			_, err = f.WriteString("half a frame")
			require.NoError(t, err)
			require.NoError(t, f.Close())
		}), name)
	}
}

// TestReadDamaged: what is torn before the end of what was durable is damage, in
// the newest segment too.
func TestReadDamaged(t *testing.T) {
	for name, read := range readers {
		dir := written(t, 40, small)
		l := open(t, dir, small)
		newest := files(t, dir)[len(files(t, dir))-1]
		require.Error(t, read(l, func() {
			f, err := os.OpenFile(newest, os.O_WRONLY, 0o600)
			require.NoError(t, err)
			_, err = f.WriteAt([]byte("xxxx"), 90)
			require.NoError(t, err)
			require.NoError(t, f.Close())
		}), name)
	}
}

// TestReadRetained reads a log whose segments are deleted meanwhile, kept as long as
// they must be.
func TestReadRetained(t *testing.T) {
	rules, err := audit.BuiltinRetention()
	require.NoError(t, err)
	for name, read := range readers {
		l := open(t, written(t, 60, small), small)
		deleted := 0
		require.NoError(t, read(l, func() {
			deleted, err = l.Retain(t.Context(), rules, time.Now().AddDate(100, 0, 0))
			require.NoError(t, err)
		}), name)
		require.Greater(t, deleted, 3)
	}
}
