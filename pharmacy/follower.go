package pharmacy

import (
	"context"
	"crypto/sha1"
	"encoding/hex"

	"github.com/google/uuid"

	"github.com/pestle-fhir/pestle/fhir"
)

// Follower derives writes from committed versions. Implementations hold no
// state of their own: the same version and the same state give the same
// changes, and applying them twice does no harm.
type Follower interface {
	// Name names the cursor: "dispensing". It must never change.
	Name() string
	// Consumes lists the resource types whose versions Step is given.
	Consumes() []string
	// Produces lists the resource types of the changes that Step gives.
	// Following Produces to Consumes from follower to follower must never
	// lead back; see [CheckAcyclic].
	Produces() []string
	// Step gives what follows from one version. state is the newest state of
	// the database, at or after the commit of v. Creates carry IfAbsent and an
	// id of [ID]; updates carry IfMatch and are stepped again when another
	// writer was quicker. An error that is no passing failure parks the
	// version: see [Park].
	Step(ctx context.Context, state fhir.State, v *fhir.Version) ([]fhir.Change, error)
}

// Together is a [Follower] to which the versions of a commit are given at once: what
// follows from one of them may change what follows from another. StepAll is called in
// the place of Step, with those that it consumes, in the order in which they were
// written; an error that is no passing failure parks them all.
type Together interface {
	Follower
	StepAll(ctx context.Context, state fhir.State, versions []*fhir.Version) ([]fhir.Change, error)
}

// namespace is the UUID namespace of every id that is derived from content.
var namespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://pestle-fhir.github.io/derived"))

// ID derives a resource id (a version 5 UUID) from the names of what the
// resource is derived from: ID("Task", order). The same parts always give the
// same id, and no two different lists of parts give one id.
func ID(parts ...string) string {
	h := sha1.New()
	for _, p := range parts {
		sum := sha1.Sum([]byte(p))
		h.Write(sum[:])
	}
	return uuid.NewSHA1(namespace, []byte(hex.EncodeToString(h.Sum(nil)))).String()
}

// IsID reports whether an id has the form of [ID]: a version 5 UUID of RFC 9562, as it is
// written in lower case. Texts that are random in the places of version and variant, as
// those of Synthea, have it once in 64 times.
func IsID(id string) bool {
	u, err := uuid.Parse(id)
	return err == nil && u.Version() == 5 && u.Variant() == uuid.RFC4122 && u.String() == id
}
