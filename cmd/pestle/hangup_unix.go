//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// hangups are the signals at which the configuration is read again.
func hangups() chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c
}
