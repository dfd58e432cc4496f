package store

import (
	"cmp"
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
	err = db.show(ctx, "read", toRead, at, func(v view) error {
		ver, err = v.shown(typ, id)
		if err == nil && ver == nil {
			err = unknown("read", typ, id)
		}
		return err
	})
	return ver, err
}

// ReadBefore is [DB.Read] as of the last commit before a time.
func (db *DB) ReadBefore(ctx context.Context, typ, id string, before time.Time) (ver *fhir.Version, err error) {
	err = db.show(ctx, "read", toRead, 0, func(v view) error {
		next, err := v.firstAt(before, false)
		if err != nil {
			return err
		}
		v.at = next - 1
		if ver, err = v.shown(typ, id); err == nil && ver == nil {
			err = fhir.E("read", fhir.NotFound, fhir.Issue{Message: fmt.Sprintf("There was no %s/%s before %s.", typ, id, before.UTC().Format(fhir.InstantLayout))})
		}
		return err
	})
	return ver, err
}

// VRead gives a version by its id, deletions included.
func (db *DB) VRead(ctx context.Context, typ, id, versionID string) (ver *fhir.Version, err error) {
	err = db.show(ctx, "vread", toRead, 0, func(v view) error {
		now, ok, err := v.identity(typ, id)
		if err != nil {
			return about(err, typ, id)
		}
		if !ok {
			return unknown("vread", typ, id)
		}
		if n := parseVno(versionID); n > 0 && n <= now.vno {
			ver, err = v.version(typ, now.rid, n)
			err = v.unlessHidden(about(err, typ, id+"/_history/"+versionID), typ, now.rid)
		}
		if err == nil && ver != nil && ver.Seq <= v.at && v.limited(typ) {
			ver, err = v.shownVersion(typ, now.rid, ver)
		}
		if err == nil && (ver == nil || ver.Seq > v.at) {
			ver, err = nil, v.noVersion(typ, id, versionID, now)
		}
		return err
	})
	return ver, err
}

// noVersion is the error for a version that is not there, or not shown. Who does
// not see the resource is not told that there is one.
func (v view) noVersion(typ, id, versionID string, now identity) error {
	issue := fhir.Issue{Message: fmt.Sprintf("%s/%s has no version %s.", typ, id, versionID)}
	if !v.limited(typ) {
		issue.Expected = fmt.Sprintf("1 to %d", now.vno)
	} else if ver, err := v.shown(typ, id); err != nil || ver == nil {
		return cmp.Or(err, unknown("vread", typ, id))
	}
	return fhir.E("vread", fhir.NotFound, issue)
}

func unknown(op, typ, id string) error {
	return fhir.E(op, fhir.NotFound, fhir.Issue{Message: fmt.Sprintf("There is no %s/%s.", typ, id)})
}
