package profiles

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/terminology"
)

// The ids of the rules on codes of systems that are at hand, whose severity can
// be set.
const (
	unknownCode = "unknown-code"
	otherName   = "display"
)

// codeOfSystem holds a code to the system that it is of, where that is at hand
// and complete: it is one of its codes, whatever the binding of the element (R4,
// Coding.code), and its display is one of its names (R4, Coding.display). An
// unknown code is reported at the node at.
func (w *walk) codeOfSystem(n, at fhir.Node) {
	code := n.Get("code")
	system, text := n.Get("system").Text(), code.Text()
	if w.v.library == nil || system == "" || text == "" || w.blamed(code) {
		return
	}
	version := n.Get("version").Text()
	c, verdict := w.v.library.terms.Exists(system, version, text)
	switch verdict {
	case terminology.Out:
		w.noSuchCode(at, system, version, text, fhir.Err)
	case terminology.In:
		w.calledSo(n.Get("display"), system, c, fhir.Err)
	}
}

// listedCode is codeOfSystem for the codes that a definition lists of a system.
func (w *walk) listedCode(n fhir.Node, system, version string, severity fhir.Severity) {
	code := n.Get("code")
	if w.v.library == nil || system == "" || code.Text() == "" || w.blamed(code) {
		return
	}
	switch c, verdict := w.v.library.terms.Exists(system, version, code.Text()); verdict {
	case terminology.Out:
		w.noSuchCode(code, system, version, code.Text(), severity)
	case terminology.In:
		w.calledSo(n.Get("display"), system, c, fhir.Warning)
	}
}

// noSuchCode says that a system does not have a code. It is a warning where the
// system may have got the code since, and of HL7 V3 where only the case is wrong:
// R4's own examples write Tab for TAB.
func (w *walk) noSuchCode(at fhir.Node, system, version, code string, severity fhir.Severity) {
	if version == "" && w.v.library.evolves(system) {
		severity = fhir.Warning
	}
	i := fhir.Issue{Severity: severity, Code: fhir.CodeInvalid, Rule: unknownCode, Message: "The code system " + short(system) + " has no such code.",
		Found: short(code)}
	if codes := w.v.library.terms.Codes(system, 12); len(codes) > 0 {
		i.Expected = anyOf(codes, 12)
	}
	near := w.v.library.terms.Similar(system, code)
	switch {
	case len(near) > 0 && near[0] != code && strings.EqualFold(near[0], code):
		i.Fix = "Write " + quoteShort(near[0]) + "."
		if strings.HasPrefix(system, hl7V3) {
			i.Severity = fhir.Warning
		}
	case len(near) > 0:
		i.Fix = "Did you mean " + anyOf(near, 3) + "?"
	case system == ucumSystem:
		i.Message, i.Expected = "This is not a valid unit of UCUM.", "a unit such as mg, mL, h or mg/d"
	}
	w.rated(at, i)
}

const (
	hl7V3      = "http://terminology.hl7.org/CodeSystem/v3-"
	ucumSystem = "http://unitsofmeasure.org"
)

// calledSo holds a display to the names of its code. The name of another code of
// the system contradicts the code, and a reader may act on either; one that no
// code has may be a wording of the sender, and R4 does not forbid it.
func (w *walk) calledSo(display fhir.Node, system string, c terminology.Concept, contradiction fhir.Severity) {
	name := display.Text()
	if name == "" || c.Display == "" || w.blamed(display) || c.Called(name) {
		return
	}
	i := fhir.Issue{Severity: fhir.Warning, Code: fhir.Invalid, Rule: otherName, Message: "The display is not a name of the code " + c.Code + ".",
		Expected: c.Display, Found: short(name), Fix: "Write " + quoteShort(c.Display) + ", or leave display out."}
	if other := w.v.library.terms.Named(system, name); other != "" && other != c.Code {
		i.Severity, i.Message = contradiction, "The display is the name of another code of the system: "+other+"."
		i.Fix = "Write the display " + quoteShort(c.Display) + ", or the code " + quoteShort(other) + " if that is meant."
	}
	w.rated(display, i)
}

// rated reports an issue of a rule whose severity can be set.
func (w *walk) rated(n fhir.Node, i fhir.Issue) {
	if w.v.library != nil {
		if s, ok := w.v.library.severity[i.Rule]; ok {
			i.Severity = s
		}
	}
	if i.Severity != Off {
		w.add(n, i)
	}
}
