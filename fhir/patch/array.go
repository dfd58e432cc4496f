package patch

import (
	"errors"

	"github.com/pestle-fhir/pestle/fhir"
)

// read reads a JSON value of any kind, with its places in doc.
func read(doc []byte) (fhir.Node, error) {
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
	if r.Root().Len() != 1 {
		return fhir.Node{}, notOne(fhir.Position{Line: 1, Column: 1}, "A patch is one JSON value.", "nothing after it", "more")
	}
	return r.Get("patch"), nil
}

func notOne(at fhir.Position, message, expected, found string) error {
	return fhir.E("patch", fhir.Invalid, fhir.Issue{Rule: "patch", Position: at, Message: message, Expected: expected, Found: found})
}

// readArray reads the operations of a JSON Patch.
func readArray(doc []byte) (fhir.Node, error) {
	list, err := read(doc)
	if err == nil && list.Kind() != fhir.Array {
		err = notOne(fhir.Position{Line: 1, Column: 1}, "A JSON Patch is an array of operations.",
			`[{"op": "replace", "path": "/status", "value": "on-hold"}]`, list.Kind().String())
	}
	return list, err
}
