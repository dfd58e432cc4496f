package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"github.com/pestle-fhir/pestle/store/kv/badger"
	"github.com/pestle-fhir/pestle/trust/audit"
)

// record records a command on a folder that no server has open, by who runs it,
// before it is carried out. A folder without a database has no audit log yet.
func (e encryption) record(data, line string) error {
	key, err := e.key()
	if err != nil {
		return err
	}
	if there, err := badger.Exists(data, key); err != nil || !there {
		return keyAdvice(err)
	}
	l, err := openAudit(data, e)
	for range heldFor / heldWait { // by another command, for as long as this one is
		if !errors.Is(err, audit.ErrHeld) {
			break
		}
		time.Sleep(heldWait)
		l, err = openAudit(data, e)
	}
	if err != nil {
		return err
	}
	return errors.Join(recordCommand(context.Background(), l, operatingUser(), line, begun), l.Close())
}

const (
	heldWait = 50 * time.Millisecond
	heldFor  = 3 * time.Second
)

// recordLook is [encryption.record] for a command that shows nothing of patients and
// is for folders that are damaged or cannot be written too: then it goes on, and
// says so.
func (e encryption) recordLook(data, line string, std streams) error {
	err := e.record(data, line)
	if damage := (*audit.DamageError)(nil); errors.As(err, &damage) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		fmt.Fprintf(std.err, "%s is not recorded in the audit log: %v\n", line, err)
		return nil
	}
	return err
}
