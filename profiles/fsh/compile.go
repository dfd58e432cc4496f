package fsh

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/profiles/definition"
)

// Options say what the files do not.
type Options struct {
	// Canonical is the base of the urls of definitions that set none with
	// ^url, without a slash at the end.
	Canonical string
	// Known are the definitions of other sources that the files refer to.
	Known *definition.Set
}

// Read compiles every .fsh file of a folder into definitions. All files are one
// project: they share aliases, rule sets and names. The error is an [*Error].
func Read(files fs.FS, o Options) (*definition.Set, error) {
	c := &compiler{Options: o, out: definition.NewSet(), entities: map[[2]string]*entity{}, byURL: map[string]*entity{}, aliases: map[string]string{}}
	if c.Known == nil {
		c.Known = definition.NewSet()
	}
	var names []string
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && path.Ext(name) == ".fsh" {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var all []*entity
	for _, name := range names { // aliases may stand in a later file
		src, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		if err := collectAliases(name, string(src), c.aliases); err != nil {
			return nil, err
		}
	}
	for _, name := range names {
		src, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		found, err := parse(name, string(src), c.aliases)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	for _, e := range all {
		if err := c.declare(e); err != nil {
			return nil, err
		}
	}
	for _, e := range all {
		if err := c.entity(e); err != nil {
			return nil, err
		}
	}
	return c.out, nil
}

func collectAliases(name, src string, into map[string]string) error {
	tokens, err := lex(name, src)
	if err != nil {
		return err
	}
	p := &parser{file: name, tokens: tokens, aliases: into}
	for p.peek().kind != end {
		if t := p.take(); t.keyword() && t.text == "Alias:" {
			if err := p.alias(); err != nil {
				return err
			}
		}
	}
	return nil
}

type compiler struct {
	Options
	out      *definition.Set
	entities map[[2]string]*entity // by kind of resource with name, and with id
	byURL    map[string]*entity    // profiles and extensions
	aliases  map[string]string
}

func (c *compiler) fail(file string, at token, format string, args ...any) error {
	return &Error{file, at.line, at.col, fmt.Sprintf(format, args...)}
}

func (c *compiler) declare(e *entity) error {
	if c.Canonical == "" && e.kind != "Invariant" && e.kind != "RuleSet" && strings.HasPrefix(c.url(e), "/") {
		return c.fail(e.file, e.at, "%s has no url: add the rule * ^url = \"https://…\", or canonical: to sushi-config.yaml", e.name)
	}
	for _, name := range []string{e.name, e.meta["Id"]} {
		if name == "" {
			continue
		}
		key := [2]string{e.resource(), name}
		if old, ok := c.entities[key]; ok && old != e {
			return c.fail(e.file, e.at, "%s is declared already, at %s:%d", name, old.file, old.at.line)
		}
		c.entities[key] = e
	}
	if e.resource() == "StructureDefinition" {
		c.byURL[c.url(e)] = e
	}
	return nil
}

// resource is the kind of resource that an entity becomes: names are unique
// within one kind.
func (e *entity) resource() string {
	if e.kind == "Profile" || e.kind == "Extension" {
		return "StructureDefinition"
	}
	return e.kind
}

func (c *compiler) entity(e *entity) error {
	switch e.kind {
	case "Profile", "Extension":
		return c.structure(e)
	case "ValueSet":
		return c.valueSet(e)
	case "CodeSystem":
		return c.codeSystem(e)
	}
	return nil // rule sets and invariants live where they are used
}

// url is the canonical of an entity.
func (c *compiler) url(e *entity) string {
	for _, r := range e.rules {
		if r.kind == caretRule && r.caret == "url" && r.paths[0] == "" {
			return r.value.text
		}
	}
	return c.Canonical + "/" + e.resource() + "/" + c.id(e)
}

func (c *compiler) id(e *entity) string {
	if id := e.meta["Id"]; id != "" {
		return id
	}
	return e.name
}

// canonical gives the url that a name of a kind of resource stands for: an
// entity of these files, or what is a url already.
func (c *compiler) canonical(resource, name string) string {
	bare, version, versioned := strings.Cut(name, "|")
	if e, ok := c.entities[[2]string{resource, bare}]; ok {
		bare = c.url(e)
	}
	if versioned {
		return bare + "|" + version
	}
	return bare
}

// header reads what caret rules on the entity itself say that every definition
// has; what only a reader of the definition would miss is passed over.
func (c *compiler) header(r rule, version, status *string) (done bool, err error) {
	switch name, _, _ := strings.Cut(strings.TrimRight(r.caret, "0123456789[]"), "."); strings.TrimRight(name, "[0123456789]") {
	case "url":
		return true, nil
	case "version":
		*version = r.value.text
	case "status":
		if r.value.kind != codeValue {
			return false, c.fail(r.file, r.at, "^status is a code: expected #active, #draft or #retired")
		}
		*status = r.value.code.code
	case "experimental", "date", "publisher", "contact", "copyright", "purpose", "description", "title", "name",
		"jurisdiction", "immutable", "keyword", "useContext", "identifier", "fhirVersion", "mapping", "extension", "hierarchyMeaning", "compositional", "versionNeeded", "count":
	default:
		return false, nil
	}
	return true, nil
}
