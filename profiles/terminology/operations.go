package terminology

import (
	"context"
	"errors"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// Resources is where value sets, code systems and concept maps that an
// operation is invoked on are read, and where $closure keeps its tables.
// Errors are [*fhir.Error].
type Resources interface {
	Read(ctx context.Context, typ, id string) (*fhir.Version, error)
	VRead(ctx context.Context, typ, id, versionID string) (*fhir.Version, error)
	Commit(ctx context.Context, tx *fhir.Transaction) (*fhir.Commit, error)
}

// Operations are the operations of R4's terminology service:
// https://hl7.org/fhir/R4/terminology-service.html. Where a question cannot be
// decided because a code system is not loaded, they answer with an error of
// kind NotSupported that says so, never with a guess.
func Operations(s *Service, db Resources) []fhir.Operation {
	o := &operations{s, db}
	var list []fhir.Operation
	on := func(typ, name, doc string, levels []bool, which, inputs []fhir.Parameter, handle operation) {
		for _, instance := range levels {
			list = append(list, fhir.Operation{Name: name, Type: typ, Instance: instance, Idempotent: name != "closure", Query: true, Doc: doc,
				Parameters: inputsOn(instance, which, inputs), Lenient: true, Handle: o.handler(name, handle)})
		}
	}
	both, typeOnly := []bool{false, true}, []bool{false}
	on("ValueSet", "expand", "Lists the codes of a value set.", both, whichSet, expandInputs, (*operations).expand)
	on("ValueSet", "validate-code", "Says whether a code is in a value set.", both, whichSet, setInputs, (*operations).validateInSet)
	on("CodeSystem", "validate-code", "Says whether a code is in a code system.", both, whichSystem, memberInputs, (*operations).validateInSystem)
	on("CodeSystem", "lookup", "Returns what a code system knows of a code.", typeOnly, nil, lookupInputs, (*operations).lookup)
	on("CodeSystem", "subsumes", "Says how two codes stand to each other in the hierarchy.", both, []fhir.Parameter{systemInput, versionInput}, pairInputs, (*operations).subsumes)
	on("ConceptMap", "translate", "Maps a code to another code system.", both, whichMap, mapInputs, (*operations).translate)
	on("ValueSet", "batch-validate-code", "Says of several codes whether they are in value sets.", typeOnly, nil, batchInputs, (*operations).batchValidate)
	on("", "closure", "Keeps a table of how the codes of a client stand to each other.", typeOnly, nil, closureInputs, (*operations).closure)
	return list
}

type operations struct {
	*Service
	db Resources
}

// operation answers a call with what it works on: the service as the call sees it.
type operation func(*operations, context.Context, *input) (fhir.Value, error)

func (o *operations) handler(name string, handle operation) func(context.Context, *fhir.Call) (*fhir.Reply, error) {
	return func(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
		in := readInput(name, call)
		in.effort = &effort{ctx: ctx, left: maxSteps, hints: maxHints}
		v, err := handle(o.seen(in), ctx, in)
		if err = in.failed(err); err != nil {
			return nil, err
		}
		return &fhir.Reply{Resource: v.Resource()}, nil
	}
}

// seen is what a call works on.
func (o *operations) seen(in *input) *operations {
	set := definition.NewSet()
	for _, r := range in.resources("tx-resource") {
		if _, err := set.Add(r, "tx-resource"); err != nil {
			in.wrong("tx-resource", "a ValueSet, CodeSystem or ConceptMap with a url", "one without", fhir.Node{})
		}
	}
	versions := func(name string) map[string]string {
		var list map[string]string
		for _, canonical := range in.texts(name) {
			url, version := definition.SplitCanonical(canonical)
			if version == "" {
				in.wrong(name, "a canonical with a version, url|version", canonical, fhir.Node{})
				continue
			}
			if list == nil {
				list = map[string]string{}
			}
			list[url] = version
		}
		return list
	}
	wanted := &pins{fallback: versions("system-version"), force: versions("force-system-version"), check: versions("check-system-version"), sets: versions("default-valueset-version")}
	return &operations{o.view(set, wanted, in.effort), o.db}
}

// stored reads the resource that an operation is invoked on.
func (o *operations) stored(ctx context.Context, in *input, typ string) (*fhir.Resource, error) {
	v, err := o.db.Read(ctx, typ, in.call.ID)
	if err != nil {
		return nil, err
	}
	if v.Deleted() {
		return nil, fhir.E(in.op, fhir.Deleted, fhir.Issue{Message: "The " + typ + " was deleted.", Found: v.Ref()})
	}
	return v.Resource()
}

// valueSet is the value set that a call is about: the one it is invoked on, the
// one it carries, or the one it names.
func (o *operations) valueSet(ctx context.Context, in *input) (*definition.ValueSet, error) {
	if in.call.ID != "" {
		r, err := o.stored(ctx, in, "ValueSet")
		if err != nil {
			return nil, err
		}
		return definition.ReadValueSet(r), nil
	}
	if r := in.resource("valueSet", "ValueSet"); r != nil {
		return definition.ReadValueSet(r), nil
	}
	url := in.text("url")
	if url == "" {
		return nil, in.missing("url", "the canonical of a value set, or valueSet with a ValueSet")
	}
	if version := in.text("valueSetVersion"); version != "" {
		url += "|" + version
	}
	v := o.ValueSet(url)
	if v == nil {
		return nil, unknownValueSet(in.op, url)
	}
	if _, version := definition.SplitCanonical(url); version != "" && v.Version != "" && v.Version != version {
		return nil, fhir.E(in.op, fhir.NotFound, fhir.Issue{Message: "The value set is not known in this version.", Expected: "version " + v.Version, Found: url, Details: txIssue("not-found")})
	}
	return v, nil
}

// isNotFound reports whether an error says that there is no such thing.
func isNotFound(err error) bool {
	var e *fhir.Error
	return errors.As(err, &e) && e.Kind == fhir.NotFound
}
