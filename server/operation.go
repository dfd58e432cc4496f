package server

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/server/auth"
)

// operationRoutes gives each name its addresses on the levels where it stands.
func (s *Server) operationRoutes() []route {
	var routes []route
	direct := s.direct()
	for _, op := range s.operations.known {
		path := "/$" + op.Name
		if op.Type != "" {
			path = "/:type" + path
		}
		if op.Instance {
			path = "/:type/:id/$" + op.Name
		}
		if slices.ContainsFunc(routes, func(r route) bool { return r.path == path }) {
			continue
		}
		handle, permission := func(c *gin.Context) error { return s.operation(c, op.Name, op.Instance) }, auth.Permission(0)
		if own, ok := direct[op.Name]; ok {
			handle, permission = own.handle, own.permission
		}
		routes = append(routes,
			route{"POST", path, "operation", permission, handle},
			route{"GET", path, "operation", permission, handle})
	}
	return routes
}

// processMessage is the operation whose scope may name the event of the message.
const processMessage = "process-message"

// operation invokes what a part of the business offers:
// https://hl7.org/fhir/R4/operations.html#executing
func (s *Server) operation(c *gin.Context, name string, instance bool) error {
	x := exchangeOf(c)
	op := s.operations.find(name, x.resourceType, instance)
	if op == nil {
		return s.operations.unknown(c)
	}
	x.interaction = "$" + name
	x.eps = op.RequestID
	if !op.Idempotent && c.Request.Method != http.MethodPost {
		return s.methodNotAllowed(c, "POST")
	}
	owned, err := x.permitOperation(op, "")
	if err != nil && op.Events == nil {
		return err
	}
	match, unmatched := versionsOf(c, op)
	if unmatched != nil {
		return unmatched
	}
	if op.RequestID {
		if err := x.named(); err != nil {
			return err
		}
	}
	given, wrong := s.body(c.Request)
	body := contentOf(op, given)
	if event := eventOf(body); err != nil && (slices.Contains(op.Events, event) || !x.permitSomeEvent(op)) { // the scope may be of it
		if owned, err = x.permitOperation(op, event); err != nil {
			return err
		}
	}
	if e := (*fhir.Error)(nil); name == "validate" && body != nil && errors.As(wrong, &e) {
		return s.send(c, http.StatusOK, fhir.Outcome(e.Issues).JSON()) // readable: its rules are all that it breaks
	}
	if wrong != nil {
		return wrong
	}
	if name != "validate" { // which stores nothing
		if err := x.permitParts(op, body); err != nil {
			return err
		}
		if err := x.permitReferences(c.Request.Context(), body); err != nil {
			return err
		}
	}
	if err := s.understood(c, op, given); given == nil && needsResource(op) {
		missing := noBody("Parameters, or the resource that $" + name + " takes")
		if e := (*fhir.Error)(nil); errors.As(err, &e) {
			missing.Issues = append(missing.Issues, e.Issues...)
		}
		return missing
	} else if err != nil {
		return err
	}
	var lenient []fhir.Issue
	if op.RequestID {
		if body, lenient, err = withoutEmptyFocus(body); err != nil {
			return err
		}
	}
	call := invocation{handle: op.Handle, body: body, writes: !op.Idempotent, owned: owned, match: match}
	if body != nil && name != "validate" {
		if call.notes, err = s.checkFor(c.Request.Context(), op, body); err != nil {
			return judged(err, op.Judge, body)
		}
	}
	call.notes = append(lenient, call.notes...)
	return s.invoke(c, call)
}

// permitSomeEvent reports whether the caller may send one of the messages that an
// operation takes. Then they are told what is wrong with one that has no event, or none
// that it takes.
func (x *exchange) permitSomeEvent(op *fhir.Operation) bool {
	return slices.ContainsFunc(op.Events, func(event string) bool {
		_, err := x.permitOperation(op, event)
		return err == nil
	})
}

// needsResource reports whether an operation cannot do without a resource.
func needsResource(op *fhir.Operation) bool {
	return slices.ContainsFunc(op.Parameters, func(p fhir.Parameter) bool {
		return p.Required && slices.ContainsFunc(p.Kinds, func(kind string) bool { return kind == "Resource" || r4.IsResource(kind) })
	})
}

// judged adds to the issues of a body what the business finds wrong with it.
func judged(err error, judge func(*fhir.Resource) []fhir.Issue, body *fhir.Resource) error {
	var e *fhir.Error
	if judge != nil && errors.As(err, &e) {
		e.Issues = fhir.SortIssues(append(e.Issues, judge(body)...))
	}
	return err
}

