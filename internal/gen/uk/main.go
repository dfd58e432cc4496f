// Command uk re-expresses the facts of UK definitions as FHIR Shorthand: paths,
// cardinalities, types, bindings, codes, invariant expressions. No sentence is
// taken over; the messages of invariants are our own, from messages.txt.
//
// The files are sources from then on. Run it again when a new release of UK
// Core or of the NHS profiles is to be taken over, and review the difference:
//
//	go run ./internal/gen/uk -from ../shared/definitions -out profiles/uk
package main

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

const hl7 = "http://hl7.org/fhir/StructureDefinition/"

func main() {
	log.SetFlags(0)
	from := flag.String("from", "../shared/definitions", "folder with ukcore-stu3-xml.tgz and nhsdigital-xml.tgz")
	out := flag.String("out", "profiles/uk", "folder of the .fsh files")
	flag.Parse()
	w := &writer{set: definition.NewSet(), out: *out, want: map[string]bool{}, messages: messages()}
	for _, f := range []string{"ukcore-stu3-xml.tgz", "nhsdigital-xml.tgz"} {
		if err := w.set.Load(filepath.Join(*from, f)); err != nil {
			log.Print(err)
		}
	}
	w.collect()
	w.write()
}

func messages() map[string]string {
	text, err := os.ReadFile("internal/gen/uk/messages.txt")
	if err != nil {
		log.Fatal(err)
	}
	out := map[string]string{}
	for _, line := range strings.Split(string(text), "\n") {
		if key, m, ok := strings.Cut(line, "\t"); ok {
			out[key] = m
		}
	}
	return out
}

type writer struct {
	set      *definition.Set
	out      string
	want     map[string]bool
	queue    []string
	messages map[string]string
	inv      map[string]definition.Constraint
}

var roots = []string{
	"UKCore-Patient", "UKCore-Practitioner", "UKCore-PractitionerRole", "UKCore-Organization", "UKCore-Location", "UKCore-Medication",
	"UKCore-MedicationRequest", "UKCore-MedicationDispense", "UKCore-MedicationStatement", "UKCore-Observation", "UKCore-AllergyIntolerance",
	"UKCore-Condition", "UKCore-Task", "UKCore-Provenance", "UKCore-AuditEvent", "UKCore-OperationOutcome", "UKCore-MessageHeader", "UKCore-Bundle",
}

func (w *writer) collect() {
	for url, s := range w.set.Structures {
		if strings.Contains(url, "|") {
			continue
		}
		name := url[strings.LastIndexByte(url, '/')+1:]
		switch {
		case strings.HasPrefix(url, "https://fhir.hl7.org.uk/"):
			if slices.Contains(roots, name) || strings.HasPrefix(name, "UKCore-Observation-") || strings.HasPrefix(name, "Extension-UKCore-") && s.Status != "retired" && usedBy(s, roots) {
				w.need(url)
			}
		case strings.HasPrefix(url, "https://fhir.nhs.uk/StructureDefinition/"):
			if regexp.MustCompile(`^(NHSDigital-(MedicationRequest|MedicationDispense|Medication|Claim|Task|MessageHeader|Bundle-FHIRMessage|Bundle-Collection|Bundle-SearchSet|Organization|PractitionerRole|Practitioner|Patient|Provenance|CommunicationRequest|OperationOutcome|Dosage|Parameters|Location|HealthcareService)|Extension-(DM-|EPS-|Claim|MessageHeader|Provenance|replacementOf|Spine|ODS))`).MatchString(name) {
				w.need(url)
			}
		}
	}
	for len(w.queue) > 0 {
		url := w.queue[0]
		w.queue = w.queue[1:]
		w.follow(url)
	}
}

// usedBy reports whether an extension stands on one of the root types.
func usedBy(s *definition.Structure, roots []string) bool {
	for _, c := range s.Contexts {
		typ, _, _ := strings.Cut(c.Expression, ".")
		if slices.Contains(roots, "UKCore-"+typ) {
			return true
		}
	}
	return false
}

