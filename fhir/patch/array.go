package patch

import (
	"errors"

	"github.com/pestle-fhir/pestle/fhir"
)

// readArray parses an array, which is no resource, by putting it into one. The
// line that is added in front is taken off the places again.
func readArray(doc []byte) (fhir.Node, error) {
	const before = "{\"patch\":\n"
	wrapped := append(append([]byte(before), doc...), '}')
	up := func(p fhir.Position) fhir.Position { return fhir.Position{Line: max(p.Line-1, 1), Column: p.Column} }
	r, err := fhir.Parse(wrapped)
	if err != nil {
		var e *fhir.Error
		if errors.As(err, &e) {
			for i := range e.Issues {
				e.Issues[i].Position, e.Issues[i].Expression = up(e.Issues[i].Position), ""
			}
		}
		return fhir.Node{}, err
	}
	whole := r
	r = r.Located(func(offset int) fhir.Position { return up(whole.Position(offset)) })
	list := r.Get("patch")
	if list.Kind() != fhir.Array || r.Root().Len() != 1 {
		return fhir.Node{}, fhir.E("patch", fhir.Invalid, fhir.Issue{
			Rule: "patch", Position: fhir.Position{Line: 1, Column: 1},
			Message: "A JSON Patch is an array of operations.", Expected: `[{"op": "replace", "path": "/status", "value": "on-hold"}]`, Found: list.Kind().String(),
		})
	}
	return list, nil
}