// takeIn gives a create to the part of the business whose message it is.
func (s *Server) takeIn(c *gin.Context, in *fhir.Intake, r *fhir.Resource) error {
	x := exchangeOf(c)
	x.interaction = "intake"
	x.eps = in.RequestID
	if err := x.permitIntake(in, r); err != nil {
		return err
	}
	if in.RequestID {
		if err := x.named(); err != nil {
			return err
		}
	}
	if err := x.permitReferences(c.Request.Context(), r); err != nil {
		return err
	}
	notes, err := s.check(c.Request.Context(), r)
	if err != nil {
		return judged(err, in.Judge, r)
	}
	return s.invoke(c, invocation{handle: in.Handle, body: r, notes: notes, writes: true})
}

// invocation is a call to be made.
type invocation struct {
	handle handler
	body   *fhir.Resource
	notes  []fhir.Issue // about the body
	writes bool
	owned  bool   // by a scope of the operation itself, which covers its answer
	match  string // of the If-Match: see [fhir.Call]
}

// versionsOf are those that an If-Match names; an operation that is not of one version
// of a resource takes none.
func versionsOf(c *gin.Context, op *fhir.Operation) (string, error) {
	values := c.Request.Header.Values("If-Match")
	if len(values) == 0 || c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead {
		return "", nil
	}
	if !op.Versioned {
		return "", &fhir.Error{Op: "operation", Kind: fhir.Invalid, Issues: unevaluated("$"+op.Name, c.Request.Header, func(string) string { return "" })}
	}
	return ifMatch(values, "")
}

// invoke makes the call; one that writes is made once per X-Request-ID or
// Idempotency-Key.
func (s *Server) invoke(c *gin.Context, in invocation) error {
	x := exchangeOf(c)
	call := &fhir.Call{
		ID: c.Param("id"), Body: in.body, Params: withoutFormat(x.query), Warnings: warnings(in.notes),
		Requester: x.identity.Requester, RequestID: x.requestID,
		Base: x.base, Time: s.now(), Language: c.GetHeader("Accept-Language"), IfMatch: in.match,
	}
	var reply *fhir.Reply
	var err error
	if in.writes {
		reply, err = s.onlyOnce(c, in.handle, call)
	} else {
		reply, err = in.handle(c.Request.Context(), call)
		err = overtime(computing, err)
	}
	if err != nil {
		return err
	}
	return s.sendReply(c, in, reply)
}

// warnings are the issues that the sender should look at; what is only said for
// information stays out of the answers of the business.
func warnings(notes []fhir.Issue) []fhir.Issue {
	return slices.DeleteFunc(slices.Clone(notes), func(i fhir.Issue) bool { return i.Severity != fhir.Warning })
}

func (s *Server) sendReply(c *gin.Context, in invocation, reply *fhir.Reply) error {
	x := exchangeOf(c)
	status := http.StatusOK
	if reply.Location != "" {
		status = http.StatusCreated
		c.Header("Location", exchangeOf(c).base+"/"+reply.Location)
		if _, version, ok := strings.Cut(reply.Location, "/_history/"); ok {
			c.Header(headerETag, etag(version))
		}
	}
	if reply.Refused {
		status = http.StatusBadRequest
		x.refusal(reply.Resource)
	}
	if reply.Resource == nil {
		c.Writer.WriteHeader(http.StatusNoContent)
		return nil
	}
	x.showAll(reply.Resource.Root())
	if reply.Impersonal {
		x.identity.Hidden = nil
	}
	if x.content && x.identity.Hidden == nil && !reply.Refused && reply.Resource.Type() == "Binary" {
		return s.sendHeld(c, reply.Resource)
	}
	if typ := x.unreadable(reply.Resource.Root()); typ != "" && !in.owned {
		if !in.writes {
			return x.permit(typ, auth.Read)
		}
		return s.send(c, status, s.outcome(x, withheld(typ)))
	}
	if in.writes && !reply.Refused && prefer(c.Request.Header).back == outcomeOnly && reply.Resource.Type() != "OperationOutcome" {
		return s.send(c, status, s.outcome(exchangeOf(c), noted(in.notes)))
	}
	text := reply.Resource.JSON()
	if err := x.hold(c.Request.Context(), int64(len(text))*x.weight()); err != nil && !in.writes { // what was written is told
		return err
	}
	return s.send(c, status, text)
}
