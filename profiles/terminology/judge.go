package terminology

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// judge decides on codes for one call of $validate-code.
type judge struct {
	*Service
	op  string
	set *definition.ValueSet // nil where a code has to be of a code system only
	own System               // the system that the call is on or carries, nil for none
	url string               // of that system

	languages  []string // of displays, none for any
	lenient    bool     // a wrong display is a warning
	membership bool     // only whether the code is in the value set
	active     bool     // a code that is out of use is not good
	concrete   bool     // a code that only groups others is not good
}

// finding is what is found of one code.
type finding struct {
	issues []remark
	in     bool // of the value set, or of the system where there is none
	path   string
	lacks  string // a value set that is not known

	system, version, code, display, normal, status string
	inactive                                       bool
	unknown, cause                                 []string // systems that are not known
}

func (f *finding) add(severity fhir.Severity, code fhir.Code, kind, at, text string) {
	if f.path != "" && at != "" {
		at = "." + at
	}
	f.issues = append(f.issues, remark{severity, code, kind, f.path + at, text})
}

// coding judges one code.
func (j *judge) coding(c definition.Coding, path string) (*finding, error) {
	f := &finding{path: path, system: c.System, code: c.Code}
	if c.System == "" && j.set != nil {
		if path != "" {
			f.absent(j, c)
			f.add(fhir.Warning, fhir.Invalid, "invalid-data", "", "The code has no system, without which it means nothing.")
			return f, nil
		}
		if !j.infer(f, &c) {
			return f, nil
		}
	}
	if j.set == nil {
		if j.misnamed(f, c) || !j.ofSystem(f, c) {
			return f, nil
		}
		known, sys := j.known(f, c)
		j.named(f, c, sys, known)
		return f, nil
	}
	return f, j.ofSet(f, c)
}

// infer finds the system of a code by the value set, which has to have it in one.
func (j *judge) infer(f *finding, c *definition.Coding) bool {
	a := j.member(j.set, "", c.Version, c.Code, 0)
	if a.Verdict != In || a.System == "" {
		f.absent(j, *c)
		f.add(fhir.Err, fhir.NotFound, "cannot-infer", "code", "The system of the code "+c.Code+" does not follow from the value set "+canonicalOf(j.set)+".")
		return false
	}
	c.System, f.system = a.System, a.System
	return true
}

// absent says that a code is not in the value set.
func (f *finding) absent(j *judge, c definition.Coding) {
	text := "The code " + describe(c.System, c.Code) + " is not in the value set " + canonicalOf(j.set) + "."
	if j.effort.hint() {
		text = strings.TrimSpace(text + " " + didYouMean(j.suggest(j.set, c.System, c.Code)))
	}
	f.add(fhir.Err, fhir.CodeInvalid, "not-in-vs", "code", text)
}

// misnamed says what is wrong with a system that names something else.
func (j *judge) misnamed(f *finding, c definition.Coding) bool {
	switch {
	case c.System == "":
		return false
	case !strings.Contains(c.System, ":"):
		f.add(fhir.Err, fhir.Invalid, "invalid-data", "system", "The system "+c.System+" is not an absolute URI.")
		return false
	case j.supplement(c.System) != "":
		f.add(fhir.Err, fhir.Invalid, "invalid-data", "system", "The system "+c.System+" is a supplement of "+j.supplement(c.System)+": codes are of that one.")
		f.cause = append(f.cause, c.System)
		return true
	}
	if sys, _ := j.system(c.System, ""); sys == nil && j.ValueSet(c.System) != nil {
		f.add(fhir.Err, fhir.Invalid, "invalid-data", "system", "The system "+c.System+" is a value set.")
		return true
	}
	return false
}

// supplement is the system that a url only adds to.
func (j *judge) supplement(url string) string {
	if def := j.codeSystemDefinition(url); def != nil && licensed[url] == "" {
		return def.Supplements
	}
	return ""
}

// ofSystem says whether a code is judged by its system alone.
func (j *judge) ofSystem(f *finding, c definition.Coding) bool {
	if j.url != "" && c.System != j.url {
		f.add(fhir.Err, fhir.CodeInvalid, "invalid-code", "system", "The code is of another system. Expected: "+j.url+". Found: "+c.System+".")
		return false
	}
	return true
}

// known finds the concept of a code in its system, and says what is wrong with
// the system, its version and the code.
func (j *judge) known(f *finding, c definition.Coding) (Concept, System) {
	sys, exact := j.own, true
	if sys == nil {
		if sys, exact = j.system(c.System, c.Version); sys == nil {
			f.unknownSystem(j, c, missing(c.System))
			return Concept{}, nil
		}
	}
	if !exact {
		f.unknownVersion(j, c.System, c.Version)
	}
	f.version = sys.Version()
	j.checkVersion(f, c.System)
	return j.exists(f, c, sys), sys
}

// exists finds a code in the version of its system that is used.
func (j *judge) exists(f *finding, c definition.Coding, sys System) Concept {
	known, ok := sys.Lookup(c.Code)
	switch {
	case ok:
		f.in = f.in || j.set == nil
	case j.membership:
	case !sys.Complete(c.Code):
		f.in = f.in || j.set == nil
		f.add(fhir.Warning, fhir.CodeInvalid, "invalid-code", "code", "The code "+c.Code+" is not in the part of "+sys.Name()+" that is loaded; it may exist all the same.")
	default:
		text := "The code " + c.Code + " does not exist in " + c.System + versionText(sys.Version()) + "."
		if p, err := sys.Select(nil); err == nil && p.All != nil && j.effort.hint() {
			text += " " + didYouMean(nearestFew(c.Code, p.All))
		}
		f.add(fhir.Err, fhir.CodeInvalid, "invalid-code", "code", strings.TrimSpace(text))
	}
	return known
}

func versionText(version string) string {
	if version == "" {
		return ""
	}
	return ", version " + version
}

func (f *finding) unknownSystem(j *judge, c definition.Coding, why string) {
	f.add(fhir.Err, fhir.NotFound, "not-found", "system", "The code was not checked: "+why+".")
	if j.set == nil || len(j.includes(j.set, c.System, map[*definition.ValueSet]bool{})) > 0 {
		f.cause = append(f.cause, c.System)
	} else {
		f.unknown = append(f.unknown, c.System)
	}
}

func (f *finding) unknownVersion(j *judge, system, version string) {
	f.add(fhir.Err, fhir.NotFound, "not-found", "system", "The code was not checked: version "+version+" of "+system+" is not loaded. There is: "+strings.Join(j.versions(system), ", ")+".")
	f.cause = append(f.cause, system+"|"+version)
}

// checkVersion says that a version is used which the caller does not allow.
func (j *judge) checkVersion(f *finding, system string) {
	if must := j.wanted.barred(system, f.version); must != "" {
		f.add(fhir.Err, fhir.Exception, "version-error", "version", "Version "+f.version+" of "+system+" would be used, and the call allows "+must+" alone.")
	}
}
