package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/pestle-fhir/pestle/store"
)

const forgetEvery = time.Hour

// forgetRepeats removes, after the start and each hour, the receipts of plain writes that
// were kept for so long: what is repeated later is done again.
func forgetRepeats(ctx context.Context, db *store.DB, keep time.Duration, log *slog.Logger) {
	for {
		if _, err := db.ForgetRepeats(ctx, time.Now().Add(-keep)); err != nil && ctx.Err() == nil {
			log.Warn("receipts of requests that are not kept any more could not be removed", "error", err)
		}
		if !every(ctx, forgetEvery) {
			return
		}
	}
}
