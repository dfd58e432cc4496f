// Package patch changes resources by the three patch formats of FHIR
// (https://hl7.org/fhir/R4/http.html#patch): [JSON] Patch (RFC 6902),
// [FHIRPath] Patch (http://hl7.org/fhir/R4/fhirpatch.html) and [XML] Patch (RFC
// 5261); and by JSON [Merge] Patch (RFC 7396). Each gives a new resource and leaves the old one as it was; what an
// operation does not touch keeps every byte of its JSON (of its XML, where the
// patch is one).
//
// Operations are applied in turn, all or none. A failure is an [*fhir.Error]
// whose issue says which operation it was, where it stands in the patch, and
// why: of kind Invalid when the patch itself is malformed, Processing when it
// does not fit the resource. Whether the result is good FHIR is for validation
// to say.
package patch

import (
	"fmt"

	"github.com/pestle-fhir/pestle/fhir"
)

// MaxSize bounds the result of a patch in bytes, for a copy of a copy of a copy
// doubles every time.
const MaxSize = 32 << 20

// invalid says that the patch is malformed.
func invalid(at fhir.Node, message, expected, found string) error {
	return fhir.E("patch", fhir.Invalid, fhir.Issue{
		Rule: "patch", Expression: at.Expression(), Position: at.Position(), Message: message, Expected: expected, Found: found,
	})
}

// failed says that an operation does not fit the resource.
func failed(message, expected, found string) *fhir.Error {
	return fhir.E("patch", fhir.Processing, fhir.Issue{Rule: "patch", Message: message, Expected: expected, Found: found})
}

// blame adds to a failure which operation it was.
func blame(err *fhir.Error, number int, what, expression string, at fhir.Position) error {
	for i := range err.Issues {
		issue := &err.Issues[i]
		issue.Message = fmt.Sprintf("Operation %d (%s): %s", number, what, issue.Message)
		if issue.Rule == "" {
			issue.Rule = "patch"
		}
		issue.Expression, issue.Position = expression, at
	}
	return err
}

func tooLarge() *fhir.Error {
	err := failed("The result is too large.", fmt.Sprintf("at most %d bytes", MaxSize), "")
	err.Kind, err.Issues[0].Code = fhir.TooLong, fhir.TooLong
	return err
}
