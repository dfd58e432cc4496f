package store

import (
	"errors"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
)

// Writable reports whether commits are taken: an [*fhir.Error] of kind NoStore
// where the disk is too full for them, the data folder is gone, or an earlier
// write failed. Reads go on in all these cases. It is not asked
// whether the database leads.
func (db *DB) Writable() error {
	if err := db.broken.Load(); err != nil {
		return unwritable(*err)
	}
	err := db.engine.Room(0)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, kv.ErrNoSpace):
		return noSpace(err)
	}
	return unreachable(err)
}

// noSpace is the error of a commit for which the disk has too little room.
func noSpace(cause error) error {
	e := fhir.E("commit", fhir.NoStore, fhir.Issue{
		Message: "The disk of the database is too full for writes. Nothing was written; reads and searches go on.",
		Fix:     "Send the request again later: writes are taken as soon as the operator has made room."})
	e.NoSpace, e.Err = true, cause
	return e
}

// unwritable is the error after a failed write: nobody can say what is on the
// disk, so nothing more is acknowledged until the database is opened anew.
func unwritable(cause error) error {
	e := fhir.E("commit", fhir.NoStore, fhir.Issue{
		Message: "An earlier write to the database failed, so it takes no more changes until the server is started anew. Nothing was written; reads and searches go on.",
		Fix:     "Ask the operator of the server, whose log has the reason."})
	e.Err = cause
	return e
}

// unreachable is the error where the data folder is not what it was.
func unreachable(cause error) error {
	e := fhir.E("commit", fhir.NoStore, fhir.Issue{
		Message: "The data folder of the server cannot be written. Nothing was written; reads go on as far as possible.",
		Fix:     "Ask the operator of the server, whose log has the reason."})
	e.Err = cause
	return e
}
