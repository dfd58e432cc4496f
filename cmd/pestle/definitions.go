package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/pestle-fhir/pestle/profiles"
)

type definitionsCommand struct {
	List definitionsList `cmd:"" help:"List the definitions that are built in or were added, with version and kind."`
	Show definitionsShow `cmd:"" help:"Show what a profile asks, element by element, or the codes of a value set."`
	Add  definitionsAdd  `cmd:"" help:"Add definitions to a database, also of a server that runs."`

	Remove definitionsRemove `cmd:"" help:"Remove definitions that were added."`
}

// definitionSource is where a command finds definitions beside the built-in ones.
type definitionSource struct {
	Data        string   `env:"PESTLE_DATA" default:"data" placeholder:"DIR" help:"Folder of the database."`
	Definitions []string `env:"PESTLE_DEFINITIONS" placeholder:"PATH" help:"Further definitions: FHIR Shorthand (.fsh), FHIR packages (.tgz), JSON, XML, or folders of them."`
}

func (s definitionSource) library() (*profiles.Library, error) {
	return profileOptions{Policy: "r4", Definitions: s.Definitions}.within(s.Data).library()
}

type definitionsList struct {
	definitionSource `embed:""`

	Kind string `enum:"profile,extension,type,value set,code system,concept map," default:"" help:"Only this kind: profile, extension, type, value set, code system or concept map."`
	R4   bool   `name:"r4" help:"Also those of the R4 specification."`

	inJSON `embed:""`
}

// definitionLine is what a list says of a definition.
type definitionLine struct {
	Kind      string `json:"kind"`
	Canonical string `json:"canonical"`
	Name      string `json:"name"`
	Source    string `json:"source,omitempty"` // where it is from; "" for the R4 specification
}

// Run prints a line for each definition.
func (c *definitionsList) Run(std streams) error {
	l, err := c.library()
	if err != nil {
		return err
	}
	lines := []definitionLine{}
	list := l.Entries()
	for i := range list {
		e := &list[i]
		if e.Source == "" && !c.R4 || c.Kind != "" && c.Kind != e.Kind {
			continue
		}
		lines = append(lines, definitionLine{e.Kind, e.Canonical(), e.Name, e.Source})
	}
	if c.JSON {
		return printJSON(std, lines)
	}
	w := tabwriter.NewWriter(std.out, 0, 8, 2, ' ', 0)
	for _, d := range lines {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", d.Kind, d.Canonical, d.Name, d.Source)
	}
	fmt.Fprintf(w, "%d definitions\n", len(lines))
	return w.Flush()
}

type definitionsShow struct {
	definitionSource `embed:""`

	Canonical string `arg:"" help:"Canonical URL of the definition, or its last step: UKCore-Patient."`
	All       bool   `help:"All elements, not only those that the profile or one it is based on constrains."`
}

// Run prints one definition.
func (c *definitionsShow) Run(std streams) error {
	l, err := c.library()
	if err != nil {
		return err
	}
	e, err := c.find(l)
	if err != nil {
		return err
	}
	return describeDefinition(std.out, l, e, c.All)
}

func (c *definitionsShow) find(l *profiles.Library) (*profiles.Entry, error) {
	var near []string
	list := l.Entries()
	for i := range list {
		e := &list[i]
		if e.URL == c.Canonical || e.Canonical() == c.Canonical || e.ID == c.Canonical {
			return e, nil
		}
		if strings.Contains(strings.ToLower(e.URL), strings.ToLower(c.Canonical)) {
			near = append(near, e.Canonical())
		}
	}
	if near == nil {
		return nil, fmt.Errorf("there is no definition %s; pestle definitions list prints those there are", c.Canonical)
	}
	slices.Sort(near)
	return nil, fmt.Errorf("there is no definition %s; near it:\n  %s", c.Canonical, strings.Join(near[:min(10, len(near))], "\n  "))
}

type definitionsAdd struct {
	Paths []string `arg:"" name:"path" help:"FHIR Shorthand (.fsh), FHIR packages (.tgz), JSON, XML, or folders of them."`
	Data  string   `env:"PESTLE_DATA" default:"data" placeholder:"DIR" help:"Folder of the database; a server may have it open."`
	JSON  bool     `name:"json" help:"Print what was added, replaced and removed as JSON."`

	remote     `embed:""`
	encryption `embed:""`
}

// Help is shown by --help.
func (definitionsAdd) Help() string {
	return `A file or folder of the same name that was added before is replaced. All that was added is compiled; where that fails nothing is changed.

Example: pestle definitions add --data db clinic.fsh uk-core.tgz`
}

// Run adds definitions: in the server that has the folder open or is named, or in
// the folder.
func (c *definitionsAdd) Run(std streams) error {
	server, err := c.reach(c.Data)
	if err != nil {
		return err
	}
	in, out := io.Pipe()
	go func() { out.CloseWithError(pack(c.Paths, out)) }()
	defer func() { _ = in.Close() }()
	if server == nil {
		ended, err := c.record(c.Data, "definitions add "+strings.Join(c.Paths, " "))
		if err != nil {
			return err
		}
		a, err := (&definitionFolder{data: c.Data, options: profileOptions{Policy: "r4"}}).add(in)
		return a.print(ended(err), c.JSON, std)
	}
	a, err := server.define("definitions/add", nil, in)
	return a.print(err, c.JSON, std)
}

type definitionsRemove struct {
	Names []string `arg:"" name:"name" help:"Files or folders, by the names under which they were added: clinic.fsh."`
	Data  string   `env:"PESTLE_DATA" default:"data" placeholder:"DIR" help:"Folder of the database; a server may have it open."`
	JSON  bool     `name:"json" help:"Print what was removed as JSON."`

	remote     `embed:""`
	encryption `embed:""`
}

// Help is shown by --help.
func (definitionsRemove) Help() string {
	return `What is left is compiled; where that fails nothing is changed.

Example: pestle definitions remove --data db clinic.fsh`
}

// Run removes what was added.
func (c *definitionsRemove) Run(std streams) error {
	server, err := c.reach(c.Data)
	if err != nil {
		return err
	}
	if server == nil {
		ended, err := c.record(c.Data, "definitions remove "+strings.Join(c.Names, " "))
		if err != nil {
			return err
		}
		a, err := (&definitionFolder{data: c.Data, options: profileOptions{Policy: "r4"}}).remove(c.Names)
		return a.print(ended(err), c.JSON, std)
	}
	a, err := server.define("definitions/remove", url.Values{"name": c.Names}, nil)
	return a.print(err, c.JSON, std)
}

// define changes the definitions of the server.
func (a *administration) define(path string, q url.Values, body io.Reader) (d definitionsAnswer, err error) {
	answer, err := a.post(path, q, body)
	if err != nil {
		return d, err
	}
	defer func() { _ = answer.Body.Close() }()
	return d, json.NewDecoder(answer.Body).Decode(&d)
}

// print prints what became of a change.
func (d definitionsAnswer) print(err error, asJSON bool, std streams) error {
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(std, d)
	}
	for _, list := range []struct {
		what  string
		names []string
	}{{"added", d.Added}, {"replaced", d.Replaced}, {"removed", d.Removed}} {
		for _, name := range list.names {
			fmt.Fprintf(std.out, "%s %s\n", list.what, name)
		}
	}
	from := "serve loads them at its next start"
	if d.Running {
		from = "the server uses them from now on"
	}
	_, err = fmt.Fprintf(std.out, "%d definitions in %s; %s\n", d.Count, d.Folder, from)
	return err
}
