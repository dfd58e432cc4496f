package fhir

import (
	"context"
	"net/url"
	"time"
)

// Operation is a named operation ($release) that a part of the business offers
// and the server routes to; see https://hl7.org/fhir/R4/operations.html.
type Operation struct {
	Name string // without the $
	// Type is the resource type it stands on, "" for the system level.
	Type string
	// Instance says that it is invoked on one resource: Task/1/$accept.
	Instance bool
	// Idempotent operations change nothing and may be invoked by GET.
	Idempotent bool
	// Versioned operations on one resource take If-Match, and are not carried out where
	// it names another version than the one that they find: see [Call.Matches].
	Versioned bool
	// ByName says that only a scope and a role that name the operation grant it.
	ByName bool
	// ByRole says that one of a caller's roles has to name it, although it changes nothing:
	// the right to read what it is about is not enough. A caller without roles goes by scopes.
	ByRole bool
	// Open says that it tells nothing that is stored: every caller who is let in may
	// invoke it, without a scope or a role.
	Open bool
	// RequestID says that EPS requires X-Request-ID of it, and that it answers in
	// the ways of EPS. Any operation that writes is answered a repeat with the
	// same X-Request-ID or Idempotency-Key as the first time.
	RequestID bool
	// Doc is one sentence for the CapabilityStatement.
	Doc string
	// Query says that primitive parameters may be in the query string of a POST
	// too. Those of an idempotent operation always may.
	Query bool
	// Parameters are all that it takes: they are its OperationDefinition, and
	// package inputs refuses any other. Where exactly one of them holds a
	// resource, that resource may be the body in place of Parameters.
	Parameters []Parameter
	// Lenient says that what comes with a call is asked about and not stored, so that
	// the rules of R4 do not refuse it: a code that may be wrong, a definition of another
	// version of FHIR.
	Lenient bool
	Handle  func(ctx context.Context, call *Call) (*Reply, error)
	// Events are those of the messages that it takes, nil where it takes none: a scope
	// and a role may name some of them.
	Events []string
	// Carries are the types of the resources that it takes as entries of a message
	// and stores. An entry of any other type is stored for callers alone who may
	// create that type; nil where it stores no entries as they come.
	Carries []string
	// Files are the media types of the Binary that it answers with: who asks for one of
	// them, and for no format of FHIR, is answered what the Binary holds.
	Files []string
	// Judge, when set, gives what the business finds wrong with a body by
	// itself. The server asks it about a body that breaks R4 or its profiles,
	// and so is not handled, so that the sender sees everything at once.
	Judge func(body *Resource) []Issue
}

// Parameter is a parameter that an operation takes, or a part of one.
type Parameter struct {
	Name string
	// Kinds are what it may hold: members of a parameter (valueCode), types of
	// its resource (Organization; Resource for any), or "part" where Parts hold
	// the content. The first is the type in the definition where all are
	// primitive: the others are other spellings of the same.
	Kinds    []string
	Repeated bool
	Required bool
	Doc      string
	Parts    []Parameter
	// Only are the values that the server acts on, where that is not all: any
	// other is refused as not supported.
	Only []string
	// Unsupported says why the server does not act on a parameter that the
	// specification defines. It is refused by its name.
	Unsupported string
}

// Intake takes a create on a type away from the plain REST interaction, where
// the content is a message of the business (an EPS return Task, a Claim).
type Intake struct {
	Type      string
	Accepts   func(*Resource) bool
	RequestID bool
	Handle    func(ctx context.Context, call *Call) (*Reply, error)
	Judge     func(body *Resource) []Issue // as of an Operation
	// Operation is the name of the operation that a body stands for, as roles grant
	// it: "Task/$return". It is nil where the right to create is enough.
	Operation func(*Resource) string
}

// Narrowing is a search that a part of the business answers more narrowly than
// FHIR does, under one of the server's base paths: the prescription tracker of
// EPS is a search for Tasks that has to name a prescription or a patient.
type Narrowing struct {
	Base  string // "/FHIR/R4"
	Type  string
	Check func(url.Values) error
}

// Call is one invocation of an operation or intake.
type Call struct {
	ID     string     // the resource it is invoked on, for Instance
	Body   *Resource  // nil on GET or an empty body
	Params url.Values // of the query string
	// Warnings are what the server's rules remark on a body that they accept.
	// They belong into the answer; see [Accepted].
	Warnings []Issue
	// Requester and RequestID go into the transaction that the call commits.
	Requester Principal
	RequestID string
	// Receipt, when it has a key, must be committed with the call's effects.
	Receipt  Receipt
	IfMatch  string // of a Versioned operation: as in [Change], "" for any version
	Base     string // the server's base URL, without a slash at the end
	Language string // of Accept-Language, "" for none
	Time     time.Time
}

// Matches refuses a call whose If-Match names another version than the one that it finds.
func (c *Call) Matches(v *Version) error {
	change := Change{Type: v.Type, ID: v.ID, IfMatch: c.IfMatch}
	if change.Matches(v) {
		return nil
	}
	refused := E("operation", Conflict, change.Overtaken(v))
	refused.Precondition = true
	return refused
}

// Reply is the answer to a call. The server sends 200, 201 with Location when
// Location is set, or 400 when Refused is set: some business answers are whole
// resources that say no (an EPS prescription-order-response with R-0003).
type Reply struct {
	Resource *Resource
	Location string // "Claim/1/_history/1"
	Refused  bool
	// Impersonal says that it tells of no patient and no medicine of one: a caller
	// from whom something is hidden is shown the whole of it.
	Impersonal bool
}
