package store

import "github.com/pestle-fhir/pestle/store/log"

// Role is what a database is among those that follow a log.
type Role struct {
	Leads bool
	Term  uint64    // the newest that it knows of
	Place log.Place // up to which it holds the log
}

// Role is that of now. A database without a log leads, in no term.
func (db *DB) Role() Role {
	r := Role{Leads: db.term.Load() != nil}
	if held := db.holds.Load(); held != nil {
		r.Term, r.Place = held.term, held.place
	}
	return r
}