func (w *writer) need(url string) {
	bare, _ := definition.SplitCanonical(url)
	if bare == "" || w.want[bare] || strings.HasPrefix(bare, "#") {
		return
	}
	_, a := w.set.Structures[bare]
	_, b := w.set.ValueSets[bare]
	_, c := w.set.CodeSystems[bare]
	if !a && !b && !c {
		return
	}
	w.want[bare] = true
	w.queue = append(w.queue, bare)
}

func (w *writer) follow(url string) {
	if s, ok := w.set.Structures[url]; ok {
		w.need(s.Base)
		for _, e := range s.Differential {
			for _, t := range e.Types {
				for _, p := range append(t.Profiles, t.TargetProfiles...) {
					w.need(p)
				}
			}
			if e.Binding != nil {
				w.need(e.Binding.ValueSet)
				w.need(e.Binding.Max)
			}
		}
	}
	if v, ok := w.set.ValueSets[url]; ok {
		for _, s := range append(v.Include, v.Exclude...) {
			w.need(s.System)
			for _, u := range s.ValueSets {
				w.need(u)
			}
		}
	}
}

// file names the .fsh file that a definition goes to.
func (w *writer) file(url, kind string, s *definition.Structure) string {
	folder := "nhs"
	if strings.Contains(url, "hl7.org") {
		folder = "ukcore"
	}
	name := url[strings.LastIndexByte(url, '/')+1:]
	switch {
	case kind != "structure":
		return folder + "/" + kind + ".fsh"
	case s.IsExtension():
		return folder + "/extensions.fsh"
	}
	name = strings.TrimPrefix(strings.TrimPrefix(name, "UKCore-"), "NHSDigital-")
	name, _, _ = strings.Cut(name, "-")
	return folder + "/" + strings.ToLower(name) + ".fsh"
}

