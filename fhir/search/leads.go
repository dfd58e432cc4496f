package search

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir/r4"
)

// leadsTo are the types of resource that a reference parameter leads to from a
// type. R4 lists the targets of a parameter for all its types together: patient is
// one of Group too, by DeviceUseStatement.subject alone.
func leadsTo(typ string, param *r4.SearchParam) []string {
	var types []string
	for branch := range strings.SplitSeq(param.Expression, "|") {
		path, own := strings.CutPrefix(strings.TrimSpace(branch), typ+".")
		if !own {
			continue
		}
		targets := pathTargets(r4.TypeOf(typ), path)
		if len(targets) == 0 || slices.Contains(targets, "Resource") {
			return param.Target
		}
		types = append(types, targets...)
	}
	if len(types) == 0 {
		return param.Target
	}
	return slices.DeleteFunc(slices.Clone(param.Target), func(t string) bool { return !slices.Contains(types, t) })
}

// pathTargets are the targets of the reference at a path below a type, or the type
// that the path asks of it; none where neither says.
func pathTargets(t *r4.Type, path string) []string {
	if way, condition, asked := strings.Cut(path, ".where(resolve() is "); asked && !strings.ContainsAny(way, "()") {
		return []string{strings.TrimSuffix(condition, ")")}
	}
	step, rest, deeper := strings.Cut(path, ".")
	e := t.Element(step)
	switch {
	case e == nil || len(e.Types) != 1:
		return nil
	case deeper:
		return pathTargets(r4.TypeOf(e.Types[0]), rest)
	}
	return e.Targets
}
