package patch

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// operation is one operation of a FHIRPath Patch.
type operation struct {
	node       fhir.Node
	kind, path string
	name       string    // of add
	value      fhir.Node // the part "value" of add, insert and replace
	index      int       // of insert
	from, to   int       // of move
}

// parts are the parts that each kind of operation needs besides path.
var parts = map[string][]string{
	"add": {"name", "value"}, "insert": {"index", "value"}, "delete": nil, "replace": {"value"}, "move": {"source", "destination"},
}

// readOperations reads a patch and reports all that is malformed in it.
func readOperations(params *fhir.Resource) ([]operation, error) {
	if params.Type() != "Parameters" {
		return nil, invalid(params.Root(), "A FHIRPath Patch is a Parameters resource.", "Parameters", params.Type())
	}
	var operations []operation
	var issues []fhir.Issue
	for p := range params.Get("parameter").Items() {
		op, found := readOperation(p)
		for i := range found {
			found[i].Message = fmt.Sprintf("Operation %d: %s", len(operations)+1, found[i].Message)
		}
		issues = append(issues, found...)
		operations = append(operations, op)
	}
	if len(issues) > 0 {
		return nil, &fhir.Error{Op: "patch", Kind: fhir.Invalid, Issues: issues}
	}
	return operations, nil
}

func readOperation(p fhir.Node) (operation, []fhir.Issue) {
	op := operation{node: p, kind: part(p, "type").Text(), path: part(p, "path").Text()}
	var issues []fhir.Issue
	report := func(n fhir.Node, message, expected, found string) {
		issues = append(issues, fhir.Issue{
			Severity: fhir.Err, Code: fhir.Invalid, Rule: "patch", Expression: n.Expression(), Position: n.Position(),
			Message: message, Expected: expected, Found: found,
		})
	}
	if name := p.Get("name").Text(); name != "operation" {
		report(p, "The parameter is no operation.", `the name "operation"`, strconv.Quote(name))
		return op, issues
	}
	needs, known := parts[op.kind]
	if !known {
		report(p, "There is no such operation.", "a part type with add, insert, delete, replace or move", strconv.Quote(op.kind))
	}
	if op.path == "" {
		report(p, "The operation has no path.", "a part path with a FHIRPath expression", "none")
	}
	number := func(name string) int {
		i, err := strconv.Atoi(part(p, name).Text())
		if err != nil || i < 0 {
			report(p, "The operation has no "+name+".", "a part "+name+" with a valueInteger from 0", "none")
		}
		return i
	}
	for _, need := range needs {
		switch need {
		case "name":
			if op.name = part(p, "name").Text(); op.name == "" {
				report(p, "The operation has no name.", "a part name with the name of the element to add", "none")
			}
		case "value":
			if op.value = partNode(p, "value"); !op.value.Exists() {
				report(p, "The operation has no value.", "a part value", "none")
			}
		case "index":
			op.index = number("index")
		case "source":
			op.from = number("source")
		case "destination":
			op.to = number("destination")
		}
	}
	return op, issues
}

// partNode is a part of an operation by its name.
func partNode(p fhir.Node, name string) fhir.Node {
	for n := range p.Get("part").Items() {
		if n.Get("name").Text() == name {
			return n
		}
	}
	return fhir.Node{}
}

// part is the value of a part.
func part(p fhir.Node, name string) fhir.Node {
	for m := range partNode(p, name).Members() {
		if strings.HasPrefix(m.Name(), "value") {
			return m
		}
	}
	return fhir.Node{}
}
