package audit

// syncFolder does nothing: the file system's journal holds names.
func syncFolder(string) error { return nil }
