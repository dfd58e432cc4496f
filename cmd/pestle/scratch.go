package main

import (
	"errors"
	"log/slog"
	"os"

	"github.com/pestle-fhir/pestle/store/kv"
	"github.com/pestle-fhir/pestle/store/kv/badger"
)

// scratch is an engine in a folder of its own for what a check works out; it ends
// with Close. It holds numbers of resources and codes of organisations alone.
type scratch struct {
	*badger.Engine
	dir string
}

func newScratch() (kv.Engine, error) {
	dir, err := os.MkdirTemp("", "pestle-check-")
	if err != nil {
		return nil, err
	}
	e, err := badger.Open(dir, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return scratch{e, dir}, nil
}

// Close removes the folder.
func (s scratch) Close() error { return errors.Join(s.Engine.Close(), os.RemoveAll(s.dir)) }
