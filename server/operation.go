package server

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/server/auth"
)

// operations is what the server can be asked to do beyond the interactions.
type operations struct {
	known   []fhir.Operation
	intakes []fhir.Intake
}

func (o *operations) add(builtin, business []fhir.Operation, intakes []fhir.Intake) error {
	o.intakes = intakes
	for _, op := range append(builtin, business...) {
		problem := ""
		switch {
		case op.Name == "" || strings.ContainsAny(op.Name, "$/:* "):
			problem = "has no usable name"
		case op.Type != "" && op.Type != anyType && !r4.IsResource(op.Type):
			problem = "stands on a type that R4 does not have"
		case op.Instance && op.Type == "":
			problem = "stands on instances and names no type"
		case op.Handle == nil:
			problem = "has no Handle"
		case o.find(op.Name, op.Type, op.Instance) != nil:
			problem = "is there twice"
		}
		if problem != "" {
			return fhir.E("server", fhir.Exception, fhir.Issue{Message: "The operation $" + op.Name + " on " + op.Type + " " + problem + "."})
		}
		o.known = append(o.known, op)
	}
	for _, in := range intakes {
		if !r4.IsResource(in.Type) || in.Accepts == nil || in.Handle == nil {
			return fhir.E("server", fhir.Exception, fhir.Issue{Message: "The intake on " + in.Type + " needs a type of R4, Accepts and Handle."})
		}
	}
	return nil
}

// anyType is the type of an operation that stands on every type.
const anyType = "Resource"

func (o *operations) find(name, typ string, instance bool) *fhir.Operation {
	for i := range o.known {
		op := &o.known[i]
		if op.Name == name && op.Instance == instance && (op.Type == typ || op.Type == anyType && typ != "") {
			return op
		}
	}
	return nil
}

func (o *operations) intake(r *fhir.Resource) *fhir.Intake {
	for i := range o.intakes {
		if in := &o.intakes[i]; in.Type == r.Type() && in.Accepts(r) {
			return in
		}
	}
	return nil
}

// operationRoutes gives each name its addresses on the levels where it stands.
func (s *Server) operationRoutes() []route {
	var routes []route
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
		handle := func(c *gin.Context) error { return s.operation(c, op.Name, op.Instance) }
		routes = append(routes,
			route{"POST", path, "operation", 0, handle},
			route{"GET", path, "operation", 0, handle})
	}
	return routes
}

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
	if err := x.permitOperation(op); err != nil {
		return err
	}
	if op.RequestID {
		if err := x.named(); err != nil {
			return err
		}
	}
	body, err := s.body(c.Request)
	if err != nil {
		return err
	}
	if body != nil && name != "validate" {
		if _, err := s.check(c.Request.Context(), body); err != nil {
			return err
		}
	}
	return s.invoke(c, op.Handle, body, op.RequestID)
}

// permitOperation asks for reading where the operation changes nothing, else
// for creating and updating, on its type or on all.
func (x *exchange) permitOperation(op *fhir.Operation) error {
	typ := x.resourceType
	if typ == "" {
		typ = "*"
	}
	if op.Idempotent {
		return x.permit(typ, auth.Read)
	}
	if err := x.permit(typ, auth.Create); err != nil {
		return err
	}
	return x.permit(typ, auth.Update)
}

// takeIn gives a create to the part of the business whose message it is.
func (s *Server) takeIn(c *gin.Context, in *fhir.Intake, r *fhir.Resource) error {
	x := exchangeOf(c)
	x.interaction = "intake"
	x.eps = in.RequestID
	if in.RequestID {
		if err := x.named(); err != nil {
			return err
		}
	}
	if _, err := s.check(c.Request.Context(), r); err != nil {
		return err
	}
	return s.invoke(c, in.Handle, r, in.RequestID)
}

// invoke makes the call, once per X-Request-ID where that is required.
func (s *Server) invoke(c *gin.Context, handle handler, body *fhir.Resource, requestID bool) error {
	x := exchangeOf(c)
	call := &fhir.Call{
		ID: c.Param("id"), Body: body, Params: withoutFormat(x.query),
		Requester: x.identity.Requester, RequestID: x.requestID,
		Base: x.base, Time: s.now(),
	}
	var reply *fhir.Reply
	var err error
	if requestID {
		reply, err = s.onlyOnce(c, handle, call)
	} else {
		reply, err = handle(c.Request.Context(), call)
	}
	if err != nil {
		return err
	}
	return s.sendReply(c, reply)
}

func (s *Server) sendReply(c *gin.Context, reply *fhir.Reply) error {
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
	}
	if reply.Resource == nil {
		c.Writer.WriteHeader(http.StatusNoContent)
		return nil
	}
	return s.send(c, status, reply.Resource.JSON())
}

// unknown says where an operation of that name does stand.
func (o *operations) unknown(c *gin.Context) error {
	name := c.Request.URL.Path[strings.LastIndexByte(c.Request.URL.Path, '/')+1:]
	issue := fhir.Issue{Message: "There is no operation " + name + " at this address.", Found: c.Request.URL.Path}
	var places, names []string
	for _, op := range o.known {
		names = append(names, op.Name)
		if "$"+op.Name == name {
			places = append(places, placeOf(&op))
		}
	}
	if places != nil {
		issue.Expected = strings.Join(places, " or ")
	} else if near := nearest(strings.TrimPrefix(name, "$"), names); near != "" {
		issue.Fix = "Did you mean $" + near + "?"
	} else {
		issue.Fix = "The CapabilityStatement at /metadata lists the operations."
	}
	return fhir.E("operation", fhir.NotFound, issue)
}

func placeOf(op *fhir.Operation) string {
	typ := op.Type
	if typ == anyType {
		typ = "[type]"
	}
	switch {
	case op.Instance:
		return "/" + typ + "/[id]/$" + op.Name
	case typ != "":
		return "/" + typ + "/$" + op.Name
	}
	return "/$" + op.Name
}
