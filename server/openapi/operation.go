package openapi

import (
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// operation finds what a route of an operation invokes for a type. A route that serves
// an operation which is not in the list (of the proofs) is not known.
func (d *document) operation(rt Route, typ string) (op *fhir.Operation, known bool) {
	name := rt.Path[strings.LastIndex(rt.Path, "$")+1:]
	instance := strings.Contains(rt.Path, ":id")
	for i := range d.Operations {
		o := &d.Operations[i]
		if o.Name != name || o.Instance != instance || (o.Type != "") != (typ != "") {
			continue
		}
		known = true
		if o.Type == typ || o.Type == anyType {
			return o, true
		}
	}
	return nil, known
}

// invoke is an operation at an address.
func (d *document) invoke(rt Route, typ string, p *place) fhir.Value {
	name := rt.Path[strings.LastIndex(rt.Path, "$")+1:]
	op, _ := d.operation(rt, typ)
	if op == nil {
		op = &fhir.Operation{Name: name, Doc: "The proof that a version is in the log."}
	}
	id := strings.ToLower(rt.Method) + title(name) + typ
	switch {
	case strings.Contains(rt.Path, ":vid"):
		id += "Version"
	case op.Instance || strings.Contains(rt.Path, ":id"):
		id += "Instance"
	}
	parameters := pathParameters(p.address)
	members := []any{"operationId", id, "tags", []string{tagOf(typ)}, "summary", op.Doc}
	if rt.Method == "GET" {
		for i := range op.Parameters {
			parameters = append(parameters, inQuery(&op.Parameters[i])...)
		}
	} else {
		parameters = append(parameters, shared("X-Request-ID"))
		if words := declared(op.Parameters, ""); words != "" {
			members = append(members, "description", words)
		}
		if len(op.Parameters) > 0 {
			members = append(members, "requestBody", d.input(op))
		}
	}
	parameters = append(parameters, shared("_format"), shared("_pretty"))
	answer := []any{"description", "What it answers.", "content", d.content("Resource", nil)}
	if op.Files != nil {
		files := []any{}
		for _, mime := range op.Files {
			files = append(files, mime, fhir.Raw("{}"))
		}
		answer[1], answer[3] = "What it answers; the content of a Binary by itself where Accept asks for its media type.", d.content("Resource", nil, files...)
	}
	return fhir.Obj(append(members, "parameters", fhir.List(parameters...), "responses", fhir.Obj(
		"200", fhir.Obj(answer...),
		"default", fhir.Obj("$ref", "#/components/responses/Error")))...)
}

func title(name string) string {
	words := strings.Split(name, "-")
	for i, w := range words {
		if w != "" {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, "")
}

// inQuery is a primitive parameter of an operation as one of its query.
func inQuery(p *fhir.Parameter) []any {
	if p.Unsupported != "" || len(p.Kinds) == 0 || !strings.HasPrefix(p.Kinds[0], "value") || !primitiveKind(p.Kinds[0]) {
		return nil
	}
	schema := fhir.Obj("type", "string", "enum", p.Only)
	if p.Repeated {
		schema = fhir.Obj("type", "array", "items", schema)
	}
	members := []any{"name", p.Name, "in", "query", "description", p.Doc, "schema", schema}
	if p.Required {
		members = append(members, "required", true)
	}
	return []any{fhir.Obj(members...)}
}

func primitiveKind(kind string) bool {
	name := strings.TrimPrefix(kind, "value")
	typ := r4.TypeOf(name)
	if typ == nil {
		typ = r4.TypeOf(strings.ToLower(name[:1]) + name[1:])
	}
	return typ != nil && typ.Kind == r4.Primitive
}

// declared lists the parameters of an operation in words, since those of a resource
// Parameters are told apart by their names, for which JSON Schema has no short form.
func declared(parameters []fhir.Parameter, indent string) string {
	var b strings.Builder
	for i := range parameters {
		p := &parameters[i]
		if p.Unsupported != "" {
			continue
		}
		least, most := 0, "1"
		if p.Required {
			least = 1
		}
		if p.Repeated {
			most = "*"
		}
		b.WriteString(indent + "- `" + p.Name + "` " + strconv.Itoa(least) + ".." + most)
		if len(p.Kinds) > 0 {
			b.WriteString(" (" + strings.Join(p.Kinds, ", ") + ")")
		}
		if p.Doc != "" {
			b.WriteString(": " + p.Doc)
		}
		b.WriteString("\n")
		b.WriteString(declared(p.Parts, indent+"  "))
	}
	return b.String()
}

// input is the body of an operation: Parameters, or the one resource that it takes.
func (d *document) input(op *fhir.Operation) fhir.Value {
	var resources []string
	required := false
	for i := range op.Parameters {
		p := &op.Parameters[i]
		required = required || p.Required
		if len(p.Kinds) == 1 && (p.Kinds[0] == "Resource" || r4.IsResource(p.Kinds[0])) && !p.Repeated {
			resources = append(resources, p.Kinds[0])
		}
	}
	example := d.Examples["$"+op.Name]
	content := d.content("Parameters", example)
	if len(resources) == 1 && resources[0] != "Parameters" {
		content = d.formats(fhir.Obj("anyOf", fhir.List(d.schemas.need("Parameters"), d.schemas.need(resources[0]))), example)
	}
	return fhir.Obj("required", required, "content", content)
}
