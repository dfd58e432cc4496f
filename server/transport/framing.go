package transport

import (
	"bytes"
	"net"
	"strconv"
	"strings"
)

// Listener returns a listener whose connections mark requests that do not say in
// one way how long their body is: Transfer-Encoding together with Content-Length,
// or Transfer-Encoding in HTTP/1.0 (RFC 9112 section 6.1). net/http takes the one
// and drops the other before a handler sees the request, so that a proxy which
// reads it otherwise would take a part of the body for the next request. See
// [Faulty].
func Listener(l net.Listener) net.Listener { return framed{l} }

type framed struct{ net.Listener }

// Accept waits for the next connection.
func (l framed) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return framedConn(c), nil
}

// The names that take the place of those of a faulty request, of the same length.
const (
	faultyLength   = "Framing-Faulty"
	faultyEncoding = "Framing-Is-Faulty"
)

// Faulty reports whether a request does not say in one way how long its body is.
// The connection cannot be used any more after it.
func Faulty(header map[string][]string) bool {
	return header[faultyLength] != nil || header[faultyEncoding] != nil
}

// framing follows the requests on a connection, as far as to know where a head
// begins and ends.
type framing struct {
	state framingState
	left  uint64 // bytes of the body, or of the chunk

	// Of the head that is read: its first line has come, it is of HTTP/1.1, it has
	// a length, it has an encoding.
	begun, modern, sized, encoded bool
	length                        uint64
}

type framingState int

const (
	inHead framingState = iota
	inBody
	inChunkSize
	inChunk
	inChunkEnd
	inTrailer
	lost // not to be followed: net/http refuses the request and closes the connection
)

// take follows what was read, and marks faulty heads in it. It returns how many
// bytes may be handed on: the rest is a line whose end has not come. A line longer
// than most is handed on unread, since net/http refuses it.
func (f *framing) take(p []byte, most int) int {
	done := 0
	for done < len(p) {
		rest := p[done:]
		switch f.state {
		case lost:
			return len(p)
		case inBody, inChunk:
			n := min(uint64(len(rest)), f.left)
			done, f.left = done+int(n), f.left-n //nolint:gosec // at most len(rest)
			if f.left > 0 {
				return len(p)
			}
			if f.state == inBody {
				f.state = inHead
			} else {
				f.state = inChunkEnd
			}
			continue
		}
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			if len(rest) < most {
				return done
			}
			f.state = lost
			return len(p)
		}
		f.line(bytes.TrimSuffix(rest[:end], []byte{'\r'}))
		done += end + 1
	}
	return done
}

func (f *framing) line(line []byte) {
	switch f.state {
	case inHead:
		f.head(line)
	case inChunkSize:
		digits, _, _ := strings.Cut(string(line), ";")
		size, err := strconv.ParseUint(strings.TrimSpace(digits), 16, 63)
		switch {
		case err != nil:
			f.state = lost
		case size == 0:
			f.state = inTrailer
		default:
			f.state, f.left = inChunk, size
		}
	case inChunkEnd:
		f.state = inChunkSize
	case inTrailer:
		if len(line) == 0 {
			f.state = inHead
		}
	}
}

// head takes a line of a head.
func (f *framing) head(line []byte) {
	if !f.begun {
		f.begun, f.modern = len(line) > 0, bytes.HasSuffix(line, []byte(" HTTP/1.1"))
		return
	}
	if len(line) == 0 {
		f.body()
		return
	}
	name, value, _ := bytes.Cut(line, []byte(":"))
	switch {
	case bytes.EqualFold(name, []byte("Content-Length")):
		if f.encoded {
			copy(name, faultyLength)
		}
		length, err := strconv.ParseUint(string(bytes.TrimSpace(value)), 10, 63)
		if err != nil { // or over several lines
			copy(name, faultyLength)
		}
		f.sized, f.length = true, length
	case bytes.EqualFold(name, []byte("Transfer-Encoding")):
		if f.sized || !f.modern {
			copy(name, faultyEncoding)
		}
		f.encoded = true
	}
}

// body begins what follows a head.
func (f *framing) body() {
	next := framing{state: inHead}
	switch {
	case f.encoded:
		next.state = inChunkSize
	case f.length > 0:
		next.state, next.left = inBody, f.length
	}
	*f = next
}
