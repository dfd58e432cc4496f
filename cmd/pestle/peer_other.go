//go:build !linux && !darwin

package main

import (
	"errors"
	"net"
)

// peerOf fails: this system does not say who is at the other end of a socket, so
// that nobody can give commands through it.
func peerOf(*net.UnixConn) (uid uint32, err error) {
	return 0, errors.New("this system does not say who gives a command: name the server with --server URL, or stop it")
}
