package pharmacy

import (
	"errors"

	"github.com/pestle-fhir/pestle/fhir"
)

// parkedCode marks the Tasks of parked versions.
var parkedCode = fhir.Coding{System: "https://pestle-fhir.github.io/CodeSystem/follower", Code: "parked", Display: "Could not be processed"}

// Park makes the Task of a version that a follower could not process: status
// failed, with the reason, and the version as its focus. Whoever mends the
// resource writes a new version, which the follower takes up as usual.
func Park(follower string, v *fhir.Version, cause error) fhir.Change {
	id := ID("Task", "parked", follower, v.Ref(), v.VersionID)
	task := fhir.Obj(
		"resourceType", "Task",
		"id", id,
		"status", "failed",
		"statusReason", fhir.Obj("text", reason(cause)),
		"intent", "order",
		"code", fhir.Obj("coding", fhir.List(fhir.Obj("system", parkedCode.System, "code", parkedCode.Code, "display", parkedCode.Display)), "text", follower),
		"focus", fhir.Obj("reference", v.Ref()+"/_history/"+v.VersionID, "type", v.Type),
	)
	return fhir.Change{Method: fhir.Create, Type: "Task", ID: id, Resource: task.Resource(), IfAbsent: true}
}

// reason is what to tell of an error: its issues where it has some.
func reason(err error) string {
	var known *fhir.Error
	if !errors.As(err, &known) || len(known.Issues) == 0 {
		return err.Error()
	}
	text := ""
	for _, i := range known.Issues {
		if text != "" {
			text += " "
		}
		text += i.Text()
	}
	return text
}

// isParked recognises the Task of a parked version; no follower is given one.
func isParked(v *fhir.Version) bool {
	if v.Type != "Task" || v.Deleted() {
		return false
	}
	r, err := v.Resource()
	if err != nil {
		return false
	}
	return r.Get("code").Get("coding").Get("system").Text() == parkedCode.System
}
