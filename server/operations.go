package server

import (
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/spelling"
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
	} else if near := spelling.One(strings.TrimPrefix(name, "$"), names); near != "" {
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
