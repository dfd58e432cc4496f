package terminology

import (
	"context"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// verdict is what is found of one code.
type verdict struct {
	ok      bool
	message string
	c       definition.Coding // with the display to use
	known   Concept
}

// validateInSet is https://hl7.org/fhir/R4/valueset-operation-validate-code.html
func (o *operations) validateInSet(ctx context.Context, in *input) (fhir.Value, error) {
	v, err := o.valueSet(ctx, in)
	if err != nil {
		return fhir.Value{}, err
	}
	codes, err := in.asked("systemVersion")
	if err != nil {
		return fhir.Value{}, err
	}
	return o.judge(in, codes, func(c definition.Coding) (verdict, error) {
		a := o.MemberOf(v, c.System, c.Version, c.Code)
		switch a.Verdict {
		case Unknown:
			return verdict{}, undecided(in.op, a.Reason, c)
		case Out:
			return verdict{message: outside(a), c: c}, nil
		}
		c.System = a.System
		found := Concept{Code: c.Code, Display: a.Display, Abstract: a.Abstract, Inactive: a.Inactive}
		if sys, _ := o.system(a.System, c.Version); sys != nil {
			if known, ok := sys.Lookup(c.Code); ok {
				found = known
			}
			c.Version = sys.Version()
		}
		if a.Display != "" && !found.Called(a.Display) {
			found.Designations = append([]definition.Designation{{Value: a.Display}}, found.Designations...)
		}
		return o.named(in, c, found)
	})
}

func outside(a Answer) string {
	text := a.Reason + "."
	if first, _, _ := strings.Cut(text, " "); !strings.Contains(first, ":") {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	if a.InSystem == Out {
		text += " The code does not exist in its code system."
	}
	return strings.TrimSpace(text + " " + didYouMean(a.Nearest))
}

// validateInSystem is https://hl7.org/fhir/R4/codesystem-operation-validate-code.html
func (o *operations) validateInSystem(ctx context.Context, in *input) (fhir.Value, error) {
	codes, err := in.asked("version")
	if err != nil {
		return fhir.Value{}, err
	}
	own, url, err := o.codeSystem(ctx, in)
	if err != nil {
		return fhir.Value{}, err
	}
	for i := range codes {
		if codes[i].System == "" {
			codes[i].System = url
		}
		if codes[i].Version == "" {
			codes[i].Version = in.text("version")
		}
	}
	return o.judge(in, codes, func(c definition.Coding) (verdict, error) {
		sys := own
		if sys == nil {
			var exact bool
			if sys, exact = o.system(c.System, c.Version); sys == nil {
				return verdict{}, undecided(in.op, missing(c.System), c)
			} else if !exact {
				return verdict{}, undecided(in.op, otherVersion(sys, c.Version), c)
			}
		}
		if url != "" && c.System != url {
			return verdict{message: "The code is of another system. Expected: " + url + ". Found: " + c.System + ".", c: c}, nil
		}
		found, ok := sys.Lookup(c.Code)
		if !ok && !sys.Complete(c.Code) {
			return verdict{}, undecided(in.op, "only a part of "+sys.Name()+" is loaded", c)
		}
		if !ok {
			text := "The code " + c.Code + " does not exist in " + sys.Name() + "."
			if p, err := sys.Select(nil); err == nil && p.All != nil {
				text += " " + didYouMean(nearestFew(c.Code, p.All))
			}
			return verdict{message: strings.TrimSpace(text), c: c}, nil
		}
		c.Version = sys.Version()
		return o.named(in, c, found)
	})
}

// codeSystem is the system that a call is about, where it is invoked on one or
// carries one, and its url.
func (o *operations) codeSystem(ctx context.Context, in *input) (System, string, error) {
	var r *fhir.Resource
	if in.call.ID != "" {
		var err error
		if r, err = o.stored(ctx, in, "CodeSystem"); err != nil {
			return nil, "", err
		}
	} else if r = in.resource("codeSystem", "CodeSystem"); r == nil {
		url := in.text("url")
		if url == "" {
			url = in.text("system")
		}
		return nil, url, nil
	}
	def := definition.ReadCodeSystem(r)
	if sys := newListed(def); !hollow(sys) && def.Supplements == "" {
		return sys, def.URL, nil
	}
	return nil, def.URL, nil // its content is elsewhere: loaded from a release
}

// named judges a code that exists: its display, whether it is abstract, and
// whether it is still in use.
func (o *operations) named(in *input, c definition.Coding, found Concept) (verdict, error) {
	out := verdict{ok: true, c: c, known: found}
	given := c.Display
	out.c.Display = found.Display
	if languages := tags(in.text("displayLanguage")); languages != nil {
		own := "en"
		if sys, _ := o.system(c.System, ""); sys != nil {
			own = languageOf(sys)
		}
		if name := nameIn(found, languages, own); name != "" {
			out.c.Display = name
		}
	}
	switch {
	case given != "" && found.Display != "" && !found.Called(given):
		out.ok, out.message = false, "The display does not belong to the code. Expected: "+out.c.Display+". Found: "+given+"."
	case found.Abstract && !in.flag("abstract"):
		out.ok, out.message = false, "The code "+c.Code+" only groups others and cannot be used itself."
	case found.Inactive:
		out.message = "The code " + c.Code + " is out of use."
	}
	return out, nil
}

// judge gives the answer for one code, or for a concept of which one code has
// to be right.
func (o *operations) judge(in *input, codes []definition.Coding, one func(definition.Coding) (verdict, error)) (fhir.Value, error) {
	var best verdict
	var unknown error
	var messages []string
	for _, c := range codes {
		v, err := one(c)
		if err != nil {
			unknown = err
			continue
		}
		if v.ok {
			best, messages = v, nil
			if v.message != "" {
				messages = []string{v.message}
			}
			unknown = nil
			break
		}
		messages = append(messages, v.message)
		if best.c.Code == "" || v.known.Code != "" {
			best = v
		}
	}
	if unknown != nil {
		return fhir.Value{}, unknown
	}
	var p parameters
	p.add("result", "valueBoolean", best.ok)
	p.text("message", "valueString", strings.Join(messages, " "))
	if best.known.Code != "" {
		p.text("display", "valueString", best.c.Display)
	}
	p.text("code", "valueCode", best.c.Code)
	p.text("system", "valueUri", best.c.System)
	p.text("version", "valueString", best.c.Version)
	if best.known.Inactive {
		p.add("inactive", "valueBoolean", true)
	}
	return p.resource(), nil
}

// undecided says that a code could not be checked.
func undecided(op, reason string, c definition.Coding) error {
	return fhir.E(op, fhir.NotSupported, fhir.Issue{Message: "The code was not checked: " + reason + ".", Found: describe(c.System, c.Code)})
}
