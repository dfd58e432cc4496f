package store

import (
	"context"
	"errors"

	"github.com/pestle-fhir/pestle/fhir"
)

// State is the database as of the newest commit, for followers and operations
// that decide on what stands. It stays at that commit and holds nothing open.
func (db *DB) State(ctx context.Context) fhir.State { return db.StateAt(ctx, db.Head()) }

type pinned struct {
	ctx   context.Context
	db    *DB
	at    fhir.Seq
	finds *finds
}

func (s pinned) Current(typ, id string) (ver *fhir.Version, err error) {
	if s.at == 0 {
		return nil, nil
	}
	err = s.db.decide(s.ctx, "read", s.at, func(v view) error {
		ver, err = v.current(typ, id)
		return err
	})
	return ver, err
}

func (s pinned) Bare(typ, id string) (ver *fhir.Version, err error) {
	if s.at == 0 {
		return nil, nil
	}
	err = s.db.decide(s.ctx, "read", s.at, func(v view) error {
		ver, err = v.bare(typ, id)
		return err
	})
	return ver, err
}

func (s pinned) First(typ, id string) (ver *fhir.Version, err error) {
	if s.at == 0 {
		return nil, nil
	}
	err = s.db.decide(s.ctx, "read", s.at, func(v view) error {
		ver, err = v.first(typ, id)
		return err
	})
	return ver, err
}

func (s pinned) Find(typ, query string) (ids []string, err error) {
	return s.finds.find(asked{typ: typ, query: query}, func() (ids []string, err error) {
		err = s.db.decide(s.ctx, "search", s.at, func(v view) error {
			if s.at == 0 {
				v.at = 0
			}
			ids, err = v.find(s.ctx, typ, query, noLimit)
			return err
		})
		return ids, err
	})
}

func (s pinned) Newest(typ, query string, n int) (ids []string, err error) {
	if s.at == 0 || n <= 0 {
		return nil, nil
	}
	return s.finds.find(asked{typ, query, n}, func() (ids []string, err error) {
		err = s.db.decide(s.ctx, "search", s.at, func(v view) error {
			ids, err = v.newest(s.ctx, typ, query, n)
			return err
		})
		return ids, err
	})
}

// state is the database as a guard sees it, within a commit. Its answers end with
// the time that guards have.
type state struct {
	ctx   context.Context
	v     view
	finds *finds
}

func (s state) Current(typ, id string) (*fhir.Version, error) {
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	return s.v.current(typ, id)
}

func (s state) First(typ, id string) (*fhir.Version, error) {
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	return s.v.first(typ, id)
}

func (s state) Find(typ, query string) ([]string, error) {
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	return s.finds.find(asked{typ: typ, query: query}, func() ([]string, error) { return s.v.find(s.ctx, typ, query, noLimit) })
}

func (s state) Bare(typ, id string) (*fhir.Version, error) {
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	return s.v.bare(typ, id)
}

func (s state) Newest(typ, query string, n int) ([]string, error) {
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	if n <= 0 {
		return nil, nil
	}
	return s.finds.find(asked{typ, query, n}, func() ([]string, error) { return s.v.newest(s.ctx, typ, query, n) })
}

// noLimit asks for all that a search finds.
const noLimit = int(^uint(0) >> 1)

// asError gives the [*fhir.Error] that an error is or wraps.
func asError(err error) (*fhir.Error, bool) {
	if err == nil {
		return nil, false
	}
	var e *fhir.Error
	ok := errors.As(err, &e)
	return e, ok
}
