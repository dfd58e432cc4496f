package store

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// Own reports whether a base URL, "https://host/fhir", is one of this server:
// by a configured name, or by one under which clients have written references
// to it; see [fhir.Transaction.Base].
func (db *DB) Own(base string) bool { return db.names.Own(base) }

// of is the view as a transaction sees it, which may come by another name.
func (v view) of(tx *fhir.Transaction) view {
	if tx.Base != "" {
		v.own = v.own.Or(tx.Base)
	}
	return v
}

// renamed reports whether the server has learned a name since a plan was made.
func (db *DB) renamed(p *plan) bool { return fhir.Seq(db.named.Load()) > p.at }

// remember reads the names that the database has learned.
func (db *DB) remember(v view) error {
	table := []byte{tableName}
	it := v.r.Iterate(table, after(table), false)
	for it.Next() {
		db.names.Add(string(it.Key()[1:]))
	}
	return ended(it, nil)
}

// learn notes the name by which a transaction came, when one of its resources
// refers to this server by it: whoever reads it by another name must find it.
func (p *planner) learn(typ string, entries []search.Entry) {
	if base := p.tx.Base; base != "" && p.learned == "" && search.RefersBelow(typ, entries, base) {
		p.learned, _ = search.Name(base)
	}
}
