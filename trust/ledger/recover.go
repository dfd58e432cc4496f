package ledger

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// Loss is what was signed and is not in the database.
type Loss struct {
	title  string     // of the log
	Signed Checkpoint // of the history that is lost
	Size   uint64     // entries that there are
}

// String names what is lost, as far as that is known.
func (l Loss) String() string {
	if l.Size >= l.Signed.Size {
		return fmt.Sprintf("the history of %d entries that was signed (root %s) is not that of %s", l.Signed.Size, l.Signed.Root, l.title)
	}
	return fmt.Sprintf("entries %d to %d of %s", l.Size, l.Signed.Size-1, l.title)
}

// ErrNothingLost says that a log holds all that was signed.
var ErrNothingLost = errors.New("holds all that was signed: nothing is lost")

// Lost is what the lock says was signed and is not in the log; ErrNothingLost where
// nothing is lost.
func (n *Notary) Lost(key *Key, lock *Lock) (Loss, error) {
	e, _, err := n.of.Committed()
	if err != nil {
		return Loss{}, err
	}
	if len(lock.last) == 0 {
		return Loss{}, fmt.Errorf("%s %w: the lock holds no checkpoint", n.title, ErrNothingLost)
	}
	last, err := OpenCheckpoint(lock.last, key.Verifier())
	if err != nil {
		return Loss{}, err
	}
	err = n.continues(e.in(n.of), last)
	if err == nil {
		return Loss{}, fmt.Errorf("%s %w", n.title, ErrNothingLost)
	}
	if !errors.Is(err, ErrBehind) {
		return Loss{}, err
	}
	return Loss{title: n.title, Signed: last, Size: e.size}, nil
}

// Resume signs the log with a lock that holds another history, once that was
// recorded.
func (n *Notary) Resume(key *Key, lock *Lock) error {
	n.signer = &signer{key: key, lock: lock, log: slog.New(slog.DiscardHandler)}
	return n.sign()
}

// LogSystem is the code system of what records say about the log: purge and
// recovery.
const LogSystem = "https://pestle-fhir.github.io/CodeSystem/log"

// Record is an AuditEvent that says what is lost, why, and who said so. It is
// itself a leaf: the checkpoint of the lost history is in it.
func (l Loss) Record(at time.Time, reason, who string) (*fhir.Resource, error) {
	return fhir.Parse(fhir.Obj("resourceType", "AuditEvent",
		"type", fhir.Obj("system", "http://dicom.nema.org/resources/ontology/DCM", "code", "110100", "display", "Application Activity"),
		"subtype", fhir.List(fhir.Obj("system", LogSystem, "code", "recovery", "display", "Recovery of the log of changes")),
		"action", "E", "recorded", at.UTC().Format(fhir.InstantLayout), "outcome", "4", "outcomeDesc", reason,
		"agent", fhir.List(fhir.Obj("name", who, "requestor", true)),
		"source", fhir.Obj("observer", fhir.Obj("display", l.Signed.Origin)),
		"entity", fhir.List(fhir.Obj("name", "the log of changes", "description", l.String(), "detail", fhir.List(
			fhir.Obj("type", "checkpoint", "valueString", string(l.Signed.Note)),
			fhir.Obj("type", "from", "valueString", fmt.Sprint(min(l.Size, l.Signed.Size))),
			fhir.Obj("type", "to", "valueString", fmt.Sprint(l.Signed.Size)))))).JSON())
}
