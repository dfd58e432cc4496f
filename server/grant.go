package server

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/server/auth"
)

// permit refuses what the caller's scopes do not grant on all resources of a type.
func (x *exchange) permit(typ string, p auth.Permission) error {
	if p == 0 || x.may(typ, p) {
		return nil
	}
	return x.lacks(typ, p)
}

// permitSome is permit for what the store confines: it shows the caller, and takes
// from them, only what their scopes reach of the type. See [fhir.Reach].
func (x *exchange) permitSome(typ string, p auth.Permission) error {
	if p == 0 || x.maySome(typ, p) {
		return nil
	}
	return x.lacks(typ, p)
}

func (x *exchange) lacks(typ string, p auth.Permission) error {
	if x.identity.Scopes.AllowSome(typ, p) && !x.identity.MaySome(typ, p) {
		return beyondRole(typ + "." + string(rune(p)))
	}
	return lacking("system/" + typ + "." + string(rune(p)))
}

// beyondRole refuses what the scopes of a token grant and the caller's roles do
// not.
func beyondRole(what string) error {
	return fhir.E("serve", fhir.Forbidden, fhir.Issue{
		Message: "The caller's role does not allow this.", Expected: "a role that grants " + what, Rule: "role",
		Fix: "Have it done by who has such a role: pestle roles prints them.",
	})
}

func (x *exchange) may(typ string, p auth.Permission) bool { return x.identity.May(typ, p) }

func (x *exchange) maySome(typ string, p auth.Permission) bool { return x.identity.MaySome(typ, p) }

// mayAll reports whether the permission is granted on every type there is.
func (x *exchange) mayAll(p auth.Permission) bool {
	return !slices.ContainsFunc(r4.ResourceTypes(), func(typ string) bool { return !x.may(typ, p) })
}

func lacking(scope string) error {
	return fhir.E("serve", fhir.Forbidden, fhir.Issue{
		Message: "The access token does not allow this.", Expected: "the scope " + scope, Rule: "auth",
	})
}

// permitReached refuses a query that asks about types which the caller may not
// search, or about what is hidden from them: what is found would tell of it.
func (x *exchange) permitReached(q *search.Query) error {
	for _, typ := range q.Reached() {
		if err := x.permitSome(typ, auth.Search); err != nil {
			return err
		}
	}
	if x.identity.Hidden != nil {
		return x.identity.Hidden.Query(q)
	}
	return nil
}

// permitCondition is permit and permitReached for the search of a conditional
// interaction. One that is malformed is refused where it is carried out.
//
// What a condition finds of Binaries is known only afterwards, so that it needs
// the right to read whatever may be a security context. One that takes much work
// takes a place for it, as a search does.
func (x *exchange) permitCondition(ctx context.Context, typ, condition string) error {
	x.condition = condition
	if err := x.permitSome(typ, auth.Search); err != nil {
		return err
	}
	if typ == "Binary" {
		if err := x.permit("*", auth.Read); err != nil {
			return err
		}
	}
	q, err := search.ParseCondition(typ, condition, search.Options{Own: x.own, Custom: x.custom})
	if err != nil {
		return nil //nolint:nilerr // as said above
	}
	if err := x.permitReached(q); err != nil {
		return err
	}
	for _, reached := range append(q.Reached(), typ) {
		if slices.Contains(x.elsewhere, reached) {
			return fhir.E("search", fhir.NotSupported, fhir.Issue{Expression: typ, Message: "No condition finds resources by " + reached + "s: they are not in the database of the others.", Expected: "a condition that leads through no " + reached, Found: typ + "?" + condition,
				Fix: "Search " + reached + " by itself, and write by what it finds."})
		}
	}
	if !q.Heavy() {
		return nil
	}
	return x.toil(ctx)
}

// conditionalReference is a search in the place of a reference, which the commit
// resolves: https://hl7.org/fhir/R4/http.html#trules
var conditionalReference = regexp.MustCompile(`^([A-Z][A-Za-z]+)\?(.+)$`)

// permitWritten is permitReferences for a resource that is written as it is. The
// references within a Bundle are between its own entries, and stay.
func (x *exchange) permitWritten(ctx context.Context, r *fhir.Resource) error {
	if r != nil && r.Type() == "Bundle" {
		return nil
	}
	return x.permitReferences(ctx, r)
}

// permitReferences refuses a resource whose conditional references search types
// that the caller may not search: whether the write succeeds would tell what
// they find. It is asked before anything is looked up.
func (x *exchange) permitReferences(ctx context.Context, r *fhir.Resource) error {
	if r == nil || bytes.IndexByte(r.JSON(), '?') < 0 {
		return nil
	}
	return x.permitReferencesIn(ctx, r.Root())
}

