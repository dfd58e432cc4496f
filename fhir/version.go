package fhir

import (
	"fmt"
	"time"
)

// Seq is a place in the one totally ordered log of commits: 1, 2, 3, … Every
// read, search and page happens as of a Seq; 0 stands for "now".
type Seq uint64

// Method is what a version did to its resource; as text it is the HTTP verb
// that Bundle.entry.request.method wants.
type Method string

// The methods of a version.
const (
	Create Method = "POST"
	Update Method = "PUT"
	Delete Method = "DELETE"
)

// Purged is what is known of the erasure of a version's content.
type Purged struct {
	Was  Method    // what the version did to its resource
	Seq  Seq       // the commit that erased the content
	Time time.Time // of that commit
	By   string    // the agent of its requester
}

// Version is one stored state of a resource. Versions are never removed, and
// nothing of them is changed but that a purge erases their content; a deletion is a
// version too.
type Version struct {
	Type, ID    string
	VersionID   string // "1", "2", … without gaps within a resource
	Seq         Seq    // the commit that wrote it
	LastUpdated time.Time
	Method      Method
	JSON        []byte // as stored, stamped; nil for a deletion
	Requester   Principal
	RequestID   string // X-Request-ID of the request that wrote it
	// Purged says that the content was erased for good, and by whose request; nil for
	// a version that has it. Such a version is gone like a deletion, as of every
	// sequence: its Method is Delete and it has no JSON.
	Purged *Purged
	// Damage says why the version cannot be read; "" for one that can. Pages hold
	// such a version in the place of the one that is stored: it has a type, an id
	// and a version id as far as they are known, and no content.
	Damage string

	kept *kept // see [Version.Keep]; nil for nothing
}

// Deleted reports whether the version is a deletion, or was purged: there is no
// content.
func (v *Version) Deleted() bool { return v.Method == Delete }

// Done is what the version did to its resource, also where it was purged since.
func (v *Version) Done() Method {
	if v.Purged != nil {
		return v.Purged.Was
	}
	return v.Method
}

// Ref is the reference to the resource: "Patient/1".
func (v *Version) Ref() string { return v.Type + "/" + v.ID }

// Resource parses the stored JSON, once where the version was kept; nil for a
// deletion.
func (v *Version) Resource() (*Resource, error) {
	if v.Damage != "" {
		return nil, fmt.Errorf("%s cannot be read: %s", v.Ref(), v.Damage)
	}
	if v.Deleted() {
		return nil, nil
	}
	if v.keeps() {
		return v.kept.parse(v.JSON)
	}
	return Parse(v.JSON)
}

// HistoryQuery selects versions for _history: of one resource (Type and ID), a
// type (Type) or everything.
type HistoryQuery struct {
	Type, ID string
	Types    []string // of the history of everything: these types only
	// Members has, with ID, the types of what is listed, with the parameters by whose
	// references a resource belongs to that of ID; none for that itself. Nil for that alone.
	Members map[string][]string
	Oldest  bool      // the oldest version first
	Since   time.Time // _since: only versions at or after this instant
	At      time.Time // _at: only versions that were current at this instant
	Until   time.Time // with At: that were current at any time from At until, but not at, this instant
	AsOf    Seq       // the sequence at which the first page was read
	Before  LogPlace  // where the page before ended; with Oldest the versions after this place
	Shown   int       // how many versions the pages before have; without Before they are passed over
	Count   int       // page size
}

// LogPlace is the place of a version in history order: its commit and its
// place within it. The zero value is "from the newest".
type LogPlace struct {
	Seq   Seq
	Place int
}

// History is one page of versions, newest first unless the query says otherwise.
type History struct {
	Versions []*Version
	AsOf     Seq
	Total    int      // of all pages, -1 where counting would be too costly
	Next     LogPlace // where the next page starts; zero when there is none
}
