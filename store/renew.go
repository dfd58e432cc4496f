package store

// renewIndex makes the index anew where another version of the extraction
// wrote it.
func (db *DB) renewIndex(v view) error { return nil }