func (x *exchange) permitReferencesIn(ctx context.Context, n fhir.Node) error {
	for m := range n.Members() {
		if m.Name() == "reference" {
			if found := conditionalReference.FindStringSubmatch(m.Text()); found != nil {
				if err := x.permitCondition(ctx, found[1], found[2]); err != nil {
					return placed(err, m.Expression())
				}
			}
		}
		if err := x.permitReferencesIn(ctx, m); err != nil {
			return err
		}
	}
	if n.Kind() != fhir.Array {
		return nil
	}
	for m := range n.Items() {
		if err := x.permitReferencesIn(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// permitOperation asks for the operation's own scope, system/Task/$accept or
// system/$process-message?event=…, or for the right to the types that it stands
// on: to read where it changes nothing, else to create and to update. Of a
// caller's roles, one that changes something, or is by role, needs to be granted by its name. One
// that is open asks for nothing. owned reports whether it is the operation's own
// scope, which covers its answer too.
func (x *exchange) permitOperation(op *fhir.Operation, event string) (owned bool, err error) {
	name, typ := "$"+op.Name, "*"
	if x.resourceType != "" {
		name, typ = x.resourceType+"/"+name, x.resourceType
	}
	if op.Open || x.identity.MayInvoke(name, event) {
		return true, nil
	}
	if op.ByName {
		return false, x.permitNamed(name)
	}
	if op.Idempotent && x.may(typ, auth.Read) && (!op.ByRole || x.inRole(op, name, event)) || !op.Idempotent && x.may(typ, auth.Create) && x.may(typ, auth.Update) && x.inRole(op, name, event) {
		return false, nil
	}
	within := x.identity.Scopes.AllowOperation(name, event) || op.ByRole && x.may(typ, auth.Read)
	if event != "" {
		name += "?event=" + event
	}
	if within {
		return false, beyondRole(name)
	}
	return false, lacking("system/" + name)
}

// permitIntake asks of a caller's roles for the operation that a body stands for.
func (x *exchange) permitIntake(in *fhir.Intake, r *fhir.Resource) error {
	if in.Operation == nil || x.identity.Roles == nil {
		return nil
	}
	if name := in.Operation(r); !x.identity.Roles.AllowOperation(name, "") {
		return beyondRole(name)
	}
	return nil
}

// permitNamed asks for the scope and the role of an operation that nothing else
// grants.
func (x *exchange) permitNamed(name string) error {
	switch {
	case x.identity.MayInvoke(name, ""):
		return nil
	case x.identity.Scopes.AllowOperation(name, ""):
		return beyondRole(name)
	}
	return lacking("system/" + name)
}

// inRole reports whether a role grants the operation by its name.
func (x *exchange) inRole(op *fhir.Operation, name, event string) bool {
	roles := x.identity.Roles
	return roles == nil || roles.AllowOperation(name, event) || op.Type == anyType && roles.AllowOperation("$"+op.Name, event)
}

// permitParts refuses a message with entries of types that its operation does not
// carry and that the caller may not create: it is stored with the others.
func (x *exchange) permitParts(op *fhir.Operation, body *fhir.Resource) error {
	if op.Carries == nil || body == nil || body.Type() != "Bundle" {
		return nil
	}
	for e := range body.Get("entry").Items() {
		n := e.Path("resource", "resourceType")
		if typ := n.Text(); n.Exists() && !slices.Contains(op.Carries, typ) {
			if err := x.permit(typ, auth.Create); err != nil {
				return placed(err, n.Parent().Expression())
			}
		}
	}
	return nil
}

// eventOf is the event of a message, "" where a body is not one.
func eventOf(body *fhir.Resource) string {
	if body == nil || body.Type() != "Bundle" {
		return ""
	}
	for e := range body.Get("entry").Items() {
		if r := e.Get("resource"); r.Get("resourceType").Text() == "MessageHeader" {
			return r.Path("eventCoding", "code").Text()
		}
	}
	return ""
}

// unreadable is the first type in an answer that the caller may not read, ""
// for none. Bundles and Parameters are judged by what they hold.
func (x *exchange) unreadable(n fhir.Node) string {
	switch typ := n.Get("resourceType").Text(); typ {
	case "OperationOutcome":
		return ""
	case "Bundle":
		for e := range n.Get("entry").Items() {
			if r := e.Get("resource"); r.Exists() {
				if typ := x.unreadable(r); typ != "" {
					return typ
				}
			}
		}
		return ""
	case "Parameters":
		return x.unreadableIn(n.Get("parameter"))
	default:
		if !x.may(typ, auth.Read) || x.permitContext(n) != nil {
			return typ
		}
		return ""
	}
}

func (x *exchange) unreadableIn(parameters fhir.Node) string {
	for p := range parameters.Items() {
		if r := p.Get("resource"); r.Exists() {
			if typ := x.unreadable(r); typ != "" {
				return typ
			}
		}
		if typ := x.unreadableIn(p.Get("part")); typ != "" {
			return typ
		}
	}
	return ""
}

// withheld is what an answer says in the place of what the caller may not read.
func withheld(typ string) []fhir.Issue {
	return []fhir.Issue{{Severity: fhir.Information, Code: fhir.Informational, Rule: "auth",
		Message: "It is done. The answer is left out: the access token does not allow to read it.", Expected: "the scope system/" + typ + ".r"}}
}

// blind takes out of the refusal of a write what it tells of the resources that
// stand, where the caller may not read their types.
func (x *exchange) blind(err error, types ...string) error {
	var e *fhir.Error
	readable := func(typ string) bool { return x.may(typ, auth.Read) }
	if !errors.As(err, &e) || e.Kind == fhir.MultipleMatches {
		return err
	}
	own := !slices.ContainsFunc(types, func(t string) bool { return !readable(t) })
	said := *e
	said.Issues = slices.Clone(e.Issues)
	for i := range said.Issues {
		if issue := &said.Issues[i]; !own || x.namesUnreadable(issue.Found) {
			issue.Expected, issue.Found = "", ""
		}
	}
	return &said
}

// namesUnreadable reports whether a list of references, "Task/1, Claim/2", names
// a resource that the caller may not read.
func (x *exchange) namesUnreadable(list string) bool {
	return slices.ContainsFunc(strings.Split(list, ", "), func(ref string) bool {
		typ, _, ok := strings.Cut(ref, "/")
		return ok && r4.IsResource(typ) && !x.may(typ, auth.Read)
	})
}
