package server

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/page"
)

// Repository keeps every version of every resource. Errors are [*fhir.Error].
type Repository interface {
	// Commit applies the changes together or not at all.
	Commit(ctx context.Context, tx *fhir.Transaction) (*fhir.Commit, error)
	// Read gives the newest version, a deletion too; NotFound when there is
	// none.
	Read(ctx context.Context, typ, id string) (*fhir.Version, error)
	VRead(ctx context.Context, typ, id, versionID string) (*fhir.Version, error)
	History(ctx context.Context, q fhir.HistoryQuery) (*fhir.History, error)
	Search(ctx context.Context, q *search.Query) (*search.Result, error)
	// Own reports whether a base URL, "https://host/fhir", is known as one of this
	// server.
	Own(base string) bool
	// Custom are the SearchParameters that are stored, and Answering those whose index is
	// made.
	Custom() *search.Custom
	Answering() *search.Custom
	// ReadBefore is Read as of the last commit before a time.
	ReadBefore(ctx context.Context, typ, id string, before time.Time) (*fhir.Version, error)
	// Position is that of a commit which the repository holds; Reach returns when it
	// holds one, at once or after a short time, with Timeout where that is not enough
	// and Conflict where it cannot come to hold it.
	Position(ctx context.Context, seq fhir.Seq) (fhir.LogPosition, error)
	Reach(ctx context.Context, p fhir.LogPosition) error
	// ReceiptFor is the receipt that was committed under the key, if any.
	ReceiptFor(ctx context.Context, key string) (fhir.Receipt, bool, error)
}

// Contents keeps what is large among the contents of Binaries outside of their JSON, so
// that no more of it than a part is in memory.
type Contents interface {
	// KeepContent keeps what r returns up to its end, durably, for a commit with
	// [fhir.Change.Content]. release is called when the commit was made, or will not be:
	// then what no version refers to is removed.
	KeepContent(ctx context.Context, r io.Reader) (c fhir.Content, release func(), err error)
	// OpenContent opens the content that a version refers to. The caller closes it.
	OpenContent(ctx context.Context, c fhir.Content) (io.ReadSeekCloser, error)
}

// Validator holds a resource to R4 and to profiles, those it names itself
// besides those that are asked for, and gives every issue in order of place.
type Validator interface {
	Validate(ctx context.Context, r *fhir.Resource, profiles ...string) []fhir.Issue
}

// Authenticator finds out who is asking. An error of kind Login becomes status
// 401 with the challenge as WWW-Authenticate. One that turns nobody away has no
// challenge.
type Authenticator interface {
	Authenticate(r *http.Request) (auth.Identity, error)
	Challenge(err error) string
}

// Log is the Merkle log of all versions.
type Log interface {
	// File returns what is served under a path of tlog-tiles, "checkpoint",
	// "tile/0/000" or, of the audit log, "audit/checkpoint", whether it will never
	// change, and whether there is any.
	File(ctx context.Context, path string) (data []byte, fixed, ok bool, err error)
	// Public is the key with which checkpoints are verified.
	Public() string
	// Proof returns the opening of a version and the proof that it is in the log.
	Proof(ctx context.Context, typ, id, version string) (*fhir.Resource, error)
	// Receipt seals a commit for who made it.
	Receipt(fhir.Seq) string
}

// Story tells what became of the demo order of a sandbox, at each view of the
// front page. base is the FHIR base by which the browser came.
type Story func(ctx context.Context, base string) (*page.Story, error)
