package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/docs"
)

// evidenceCommand writes what an assessor asks for.
type evidenceCommand struct {
	To     string   `required:"" placeholder:"DIR" help:"Folder that the files are written to, which must not exist."`
	Data   string   `env:"PESTLE_DATA" default:"data" placeholder:"DIR" help:"Folder of the database; a server may have it open."`
	Backup []string `placeholder:"FILE" help:"Backups to verify: the proof that there are any."`
	Roles  []byte   `env:"PESTLE_ROLES" placeholder:"FILE" help:"The table of roles that the server has, where it has another than the built-in one."`

	encryption `embed:""`
}

// Help is shown by --help.
func (evidenceCommand) Help() string {
	return `Exit code 1: something could not be established, and is in the list as failed; the rest is written.

Example: pestle evidence --data db --backup backups/pestle-000000000000-000000004711.tar.zst --to evidence-2026-11`
}

// established is a file of the evidence, and whether what it is about holds.
type established struct {
	File   string `json:"file"`
	What   string `json:"what"`
	For    string `json:"for"`
	Holds  bool   `json:"holds"`
	Reason string `json:"reason,omitempty"` // why not
	SHA256 string `json:"sha256"`
}

// Run writes the files, and evidence.json, which lists them. Each is what a command of its own
// prints, so that an assessor can run it too.
func (c *evidenceCommand) Run(std streams) error {
	if err := haveDatabase(c.Data, c.encryption); err != nil {
		return err
	}
	if err := os.Mkdir(c.To, 0o700); err != nil {
		return err
	}
	folder := clientFolder{Data: c.Data, Roles: c.Roles, encryption: c.encryption}
	parts := []struct {
		file, what, reason string
		command            runner
	}{
		{"users.tsv", "the people who may sign in, with their roles", "access review: DTAC, DSPT", &userList{userFolder: userFolder{Data: c.Data, RoleTable: c.Roles, encryption: c.encryption}}},
		{"clients.tsv", "the programs that get tokens, with what they may do", "access review: DTAC, DSPT", &clientList{clientFolder: folder}},
		{"roles.tsv", "what each role may do", "access review: DTAC, DSPT", &rolesCommand{File: c.Roles}},
		{"check.json", "the database keeps its invariants, and its history is that of its log", "integrity of records: DTAC, DSPT", &checkCommand{Data: c.Data, JSON: true, encryption: c.encryption}},
		{"backups.txt", "backups that can be read and are not damaged", "continuity: DSPT", &backupVerify{Files: c.Backup}},
		{"hazards.json", "the hazard log of this version", "clinical safety: DCB0129, DTAC", jsonOf{hazards()}},
		{"version.txt", "the version", "DTAC", versionCommand{}},
		{"modules.json", "the modules that the program was built of; the release has them as CycloneDX", "supply chain: DTAC, DSPT", jsonOf{builtOf()}},
	}
	var list []established
	failed := false
	for _, part := range parts {
		var out bytes.Buffer
		err := part.command.Run(streams{in: std.in, out: &out, err: &out})
		if part.file == "backups.txt" && len(c.Backup) == 0 {
			err = fmt.Errorf("no backup was named: --backup FILE")
		}
		e := established{File: part.file, What: part.what, For: part.reason, Holds: err == nil, SHA256: fmt.Sprintf("%x", sha256.Sum256(out.Bytes()))}
		if err != nil {
			failed, e.Reason = true, err.Error()
		}
		if err := os.WriteFile(filepath.Join(c.To, part.file), out.Bytes(), 0o600); err != nil {
			return err
		}
		list = append(list, e)
		fmt.Fprintf(std.out, "%-7s %-13s %s\n", map[bool]string{true: "holds", false: "FAILED"}[e.Holds], e.File, e.What)
	}
	text, err := json.MarshalIndent(struct {
		At       time.Time     `json:"at"`
		Version  string        `json:"version"`
		Evidence []established `json:"evidence"`
	}{time.Now().UTC(), versionLine(), list}, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(c.To, "evidence.json"), append(text, '\n'), 0o600)
	}
	if err == nil && failed {
		err = errSilent
	}
	return err
}

// jsonOf prints a value.
type jsonOf struct{ value any }

// Run prints it as JSON.
func (j jsonOf) Run(std streams) error { return printJSON(std, j.value) }

// builtModule is a module that the program was built of.
type builtModule struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	Sum     string `json:"sum"`
}

// builtOf are the modules of this program, as the Go tool recorded them in it.
func builtOf() []builtModule {
	list := []builtModule{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			list = append(list, builtModule{d.Path, d.Version, d.Sum})
		}
	}
	return list
}

// hazard is a row of the hazard log.
type hazard struct {
	ID         string   `json:"id"`
	Hazard     string   `json:"hazard"`
	Cause      string   `json:"cause"`
	Severity   int      `json:"severity"`   // 1 to 5
	Likelihood int      `json:"likelihood"` // 1 to 5, with the controls
	Controls   string   `json:"controls"`
	Tests      []string `json:"tests"`
}

// hazards reads the hazard log of docs/safety.md.
func hazards() (list []hazard) {
	page, err := fs.ReadFile(docs.Files, "safety.md")
	if err != nil {
		return nil // it is compiled in
	}
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if len(cells) != 7 || !strings.HasPrefix(line, "| H") {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		h := hazard{ID: cells[0], Hazard: cells[1], Cause: cells[2], Controls: cells[5]}
		h.Severity, _ = strconv.Atoi(cells[3])
		h.Likelihood, _ = strconv.Atoi(cells[4])
		for _, name := range strings.Split(cells[6], ",") {
			h.Tests = append(h.Tests, strings.Trim(strings.TrimSpace(name), "`"))
		}
		list = append(list, h)
	}
	return list
}
