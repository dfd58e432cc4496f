package fhir

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Change asks for one write within a [Transaction].
type Change struct {
	Method   Method
	Type, ID string    // ID "" on Create: the store gives one
	Resource *Resource // nil on Delete

	// FullURL is the entry's urn:uuid: or absolute address, by which other
	// changes of the transaction refer to this one.
	FullURL string
	// Condition is a search query such as "identifier=system|value": on Create
	// If-None-Exist, on Update and Delete the conditional form. It is decided
	// inside the commit, so it is exact under any concurrency.
	Condition string
	// IfMatch holds the version ids of which one must be current, separated by
	// spaces; "*" for any version that is not deleted, "" for no condition.
	IfMatch string
	// IfNoneMatch refuses an update where the resource stands already:
	// If-None-Match: *. A deleted one may be brought back.
	IfNoneMatch bool
	// IfAbsent makes the change apply only where Type/ID does not exist (not
	// even deleted); otherwise it is skipped as Matched, no error.
	// Followers write with it, so that a replay is harmless.
	IfAbsent bool
	// Purge, on Delete, also erases the content and the content's salt of all
	// versions that the resource has had, for good: see [PurgeGuard]. It is for one
	// resource by its id, also one that is deleted already, and with IfMatch for one
	// at that version. References to the resource do not stop it. A transaction with it
	// must write a version, which records it.
	Purge bool
	// Content is what the server has kept of a Binary outside of its JSON; nil for what
	// holds its bytes itself, or refers to what its current version has.
	Content *Content
	// Message says that the resource is a part of a message from another system.
	// What it contains may be copied from other messages and refer to entries
	// of those, which no entry here has.
	Message bool
	// RequestID is of the request that the change follows from, where that is not
	// the one of the transaction.
	RequestID string
	// Expression is where issues about this change point to: Bundle.entry[3].
	Expression string
}

// Matches reports whether a version meets IfMatch; nil where there is none.
func (c *Change) Matches(v *Version) bool {
	if c.IfMatch == "" {
		return true
	}
	if v == nil || v.Deleted() && !c.Purge {
		return false
	}
	return c.IfMatch == "*" || slices.Contains(strings.Fields(c.IfMatch), v.VersionID)
}

// Overtaken is the refusal of a change whose IfMatch names other versions than
// the one that is current.
func (c *Change) Overtaken(v *Version) Issue {
	about, expected, found := c.Type+"/"+c.ID, "version "+strings.Join(strings.Fields(c.IfMatch), " or "), "no version"
	if c.IfMatch == "*" {
		expected = "a resource that exists"
	}
	switch {
	case c.ID == "":
		about, found = c.Type+"?"+c.Condition, "no resource"
	case v != nil && v.Deleted():
		found = "version " + v.VersionID + ", a deletion"
	case v != nil:
		found = "version " + v.VersionID
	}
	return Issue{
		Message:  about + " is not at the version that the change was made from.",
		Expected: expected, Found: found,
		Fix: "Read the resource again, make the change on what stands now, and send it with that version.",
	}
}

// Transaction is what is committed together or not at all.
type Transaction struct {
	Changes []Change
	// Cursor, when it has a name, moves in the same commit.
	Cursor Cursor
	// Receipt, when its key is not empty, is stored in the same commit and
	// makes the transaction happen once: a second one with that key changes
	// nothing and returns the first one's receipt.
	Receipt Receipt

	// Derived says that the server's own business decided on the changes: a
	// follower or an operation. Without it they are what a caller wrote, by a
	// plain interaction of REST, and guards keep what only the server records.
	Derived bool

	// Base is the base URL by which the request came, "http://host/fhir", where
	// the server has no configured name: absolute references below it are to
	// this server. "" where the names of the server are known.
	Base string

	Requester Principal
	RequestID string
	Time      time.Time // zero for the committer's clock
}

// Purges reports whether the transaction purges anything.
func (tx *Transaction) Purges() bool {
	return slices.ContainsFunc(tx.Changes, func(c Change) bool { return c.Purge })
}

// Receipt is a stored answer under a caller's key.
type Receipt struct {
	Key  string
	Body []byte
	// Plain says that the answer follows from what came of the changes: the store adds that
	// to the body, which is a JSON object with the member request, and returns the same
	// results with a repeat. A transaction that writes nothing leaves none. Another request
	// under its key is no repeat, and its receipt takes the place of the one before: FHIR does
	// not ask that the ids of two requests differ. Its key begins with PlainReceipt, and it is
	// kept for a time alone.
	Plain bool
}

// PlainReceipt begins the keys of receipts of plain writes.
const PlainReceipt = "write/"

// Cursor is how far a follower has read the log.
type Cursor struct {
	Name string
	Seq  Seq
	// Was is the value the follower started from; the commit is refused with
	// Conflict when another has moved it since.
	Was Seq
}

// Applied is what became of a change.
type Applied string

// What became of a change.
const (
	Created   Applied = "created"
	Updated   Applied = "updated"
	Removed   Applied = "deleted"
	Matched   Applied = "matched"   // a conditional create found its resource
	Unchanged Applied = "unchanged" // nothing to do: a delete of what is not there
	Kept      Applied = "kept"      // an update with the content that is current already, see [SameContent]
)

// Result is what became of one change, in the order of the changes.
type Result struct {
	Applied Applied
	Version *Version // the version written, or the one that stands
}

// Commit is the answer to a transaction.
type Commit struct {
	Seq     Seq
	Time    time.Time
	Results []Result
	// Receipt is the stored answer; Repeated says that the transaction had
	// been committed before and that nothing was written now.
	Receipt  Receipt
	Repeated bool
}

// State is the database as a guard sees it: everything committed and, on top,
// what the current transaction writes.
type State interface {
	// Current is the version that stands, nil where there is none; a deleted
	// resource gives its deletion.
	Current(typ, id string) (*Version, error)
	// Bare is Current without what the version says: its type, id, number, sequence and
	// method alone. It reads less.
	Bare(typ, id string) (*Version, error)
	// First is the version that created a resource, nil where there is none: it
	// says whose the resource is.
	First(typ, id string) (*Version, error)
	// Find gives the ids of the resources that match a search query such as
	// "identifier=system|value".
	Find(typ, query string) ([]string, error)
	// Newest returns the ids of up to n of the resources that match, those that were
	// created last, the last of all first: for records of which there are more with
	// every year, and the newest count.
	Newest(typ, query string, n int) ([]string, error)
}

// Narrow leaves, of the resources that a condition of a transaction finds, those
// that the condition may mean for the requester. It must be quick and depend on
// nothing but its arguments.
type Narrow func(state State, who Principal, ids []string) ([]string, error)

// Guard may veto a commit: it runs inside the committer, once per changed
// resource, with the state the commit will meet. tx is what was asked for and
// is not to be changed; before is nil on a create and after a deletion on a
// delete. It must be quick and return an [*Error].
type Guard func(ctx context.Context, state State, tx *Transaction, before, after *Version) error

// PurgeGuard decides, inside the committer, whether a transaction may purge what it
// asks for. state is the database before the transaction. It alone is asked about
// the changes with Purge: the rules of what may become of a record do not speak of
// its erasure. Without one nothing is purged.
type PurgeGuard func(ctx context.Context, state State, tx *Transaction) error

// LogEntry is one commit in the log.
type LogEntry struct {
	Seq  Seq
	Time time.Time
	// Base is the base URL by which the request came, "http://host/fhir", where
	// the server has no configured name: absolute references below it are to
	// this server. "" where the names of the server are known.
	Base string

	Requester Principal
	RequestID string
	Versions  []*Version // with JSON, in the order written
}
