package transport

import (
	"bytes"
	"crypto/tls"
	"net"
	"time"
)

// longestLine is how much of a line is kept until its end comes: what net/http
// reads of a head.
const longestLine = 1 << 20

// conn is a connection whose requests are followed. It is read by one goroutine
// at a time, as net/http does.
type conn struct {
	net.Conn
	framing framing
	kept    []byte // read, and to be handed on from its beginning
	ready   int    // how many bytes of kept may be
	err     error  // what ended the reading
}

func framedConn(c net.Conn) net.Conn {
	if t, ok := c.(*tls.Conn); ok {
		return &secure{conn{Conn: c}, t}
	}
	return &conn{Conn: c}
}

// Read reads whole lines of heads, and bodies as they come.
func (c *conn) Read(p []byte) (int, error) {
	if c.ready == 0 && len(c.kept) == 0 && c.err == nil {
		n, err := c.Conn.Read(p)
		done := c.framing.take(p[:n], longestLine)
		c.kept = append(c.kept, p[done:n]...)
		if done > 0 || n == 0 {
			return done, err
		}
		c.err = err
	}
	for c.ready == 0 {
		if err := c.err; err != nil {
			if timeout, ok := err.(net.Error); ok && timeout.Timeout() { //nolint:errorlint // as net/http asks
				c.err = nil // of a deadline, which is moved
			}
			return 0, err
		}
		c.more()
	}
	n := copy(p, c.kept[:c.ready])
	c.kept, c.ready = c.kept[n:], c.ready-n
	return n, nil
}

// more reads on after the beginning of a line. What is left of one when the
// connection ends is never handed on.
func (c *conn) more() {
	buffer := make([]byte, 4<<10)
	n, err := c.Conn.Read(buffer)
	c.kept, c.err = append(c.kept, buffer[:n]...), err
	if bytes.IndexByte(buffer[:n], '\n') >= 0 || len(c.kept) >= longestLine {
		c.ready = c.framing.take(c.kept, longestLine)
	}
}

// secure is a connection under TLS.
type secure struct {
	conn
	tls *tls.Conn
}

// handshakeTime bounds how long a client has for the handshake.
const handshakeTime = 10 * time.Second

// ConnectionState is that after the handshake, zero where it fails: net/http asks
// for it first, and the first read then returns the failure.
func (c *secure) ConnectionState() tls.ConnectionState {
	_ = c.SetDeadline(time.Now().Add(handshakeTime))
	err := c.tls.Handshake()
	_ = c.SetDeadline(time.Time{})
	if err != nil {
		_ = c.Close()
	}
	return c.tls.ConnectionState()
}
