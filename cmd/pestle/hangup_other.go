//go:build !unix

package main

import "os"

// hangups never come: there is no such signal, and a new configuration needs a restart.
func hangups() chan os.Signal { return make(chan os.Signal) }
