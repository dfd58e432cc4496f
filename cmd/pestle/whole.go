package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// whole writes a file that has its name once it is complete and durable: one that
// was cut off is never taken for it.
func whole(path string, write func(io.Writer) error) error {
	out, err := os.CreateTemp(filepath.Dir(path), ".pestle-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(out.Name()) }() // gone where it was moved
	if err := errors.Join(write(out), out.Sync(), out.Close()); err != nil {
		return err
	}
	return os.Rename(out.Name(), path)
}

// fresh refuses a name that a file has.
func fresh(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s exists: name another file", path)
	}
	return nil
}
