package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/warehouse"
	goodsfolder "github.com/pestle-fhir/pestle/pharmacy/warehouse/folder"
)

const (
	// lateAccounts bounds how many days are written that passed while the server was off.
	lateAccounts = 31
	accountsTick = time.Minute
)

// keepAccounts writes the accounts of the stock of each day that is over, and tells of them,
// until ctx ends.
func (a *app) keepAccounts(ctx context.Context, o *goodsOptions) {
	for ctx.Err() == nil {
		var err error
		if o.Accounts != "" {
			err = a.writeAccounts(ctx, o.Accounts, time.Now())
		}
		if o.keeper != nil {
			err = errors.Join(err, a.warehouse.TellAccounts(ctx, o.keeper, time.Now()))
		}
		if err != nil && ctx.Err() == nil {
			a.log.ErrorContext(ctx, "the accounts of the stock were not written or told", "error", describe(err))
		}
		select {
		case <-ctx.Done():
		case <-time.After(accountsTick):
		}
	}
}

// writeAccounts writes the accounts of yesterday, and of the days before since which none
// were written. The file of the control totals is written last: a day that has it is
// whole.
func (a *app) writeAccounts(ctx context.Context, dir string, now time.Time) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	today := nhs.DateOf(now)
	before := func(n int) nhs.Date { return nhs.Date{Time: today.AddDate(0, 0, -n)} }
	written := func(n int) bool {
		_, err := os.Stat(filepath.Join(dir, controlFile(before(n))))
		return err == nil
	}
	first := 1
	for n := 2; n <= lateAccounts && !written(1); n++ {
		if written(n) {
			first = n - 1
			break
		}
	}
	for n := first; n > 0; n-- {
		if written(n) {
			continue
		}
		day := before(n)
		files, err := a.warehouse.Accounts(ctx, day, today)
		if err != nil {
			return err
		}
		last := controlFile(day)
		for name, text := range files {
			if name != last {
				err = errors.Join(err, goodsfolder.Write(dir, name, text))
			}
		}
		if err = errors.Join(err, goodsfolder.Write(dir, last, files[last])); err != nil {
			return err
		}
	}
	return nil
}

func controlFile(day nhs.Date) string { return string(warehouse.Control) + "-" + day.String() + ".csv" }
