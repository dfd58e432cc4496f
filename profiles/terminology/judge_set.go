package terminology

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// ofSet judges a code by the value set.
func (j *judge) ofSet(f *finding, c definition.Coding) error {
	stop := j.misnamed(f, c)
	used := j.used(f, c)
	a := j.member(j.set, c.System, used, c.Code, 0)
	switch {
	case a.Circular:
		return fhir.E(j.op, fhir.Processing, fhir.Issue{Message: "The value set cannot be worked out: " + a.Reason + ".", Details: txIssue("vs-invalid")})
	case a.Lacks != "":
		f.lacks = a.Lacks
		f.issues = append(f.issues, remark{fhir.Err, fhir.NotFound, "not-found", "", "The value set " + a.Lacks + " is not known."})
	}
	sys, _ := j.system(c.System, used)
	if sys == nil {
		f.in = a.Verdict == In
		f.display = a.Display
		if a.Verdict == Out {
			f.absent(j, c)
		}
		if !stop && !j.membership {
			why := missing(c.System)
			if c.Version != "" {
				why = "version " + c.Version + " of " + c.System + " is not loaded, nor is any other"
			}
			f.unknownSystem(j, c, why)
		}
		return nil
	}
	f.version = sys.Version()
	if !j.membership {
		j.checkVersion(f, c.System)
	}
	known := j.exists(f, c, sys)
	f.in = a.Verdict == In || a.Verdict == Unknown && a.Fragment
	if known.Code != "" && !j.membership {
		f.display = nameOf(known, j.languages, languageOf(sys))
	}
	retired := known.Inactive && (a.Verdict == Out && a.Inactive || a.Verdict == In && j.active)
	switch {
	case retired:
		f.in = false
		f.add(fhir.Err, fhir.BusinessRule, "code-rule", "code", "The code "+c.Code+" exists but is out of use.")
		f.absent(j, c)
	case a.Verdict == Out:
		f.absent(j, c)
	case a.Verdict == Unknown && !f.in && f.lacks == "" && len(f.issues) == 0:
		f.add(fhir.Err, fhir.NotSupported, "vs-invalid", "code", "The code was not checked: "+a.Reason+".")
	}
	if f.in && !j.membership {
		if a.Display != "" && !known.Called(a.Display) {
			known.Designations = append([]definition.Designation{{Value: a.Display}}, known.Designations...)
		}
		j.named(f, c, sys, known)
		if j.deprecatedIn(j.set, c) {
			f.add(fhir.Warning, fhir.BusinessRule, "code-comment", "code", "The value set "+canonicalOf(j.set)+" marks the code "+c.Code+" as deprecated.")
		}
	} else {
		if known.Code != "" && c.Display != "" && !j.membership {
			j.display(f, c, known, languageOf(sys))
		}
		f.standing(known)
	}
	return nil
}

// used is the version of its system in which a code is looked for, and says
// where the version that comes with the code disagrees with the value set.
func (j *judge) used(f *finding, c definition.Coding) string {
	list := j.includes(j.set, c.System, map[*definition.ValueSet]bool{})
	if len(list) == 0 {
		return c.Version
	}
	sel := list[0]
	for _, one := range list { // the one that has the code
		if v, _ := j.include(one, c.Version); len(list) == 1 || j.selected(one, c.System, v, c.Code, 0).Verdict == In {
			sel = one
			break
		}
	}
	version, found := j.include(sel, c.Version)
	asked := j.wanted.wanted(c.System, sel.Version)
	if !found && asked != "" && !j.membership {
		f.lacks = c.System + "|" + asked
		f.unknownVersion(j, c.System, asked)
	}
	if c.Version == "" {
		return version
	}
	_, exists := j.find(c.System, c.Version)
	if sys, _ := j.find(c.System, ""); sys == nil {
		return version
	}
	if !exists && !j.membership {
		f.unknownVersion(j, c.System, c.Version)
	}
	if version != c.Version || !found && asked != "" {
		text := "The version of the code, " + c.Version + ", is not the one of " + c.System + " that the value set uses: "
		if found || asked == "" {
			text += version + "."
		} else {
			text += asked + "."
		}
		severity := fhir.Err
		if asked == "" {
			severity = fhir.Warning
		}
		f.add(severity, fhir.Invalid, "vs-invalid", "version", text)
	}
	return version
}

// include is the version of its system that an include selects from for a code
// that comes with a version; false where that is not at hand.
func (j *judge) include(sel definition.Selection, version string) (string, bool) {
	asked := j.wanted.wanted(sel.System, sel.Version)
	_, exists := j.find(sel.System, version)
	if version != "" && exists && (asked == "" || matches(asked, version)) {
		return version, true
	}
	sys, exact := j.system(sel.System, sel.Version)
	if sys == nil {
		return sel.Version, false
	}
	if !exact && version != "" && exists {
		return version, false
	}
	return sys.Version(), exact
}

// maxSets is how many imported value sets are looked through for the versions they name.
const maxSets = 1000

// includes are those of a value set, and of what it imports, that select from a system.
func (s *Service) includes(v *definition.ValueSet, system string, seen map[*definition.ValueSet]bool) (list []definition.Selection) {
	if seen[v] || len(seen) > maxSets {
		return nil
	}
	seen[v] = true
	for _, sel := range v.Include {
		if sel.System == system {
			list = append(list, sel)
		}
		for _, url := range sel.ValueSets {
			if other := s.imported(sel, url); other != nil && sel.System == "" && len(list) < maxNesting {
				list = append(list, s.includes(other, system, seen)...)
			}
		}
	}
	return list
}

// deprecatedIn reports whether a value set lists a code as one to leave.
func (j *judge) deprecatedIn(v *definition.ValueSet, c definition.Coding) bool {
	for _, sel := range v.Include {
		if sel.System != c.System {
			continue
		}
		for _, listed := range sel.Concepts {
			if listed.Code == c.Code && listed.Deprecated {
				return true
			}
		}
	}
	return false
}
