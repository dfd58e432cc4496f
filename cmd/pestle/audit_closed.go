package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv/badger"
	"github.com/pestle-fhir/pestle/trust/audit"
)

// An ending records what became of a command, whose error it takes and returns, with
// that of the record: what is not recorded must not look as if it were.
type ending func(err error) error

// unended is the ending of a command that nothing was recorded of.
func unended(err error) error { return err }

// record records a command on a folder that no server has open, by who runs it,
// before it is carried out; ended records what became of it, once the command has
// closed the folder. A folder without a database has no audit log yet.
func (e encryption) record(data, line string) (ended ending, err error) {
	begun, err := e.begin(data, line)
	if err != nil || begun == nil {
		return unended, err
	}
	return func(err error) error { return errors.Join(err, e.append(data, became(begun, err))) }, nil
}

// begin records that a command begins; the record is nil where there is no database.
func (e encryption) begin(data, line string) (begun *fhir.Access, err error) {
	key, err := e.key()
	if err != nil {
		return nil, err
	}
	if there, err := badger.Exists(data, key); err != nil || !there {
		return nil, keyAdvice(err)
	}
	begun = commandHere(operatingUser(), line)
	return begun, e.append(data, begun)
}

// append adds a record to the audit log of a folder.
func (e encryption) append(data string, access *fhir.Access) error {
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
	return errors.Join(l.Record(context.Background(), access), l.Close())
}

const (
	heldWait = 50 * time.Millisecond
	heldFor  = 3 * time.Second
)

// recordLook is [encryption.record] for a command that shows nothing of patients and
// is for folders that are damaged or cannot be written too: then it goes on, and
// says so.
func (e encryption) recordLook(data, line string, std streams) (ended ending, err error) {
	ended, err = e.record(data, line)
	if damage := (*audit.DamageError)(nil); errors.As(err, &damage) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		fmt.Fprintf(std.err, "%s is not recorded in the audit log: %v\n", line, err)
		return unended, nil
	}
	return ended, err
}
