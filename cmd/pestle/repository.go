package main

import (
	"log/slog"
	"time"

	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/profiles/served"
	"github.com/pestle-fhir/pestle/store"
)

// repository is the database as the server sees it: with the built-in definitions
// in it.
type repository struct {
	database
	*served.Definitions
}

// database embeds the store one level deeper than [served.Definitions], so that the
// methods of the latter are the repository's where both have one.
type database struct{ *store.DB }

func newRepository(db *store.DB, library *profiles.Library, log *slog.Logger) *repository {
	return &repository{database{db}, served.New(db, library, time.Now(), log)}
}
