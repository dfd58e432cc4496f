// Package scan has a scanner of viruses look at the bytes that callers send, before they
// are stored: clamd of ClamAV, by its command INSTREAM (clamd(8)).
//
// What cannot be scanned is not stored: where the scanner is not there, does not answer, or
// takes no stream of that size, the write is refused.
package scan

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// Clamd is a running clamd. It is safe for concurrent use: each scan has a connection of
// its own.
type Clamd struct {
	network, address string
	log              *slog.Logger

	found, failed atomic.Uint64
	trouble       atomic.Pointer[string] // why the newest scan could not be made; nil where it was
}

// New is the clamd at an address: unix:/run/clamav/clamd.ctl or host:port.
func New(address string, log *slog.Logger) (*Clamd, error) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok && path != "" {
		return &Clamd{network: "unix", address: path, log: log}, nil
	}
	if host, port, err := net.SplitHostPort(address); err == nil && host != "" && port != "" {
		return &Clamd{network: "tcp", address: address, log: log}, nil
	}
	return nil, fmt.Errorf("%q is not the address of a clamd: expected unix:/run/clamav/clamd.ctl, or host:port", address)
}

const (
	chunk    = 64 << 10
	connects = 5 * time.Second
	steps    = 30 * time.Second // for each part that is sent
	thinks   = 5 * time.Minute  // for the answer after the last part
	longest  = 4 << 10          // of an answer
)

// Inspect has what r returns scanned. The error is an [*fhir.Error] for what is refused,
// and where it cannot be scanned; another one is that of r.
func (c *Clamd) Inspect(ctx context.Context, r io.Reader) error {
	answer, err := c.ask(ctx, "zINSTREAM\x00", r)
	if err != nil {
		var reading *readError
		if errors.As(err, &reading) {
			return reading.err
		}
		if ctx.Err() != nil { // nobody waits for it any more
			return context.Cause(ctx)
		}
		return c.unable(err)
	}
	c.trouble.Store(nil)
	switch said := strings.TrimPrefix(answer, "stream: "); {
	case said == "OK":
		return nil
	case strings.HasSuffix(said, " FOUND"):
		c.found.Add(1)
		name := strings.TrimSuffix(said, " FOUND")
		c.log.WarnContext(ctx, "the scanner refuses what was sent", "found", name)
		return fhir.E("scan", fhir.BusinessRule, fhir.Issue{Rule: "scan", Message: "The scanner of the server takes the content for harmful. Nothing was stored.", Found: name,
			Fix: "Look for the cause at where the file comes from; send another copy of the document."})
	case strings.Contains(said, "size limit exceeded"):
		return fhir.E("scan", fhir.TooLong, fhir.Issue{Rule: "scan", Message: "The content is larger than the scanner of the server takes, so it cannot be scanned. Nothing was stored.",
			Fix: "Send it in several Binaries, or ask the operator of the server to raise StreamMaxLength of clamd."})
	default:
		return c.unable(fmt.Errorf("clamd answered %q", answer))
	}
}

// unable is the error of a scan that could not be made.
func (c *Clamd) unable(err error) error {
	c.failed.Add(1)
	text := err.Error()
	c.trouble.Store(&text)
	e := fhir.E("scan", fhir.NoStore, fhir.Issue{Rule: "scan", Message: "The content cannot be scanned now, and what is not scanned is not stored. Nothing was written.",
		Fix: "Send it again later. The operator of the server finds the reason in its log."})
	e.Err = fmt.Errorf("scan: clamd at %s: %w", c.address, err)
	return e
}

type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }

// ask sends a command with a stream, and returns the answer without its end.
func (c *Clamd) ask(ctx context.Context, command string, r io.Reader) (string, error) {
	dialer := net.Dialer{Timeout: connects}
	conn, err := dialer.DialContext(ctx, c.network, c.address)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	if err := conn.SetDeadline(time.Now().Add(steps)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(conn, command); err != nil {
		return "", err
	}
	sent := send(conn, r)
	if errors.As(sent, new(*readError)) {
		return "", sent
	}
	if err := conn.SetDeadline(time.Now().Add(thinks)); err != nil {
		return "", err
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(io.LimitReader(conn, longest)) // also where it closed early, and says why
	if text, whole := bytes.CutSuffix(answer, []byte{0}); whole {
		return string(text), nil
	}
	return "", errors.Join(sent, err, fmt.Errorf("it ended the connection without an answer (%q)", answer))
}

// send sends a stream in chunks, each after its length, and a last one of no bytes.
func send(conn net.Conn, r io.Reader) error {
	b := make([]byte, 4+chunk)
	for {
		n, err := r.Read(b[4:])
		if err != nil && !errors.Is(err, io.EOF) {
			return &readError{err}
		}
		binary.BigEndian.PutUint32(b, uint32(n))
		if n > 0 {
			if err := write(conn, b[:4+n]); err != nil {
				return err
			}
		}
		if err != nil {
			return write(conn, []byte{0, 0, 0, 0})
		}
	}
}

func write(conn net.Conn, b []byte) error {
	if err := conn.SetDeadline(time.Now().Add(steps)); err != nil {
		return err
	}
	_, err := conn.Write(b)
	return err
}

// Trouble says why the newest scan could not be made, for the operator; "" where it was.
func (c *Clamd) Trouble() string {
	if text := c.trouble.Load(); text != nil {
		return "The virus scanner cannot be asked, and what it has to scan is refused: " + *text + "."
	}
	return ""
}

// Found counts what was refused as harmful.
func (c *Clamd) Found() uint64 { return c.found.Load() }

// Failed counts the scans that could not be made.
func (c *Clamd) Failed() uint64 { return c.failed.Load() }
