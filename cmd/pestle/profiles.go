package main

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/spelling"
	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/profiles/terminology"
	"github.com/pestle-fhir/pestle/profiles/terminology/dmd"
	"github.com/pestle-fhir/pestle/profiles/terminology/loinc"
	"github.com/pestle-fhir/pestle/profiles/terminology/snomed"
	"github.com/pestle-fhir/pestle/profiles/uk"
)

// profileOptions say what resources are held to.
type profileOptions struct {
	Policy      string   `env:"PESTLE_POLICY" enum:"uk-core,r4" default:"uk-core" help:"What resources are held to that name no profile: uk-core or r4."`
	Strict      bool     `env:"PESTLE_STRICT" help:"Refuse such resources also for what they lack of UK Core, not only for what is wrong."`
	Definitions []string `env:"PESTLE_DEFINITIONS" placeholder:"PATH" help:"Further definitions: FHIR Shorthand (.fsh), FHIR packages (.tgz), JSON, XML, or folders of them."`

	ruleOptions    `embed:""`
	releaseOptions `embed:""`
}

// ruleOptions give rules another severity than their definition.
type ruleOptions struct {
	Rule map[string]string `env:"PESTLE_RULES" placeholder:"ID=SEVERITY" help:"Severity of a rule of a profile or of the UK, by the id that its issues name: error, warning, information or off. Repeat it, or separate with ;."`
}

// set gives a library the severities; it names all that are none.
func (o ruleOptions) set(l *profiles.Library) error {
	severities := map[string]fhir.Severity{}
	var wrong []error
	for id, s := range o.Rule {
		switch severity := fhir.Severity(s); severity {
		case fhir.Err, fhir.Warning, fhir.Information, profiles.Off:
			severities[id] = severity
		default:
			wrong = append(wrong, fmt.Errorf("--rule %s=%s: a severity is error, warning, information or off", id, s))
		}
	}
	l.SetSeverity(severities)
	return errors.Join(wrong...)
}

// known names all rules that are given a severity and that nothing asks for: no rule of
// the tables, and no invariant of a definition that is loaded.
func (o ruleOptions) known(l *profiles.Library) error {
	ids := map[string]bool{}
	for _, r := range ruleBook() {
		ids[r.ID] = true
	}
	for _, r := range l.Rules() {
		ids[r.ID] = true
	}
	var wrong []error
	for _, id := range slices.Sorted(maps.Keys(o.Rule)) {
		if ids[id] || l.StatesRule(id) {
			continue
		}
		text := fmt.Sprintf("--rule %s: there is no rule of that id among the tables of rules and the invariants of the definitions", id)
		if near := spelling.Nearest(id, slices.Sorted(maps.Keys(ids)), 2); len(near) > 0 {
			text += "; did you mean " + strings.Join(near, " or ") + "?"
		}
		wrong = append(wrong, errors.New(text))
	}
	return errors.Join(wrong...)
}

// releaseOptions say where the releases of licensed code systems are.
type releaseOptions struct {
	Snomed []string `env:"PESTLE_SNOMED" placeholder:"PATH" help:"Releases of SNOMED CT in RF2: folders or zips. Only their snapshots are read."`
	Dmd    string   `env:"PESTLE_DMD" placeholder:"PATH" help:"Release of dm+d: a folder or zip of its XML files."`
	Loinc  string   `env:"PESTLE_LOINC" placeholder:"PATH" help:"Release of LOINC: a folder or zip with Loinc.csv."`
}

// library gives the built-in definitions with those of the options.
func (o profileOptions) library() (*profiles.Library, error) {
	l := uk.Library()
	if o.Policy != "r4" {
		l.SetPolicy(uk.Policy, o.Strict)
	}
	return l, errors.Join(o.set(l), loadDefinitions(l, o.Definitions), o.known(l))
}

// loadDefinitions loads paths in order; one that refers to a later one is tried
// again behind it.
func loadDefinitions(l *profiles.Library, paths []string) error {
	for len(paths) > 0 {
		var failed []string
		var broken []error
		for _, path := range paths {
			if _, err := l.Load(path); err != nil {
				failed, broken = append(failed, path), append(broken, err)
			}
		}
		if len(failed) == len(paths) {
			return errors.Join(broken...)
		}
		paths = failed
	}
	return nil
}

// definitionsFolder is where, in the folder of a database, pestle definitions
// add puts what it is given. Each entry of it is loaded by itself.
const definitionsFolder = "definitions"

// within adds the definitions that were added to the folder of a database.
func (o profileOptions) within(data string) profileOptions {
	o.Definitions = append(addedDefinitions(filepath.Join(data, definitionsFolder)), o.Definitions...)
	return o
}

// standing is a folder, or what it was moved to where a change of it was
// interrupted.
func standing(folder string) string {
	if _, err := os.Stat(folder); err == nil {
		return folder
	}
	if _, err := os.Stat(folder + ".old"); err == nil {
		return folder + ".old"
	}
	return folder
}

func addedDefinitions(folder string) (paths []string) {
	folder = standing(folder)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil // nothing was added
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			paths = append(paths, filepath.Join(folder, e.Name()))
		}
	}
	return paths
}

// found fails early where a release is not there at all.
func (o releaseOptions) found() error {
	var missing []error
	for _, path := range o.paths() {
		if _, err := os.Stat(path); err != nil {
			missing = append(missing, err)
		}
	}
	return errors.Join(missing...)
}

func (o releaseOptions) paths() []string {
	paths := o.Snomed
	if o.Dmd != "" {
		paths = append(paths[:len(paths):len(paths)], o.Dmd)
	}
	if o.Loinc != "" {
		paths = append(paths[:len(paths):len(paths)], o.Loinc)
	}
	return paths
}

// load reads the releases into a service. The products of dm+d become concepts
// of SNOMED CT too, since the NHS's prescribing interfaces use them as such.
func (o releaseOptions) load(into *terminology.Service) error {
	if len(o.paths()) == 0 {
		return nil
	}
	if o.Loinc != "" {
		table, err := loinc.Load(o.Loinc)
		if err != nil {
			return err
		}
		into.Add(table)
	}
	if len(o.Snomed) == 0 && o.Dmd == "" {
		return nil
	}
	b := snomed.NewBuilder()
	for _, path := range o.Snomed {
		if err := b.Load(path); err != nil {
			return err
		}
	}
	if o.Dmd != "" {
		d, err := dmd.Load(o.Dmd)
		if err != nil {
			return err
		}
		d.Into(b)
		into.Add(d)
	}
	into.Add(b.Edition())
	return nil
}

// loadBeside is load while the server answers already: until it is done, codes
// of these systems are not checked, as without a release.
func (o releaseOptions) loadBeside(into *terminology.Service, log *slog.Logger) {
	if len(o.paths()) == 0 {
		return
	}
	go func() {
		start := time.Now()
		log.Info("loading code systems", "from", o.paths())
		if err := o.load(into); err != nil {
			log.Error("code systems are not loaded", "error", err)
			return
		}
		log.Info("code systems loaded", "took", time.Since(start).Round(time.Millisecond))
	}()
}
