//go:build !linux

package badger

import "os"

// flushes: the engine flushes what it has mapped into memory, with two flushes
// for a batch.
const flushes = false

func flush(*os.File) error { return nil }

// allocates: a log has its blocks when it is written to, see [Engine.Room].
const allocates = false

func allocate(*os.File, int64) error { return nil }

// givesBack: how to learn what of a file is mapped differs from system to system.
const givesBack = false

func residentFiles() int64 { return 0 }

func giveBackTables(string, map[uint64]bool) {}
