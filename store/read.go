package store

import (
	"context"
	"fmt"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// Read gives the version that stands; for a deleted resource that is its
// deletion. NotFound when there has never been one.
func (db *DB) Read(ctx context.Context, typ, id string) (*fhir.Version, error) {
	return db.ReadAt(ctx, typ, id, 0)
}

// ReadAt is [DB.Read] as of a sequence, 0 for now.
func (db *DB) ReadAt(ctx context.Context, typ, id string, at fhir.Seq) (ver *fhir.Version, err error) {
	err = db.look("read", at, func(v view) error {
		ver, err = v.current(typ, id)
		if err == nil && ver == nil {
			err = unknown("read", typ, id)
		}
		return err
	})
	return ver, err
}

// ReadBefore is [DB.Read] as of the last commit before a time.
func (db *DB) ReadBefore(ctx context.Context, typ, id string, before time.Time) (ver *fhir.Version, err error) {
	err = db.look("read", 0, func(v view) error {
		next, err := v.firstAt(before, false)
		if err != nil {
			return err
		}
		v.at = next - 1
		if ver, err = v.current(typ, id); err == nil && ver == nil {
			err = fhir.E("read", fhir.NotFound, fhir.Issue{Message: fmt.Sprintf("There was no %s/%s before %s.", typ, id, before.UTC().Format(fhir.InstantLayout))})
		}
		return err
	})
	return ver, err
}

// VRead gives a version by its id, deletions included.
func (db *DB) VRead(ctx context.Context, typ, id, versionID string) (ver *fhir.Version, err error) {
	err = db.look("vread", 0, func(v view) error {
		now, ok, err := v.identity(typ, id)
		if err != nil {
			return about(err, typ, id)
		}
		if !ok {
			return unknown("vread", typ, id)
		}
		if n := parseVno(versionID); n > 0 && n <= now.vno {
			ver, err = v.version(typ, now.rid, n)
			err = about(err, typ, id+"/_history/"+versionID)
		}
		if err == nil && (ver == nil || ver.Seq > v.at) {
			ver, err = nil, fhir.E("vread", fhir.NotFound, fhir.Issue{
				Message: fmt.Sprintf("%s/%s has no version %s.", typ, id, versionID), Expected: fmt.Sprintf("1 to %d", now.vno)})
		}
		return err
	})
	return ver, err
}

func unknown(op, typ, id string) error {
	return fhir.E(op, fhir.NotFound, fhir.Issue{Message: fmt.Sprintf("There is no %s/%s.", typ, id)})
}
