package scan

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// stub is a clamd that finds "badness", and takes so many bytes.
func stub(t *testing.T, network, address string, most int, answer func(stream []byte) string) net.Listener {
	l, err := net.Listen(network, address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				command := make([]byte, len("zINSTREAM\x00"))
				if _, err := io.ReadFull(conn, command); err != nil || string(command) != "zINSTREAM\x00" {
					return
				}
				var stream []byte
				for {
					var size uint32
					if err := binary.Read(conn, binary.BigEndian, &size); err != nil {
						return
					}
					if size == 0 {
						break
					}
					if len(stream)+int(size) > most {
						_, _ = io.WriteString(conn, "INSTREAM size limit exceeded. ERROR\x00")
						return
					}
					part := make([]byte, size)
					if _, err := io.ReadFull(conn, part); err != nil {
						return
					}
					stream = append(stream, part...)
				}
				_, _ = io.WriteString(conn, answer(stream))
			}()
		}
	}()
	return l
}

func finding(stream []byte) string {
	if bytes.Contains(stream, []byte("badness")) {
		return "stream: Pestle.Test FOUND\x00"
	}
	return "stream: OK\x00"
}

func TestClamd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "clamd")
	stub(t, "unix", path, 4<<20, finding)
	c, err := New("unix:"+path, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.NoError(t, c.Inspect(context.Background(), strings.NewReader("fine")))
	require.NoError(t, c.Inspect(context.Background(), strings.NewReader("")))
	require.NoError(t, c.Inspect(context.Background(), bytes.NewReader(make([]byte, 3<<20))))

	err = c.Inspect(context.Background(), io.MultiReader(bytes.NewReader(make([]byte, 1<<20)), strings.NewReader("badness")))
	require.Equal(t, fhir.BusinessRule, fhir.KindOf(err))
	require.ErrorContains(t, err, "Pestle.Test")
	err = c.Inspect(context.Background(), bytes.NewReader(make([]byte, 5<<20)))
	require.Contains(t, []fhir.Code{fhir.TooLong, fhir.NoStore}, fhir.KindOf(err), "the answer may be lost with the connection")
	require.EqualValues(t, 1, c.Found())
}

// What cannot be scanned is refused, and the operator is told why.
func TestClamdFails(t *testing.T) {
	for name, answer := range map[string]func([]byte) string{
		"nothing":    func([]byte) string { return "" },
		"unfinished": func([]byte) string { return "stream: OK" },
		"error":      func([]byte) string { return "UNKNOWN COMMAND. ERROR\x00" },
	} {
		t.Run(name, func(t *testing.T) {
			l := stub(t, "tcp", "127.0.0.1:0", 1<<20, answer)
			c, err := New(l.Addr().String(), slog.New(slog.DiscardHandler))
			require.NoError(t, err)
			require.Equal(t, fhir.NoStore, fhir.KindOf(c.Inspect(context.Background(), strings.NewReader("x"))))
			require.NotEmpty(t, c.Trouble())
			require.EqualValues(t, 1, c.Failed())
		})
	}
	c, err := New("unix:"+filepath.Join(t.TempDir(), "none"), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.Equal(t, fhir.NoStore, fhir.KindOf(c.Inspect(context.Background(), strings.NewReader("x"))))

	// What cannot be read is not the fault of the scanner, and never taken for its end.
	l := stub(t, "tcp", "127.0.0.1:0", 1<<20, finding)
	c, err = New(l.Addr().String(), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	for _, broken := range []error{errors.New("broken"), io.ErrUnexpectedEOF} {
		require.ErrorIs(t, c.Inspect(context.Background(), io.MultiReader(strings.NewReader("x"), failing{broken})), broken)
	}
	require.Empty(t, c.Trouble())

	// One that is given up ends at once.
	l = stub(t, "tcp", "127.0.0.1:0", 1<<20, func([]byte) string { time.Sleep(time.Minute); return "" })
	c, err = New(l.Addr().String(), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, c.Inspect(ctx, strings.NewReader("x")), context.DeadlineExceeded)
	require.Empty(t, c.Trouble())
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestAddress(t *testing.T) {
	for _, wrong := range []string{"", "unix:", "clamd", ":3310", "/run/clamd.ctl"} {
		_, err := New(wrong, nil)
		require.ErrorContains(t, err, "is not the address of a clamd", wrong)
	}
}

// TestRealClamd asks the clamd of the machine, with one signature that is made here.
func TestRealClamd(t *testing.T) {
	program, err := exec.LookPath("clamd")
	if err != nil {
		t.Skip("there is no clamd")
	}
	dir, err := os.MkdirTemp("", "clamd") // a socket has a short path
	require.NoError(t, err)
	defer func() { _ = os.RemoveAll(dir) }()
	signature := "Pestle.Test:0:*:" + hex.EncodeToString([]byte("badness-of-pestle")) + "\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "test.ndb"), []byte(signature), 0o600))
	config := fmt.Sprintf("LocalSocket %[1]s/ctl\nDatabaseDirectory %[1]s\nForeground yes\nOfficialDatabaseOnly no\nStreamMaxLength 2M\nMaxFileSize 4M\nUser %[2]s\n", dir, current(t))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "conf"), []byte(config), 0o600))
	var said bytes.Buffer
	command := exec.Command(program, "--config-file", filepath.Join(dir, "conf"))
	command.Stdout, command.Stderr = &said, &said
	require.NoError(t, command.Start())
	defer func() { _ = command.Process.Kill(); _ = command.Wait() }()
	c, err := New("unix:"+filepath.Join(dir, "ctl"), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return c.Inspect(context.Background(), strings.NewReader("fine")) == nil }, time.Minute, 100*time.Millisecond, "it says: %s", &said)
	require.Empty(t, c.Trouble())
	err = c.Inspect(context.Background(), strings.NewReader(strings.Repeat("x", 100_000)+"badness-of-pestle"))
	require.Equal(t, fhir.BusinessRule, fhir.KindOf(err), "%v", err)
	require.ErrorContains(t, err, "Pestle.Test")
	err = c.Inspect(context.Background(), bytes.NewReader(make([]byte, 3<<20)))
	require.Contains(t, []fhir.Code{fhir.TooLong, fhir.NoStore}, fhir.KindOf(err), "the answer may be lost with the connection")
}

func current(t *testing.T) string {
	t.Helper()
	u, err := user.Current()
	require.NoError(t, err)
	return u.Username
}
