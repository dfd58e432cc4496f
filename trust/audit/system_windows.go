package audit

import "os"

// syncFolder does nothing: the file system's journal holds names.
func syncFolder(string) error { return nil }

// flock does nothing: the lock of the database is what keeps other processes out.
func flock(*os.File) bool { return true }