func (w *writer) write() {
	files := map[string]*bytes.Buffer{}
	at := func(name string) *bytes.Buffer {
		if files[name] == nil {
			files[name] = &bytes.Buffer{}
		}
		return files[name]
	}
	w.inv = map[string]definition.Constraint{}
	for _, url := range slices.SortedFunc(maps.Keys(w.want), func(a, b string) int {
		sa, sb := w.set.Structures[a], w.set.Structures[b]
		return cmp.Or(cmp.Compare(depth(w.set, sa), depth(w.set, sb)), cmp.Compare(a, b))
	}) {
		if s, ok := w.set.Structures[url]; ok {
			w.structure(at(w.file(url, "structure", s)), s)
		}
		if v, ok := w.set.ValueSets[url]; ok {
			w.valueSet(at(w.file(url, "valuesets", nil)), v)
		}
		if c, ok := w.set.CodeSystems[url]; ok {
			w.codeSystem(at(w.file(url, "codesystems", nil)), c)
		}
	}
	inv := at("invariants.fsh")
	for _, key := range slices.Sorted(maps.Keys(w.inv)) {
		c := w.inv[key]
		m := w.messages[c.Key]
		if m == "" {
			log.Printf("no message for %s", c.Key)
		}
		fmt.Fprintf(inv, "Invariant: %s\nSeverity: #%s\nDescription: %q\nExpression: %s\n\n", key, c.Severity, m, quote(c.Expression))
	}
	for name, b := range files {
		path := filepath.Join(w.out, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(path, append(bytes.TrimRight(b.Bytes(), "\n"), '\n'), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

func depth(set *definition.Set, s *definition.Structure) int {
	d := 0
	for s != nil && d < 10 {
		s = set.Structures[s.Base]
		d++
	}
	return d
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ", "\r", "").Replace(s) + `"`
}

func id(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }

func (w *writer) head(b *bytes.Buffer, kind, name, url string) {
	fmt.Fprintf(b, "%s: %s\nId: %s\n", kind, name, id(url))
}

func (w *writer) tail(b *bytes.Buffer, url, version, status string) {
	fmt.Fprintf(b, "* ^url = %q\n", url)
	if version != "" {
		fmt.Fprintf(b, "* ^version = %q\n", version)
	}
	fmt.Fprintf(b, "* ^status = #%s\n", status)
}

func identifier(url string) string { return strings.NewReplacer("-", "", ".", "").Replace(id(url)) }

func (w *writer) structure(b *bytes.Buffer, s *definition.Structure) {
	kind := "Profile"
	if s.IsExtension() {
		kind = "Extension"
	}
	w.head(b, kind, identifier(s.URL), s.URL)
	parent := s.Base
	if short, ok := strings.CutPrefix(parent, hl7); ok && r4.TypeOf(short) != nil {
		parent = short
	}
	if !(kind == "Extension" && parent == "Extension") {
		fmt.Fprintf(b, "Parent: %s\n", parent)
	}
	w.tail(b, s.URL, s.Version, s.Status)
	for i, c := range s.Contexts {
		fmt.Fprintf(b, "* ^context[%d].type = #%s\n* ^context[%d].expression = %q\n", i, c.Type, i, c.Expression)
	}
	known := map[string]bool{}
	for base := w.set.Structures[s.Base]; base != nil; base = w.set.Structures[base.Base] {
		for _, e := range base.Differential {
			if e.SliceName != "" {
				known[e.ID] = true
			}
		}
	}
	for i := 0; i < len(s.Differential); i++ {
		w.element(b, s, s.Differential[i], known)
	}
	b.WriteByte('\n')
}

func fshPath(e *definition.Element) string {
	_, rest, _ := strings.Cut(e.ID, ".")
	if !strings.Contains(e.ID, ".") {
		return "."
	}
	var out []string
	for _, step := range strings.Split(rest, ".") {
		name, slice, ok := strings.Cut(step, ":")
		if ok {
			name += "[" + strings.ReplaceAll(slice, "/", "][") + "]"
		}
		out = append(out, name)
	}
	return strings.Join(out, ".")
}

func (w *writer) element(b *bytes.Buffer, s *definition.Structure, e *definition.Element, known map[string]bool) {
	if e.ID == "" {
		e.ID = e.Path
		if e.SliceName != "" {
			e.ID += ":" + e.SliceName
		}
	}
	path := fshPath(e)
	rule := func(format string, args ...any) { fmt.Fprintf(b, "* "+path+" "+format+"\n", args...) }
	card := ""
	if e.Min != nil || e.Max != "" {
		if e.Min != nil {
			card = fmt.Sprint(*e.Min)
		}
		card += ".." + e.Max
	}
	if s.IsExtension() && e.ID == "Extension.url" {
		return
	}
	extensionSlice := e.SliceName != "" && (e.Last() == "extension" || e.Last() == "modifierExtension")
	if e.Slicing != nil && !(e.Last() == "extension" && len(e.Slicing.Discriminators) == 1 && e.Slicing.Discriminators[0].Path == "url" && e.Slicing.Rules == "open" && !e.Slicing.Ordered) {
		for i, d := range e.Slicing.Discriminators {
			rule("^slicing.discriminator[%d].type = #%s", i, d.Type)
			rule("^slicing.discriminator[%d].path = %q", i, d.Path)
		}
		if e.Slicing.Rules != "" {
			rule("^slicing.rules = #%s", e.Slicing.Rules)
		}
		if e.Slicing.Ordered {
			rule("^slicing.ordered = true")
		}
	}
	flags := ""
	if e.MustSupport != nil && *e.MustSupport {
		flags = " MS"
	}
	if e.SliceName != "" && !known[e.ID] && !strings.HasSuffix(e.Last(), "[x]") {
		known[e.ID] = true
		at := path[:strings.LastIndexByte(path, '[')]
		c := card
		if c == "" {
			c = ".."
		}
		if extensionSlice && len(e.Types) == 1 && len(e.Types[0].Profiles) == 1 {
			fmt.Fprintf(b, "* %s contains %s named %s %s%s\n", at, e.Types[0].Profiles[0], e.SliceName[strings.LastIndexByte(e.SliceName, '/')+1:], c, flags)
		} else {
			fmt.Fprintf(b, "* %s contains %s %s%s\n", at, e.SliceName[strings.LastIndexByte(e.SliceName, '/')+1:], c, flags)
			if extensionSlice && len(e.Types) == 1 && len(e.Types[0].Profiles) > 0 {
				log.Printf("%s %s: profiles %v", s.URL, e.ID, e.Types[0].Profiles)
			}
		}
	} else {
		if card != "" {
			rule("%s%s", card, flags)
		} else if flags != "" {
			rule("%s", strings.TrimSpace(flags))
		}
		if extensionSlice && len(e.Types) == 1 && len(e.Types[0].Profiles) == 1 {
			rule("only %s", e.Types[0].Profiles[0])
		}
	}
	if len(e.Types) > 0 && !extensionSlice {
		w.types(rule, e)
	}
	for _, v := range []struct {
		v       *definition.Value
		exactly string
	}{{e.Fixed, " (exactly)"}, {e.Pattern, ""}} {
		if v.v != nil {
			if s.IsExtension() && strings.HasSuffix(e.ID, ".url") && v.v.Node.Text() == sliceOf(e.ID) {
				continue
			}
			rule("= %s%s", fshValue(v.v), v.exactly)
		}
	}
	if e.Binding != nil {
		if e.Binding.ValueSet != "" {
			rule("from %s (%s)", e.Binding.ValueSet, e.Binding.Strength)
		} else if e.Binding.Strength != "" {
			rule("^binding.strength = #%s", e.Binding.Strength)
		}
		if e.Binding.Max != "" {
			log.Printf("%s: max value set", e.ID)
		}
	}
	if e.MustSupport != nil && !*e.MustSupport {
		rule("^mustSupport = false")
	}
	if e.MaxLength > 0 {
		rule("^maxLength = %d", e.MaxLength)
	}
	for _, c := range e.Constraints {
		name := c.Key
		if name == "patient-reference" && c.Severity == "warning" {
			name += "-warning" // one key, two severities: FSH wants a name for each
		}
		if old, ok := w.inv[name]; ok && (old.Expression != c.Expression || old.Severity != c.Severity) {
			log.Printf("%s %s: invariant %s has two meanings: [%s] %s | [%s] %s", s.URL, e.ID, name, old.Severity, old.Expression, c.Severity, c.Expression)
		}
		w.inv[name] = c
		rule("obeys %s", name)
	}
}

func sliceOf(id string) string {
	steps := strings.Split(id, ".")
	if len(steps) < 2 {
		return ""
	}
	_, slice, _ := strings.Cut(steps[len(steps)-2], ":")
	return slice
}

func (w *writer) types(rule func(string, ...any), e *definition.Element) {
	var parts []string
	var carets []string
	for i, t := range e.Types {
		switch {
		case t.Code == "BackboneElement" || t.Code == "Element":
			return
		case t.Code == "Reference" || t.Code == "canonical":
			name := map[string]string{"Reference": "Reference", "canonical": "Canonical"}[t.Code]
			var targets []string
			for _, p := range t.TargetProfiles {
				if short, ok := strings.CutPrefix(p, hl7); ok && r4.TypeOf(short) != nil {
					p = short
				}
				targets = append(targets, p)
			}
			if targets != nil {
				name += "(" + strings.Join(targets, " or ") + ")"
			} else if t.Code == "canonical" {
				name = "canonical"
			}
			parts = append(parts, name)
			for j, p := range t.Profiles {
				carets = append(carets, fmt.Sprintf("^type[%d].profile[%d] = %q", i, j, p))
			}
		case len(t.Profiles) > 0:
			for _, p := range t.Profiles {
				if _, ok := w.set.Structures[p]; ok {
					parts = append(parts, p)
				} else if len(t.Profiles) == 1 {
					parts = append(parts, t.Code)
					carets = append(carets, fmt.Sprintf("^type[%d].profile[0] = %q", i, p))
				}
			}
		default:
			parts = append(parts, t.Code)
		}
		for j, a := range t.Aggregation {
			carets = append(carets, fmt.Sprintf("^type[%d].aggregation[%d] = #%s", i, j, a))
		}
	}
	if len(e.Types) == 1 && e.Types[0].Code == "Extension" && len(e.Types[0].Profiles) == 0 {
		return
	}
	rule("only %s", strings.Join(parts, " or "))
	for _, c := range carets {
		rule("%s", c)
	}
}

func fshValue(v *definition.Value) string {
	switch v.Node.Kind() {
	case fhir.String:
		if v.Type == "Code" {
			return "#" + v.Node.Text()
		}
		return quote(v.Node.Text())
	case fhir.Object:
		n := v.Node
		if v.Type == "CodeableConcept" {
			n = n.Get("coding").Item(0)
		}
		if v.Type != "CodeableConcept" && v.Type != "Coding" {
			log.Printf("value of type %s: %s", v.Type, v.Node.Raw())
		}
		out := n.Get("system").Text() + "#" + n.Get("code").Text()
		if d := n.Get("display").Text(); d != "" {
			out += " " + quote(d)
		}
		return out
	}
	return v.Node.Text()
}

func (w *writer) valueSet(b *bytes.Buffer, v *definition.ValueSet) {
	w.head(b, "ValueSet", identifier(v.URL), v.URL)
	w.tail(b, v.URL, v.Version, v.Status)
	w.selections(b, "include", v.Include)
	w.selections(b, "exclude", v.Exclude)
	b.WriteByte('\n')
}

func code(c string) string {
	if strings.ContainsAny(c, " ()\",") {
		return `"` + c + `"`
	}
	return c
}

func (w *writer) selections(b *bytes.Buffer, verb string, list []definition.Selection) {
	for _, s := range list {
		system := s.System
		if s.Version != "" {
			system += "|" + s.Version
		}
		if len(s.Concepts) > 0 {
			for _, c := range s.Concepts {
				line := system + "#" + code(c.Code)
				if c.Display != "" && !strings.Contains(system, "snomed.info") && !strings.Contains(system, "loinc.org") {
					line += " " + quote(c.Display)
				}
				if verb == "exclude" {
					line = "exclude " + line
				}
				fmt.Fprintf(b, "* %s\n", line)
			}
			continue
		}
		line := verb + " codes from"
		if system != "" {
			line += " system " + system
		}
		if len(s.ValueSets) > 0 {
			if system != "" {
				line += " and"
			}
			line += " valueset " + strings.Join(s.ValueSets, " and ")
		}
		for i, f := range s.Filters {
			line += map[bool]string{true: " where ", false: " and "}[i == 0] + f.Property + " " + f.Op + " " + quote(f.Value)
		}
		fmt.Fprintf(b, "* %s\n", line)
	}
}

func (w *writer) codeSystem(b *bytes.Buffer, c *definition.CodeSystem) {
	w.head(b, "CodeSystem", identifier(c.URL), c.URL)
	w.tail(b, c.URL, c.Version, c.Status)
	if c.Content != "" && c.Content != "complete" {
		fmt.Fprintf(b, "* ^content = #%s\n", c.Content)
	}
	if !c.CaseSensitive {
		fmt.Fprintf(b, "* ^caseSensitive = false\n")
	}
	w.concepts(b, c.Concepts, "")
	b.WriteByte('\n')
}

func (w *writer) concepts(b *bytes.Buffer, list []definition.Concept, above string) {
	for _, c := range list {
		path := above + "#" + code(c.Code)
		display := ""
		if c.Display != "" {
			display = " " + quote(c.Display)
		}
		fmt.Fprintf(b, "* %s%s\n", path, display)
		for i, p := range c.Properties {
			fmt.Fprintf(b, "* %s ^property[%d].code = #%s\n* %s ^property[%d].value%s = %s\n", path, i, p.Code, path, i, cmp.Or(p.Type, "String"), propertyValue(p))
		}
		w.concepts(b, c.Children, path+" ")
	}
}

func propertyValue(p definition.Property) string {
	switch p.Type {
	case "Boolean", "Integer", "Decimal":
		return p.Value
	case "Code":
		return "#" + code(p.Value)
	}
	return quote(p.Value)
}
