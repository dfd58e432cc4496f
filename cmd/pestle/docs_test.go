package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/oracle"
)

var update = flag.Bool("update", false, "write the expected output anew")

// block is a fenced block of a document: its language, what stands behind it
// on the fence, and its text.
var block = regexp.MustCompile("(?ms)^```(\\w+) ([^\n]+)\n(.*?)^```$")

// TestDocuments runs the snippets of the documents: a block with a file name is
// written to a folder, a block with a command must be what the command prints.
func TestDocuments(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(oracle.Root(t), "docs", "*.md"))
	require.NoError(t, err)
	ran := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		dir := t.TempDir()
		t.Chdir(dir)
		fresh := block.ReplaceAllStringFunc(string(text), func(whole string) string {
			m := block.FindStringSubmatch(whole)
			command, isCommand := strings.CutPrefix(m[2], "pestle ")
			if !isCommand {
				require.NoError(t, os.WriteFile(m[2], []byte(m[3]), 0o600))
				return whole
			}
			ran++
			var out bytes.Buffer
			run(strings.Fields(command), streams{in: strings.NewReader(""), out: &out, err: &out})
			if !*update {
				assert.Equal(t, m[3], out.String(), "%s: pestle %s", filepath.Base(file), command)
			}
			return "```" + m[1] + " " + m[2] + "\n" + out.String() + "```"
		})
		if *update && fresh != string(text) {
			require.NoError(t, os.WriteFile(file, []byte(fresh), 0o644))
		}
	}
	assert.Positive(t, ran)
}

var link = regexp.MustCompile(`\]\(([^)#:]+)\)`)

// TestLinks wants every file and folder that a document points to.
func TestLinks(t *testing.T) {
	root := oracle.Root(t)
	files, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	for _, file := range append(files, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			_, err := os.Stat(filepath.Join(filepath.Dir(file), m[1]))
			assert.NoError(t, err, filepath.Base(file))
		}
	}
}

// TestReadmeCommands wants the README's commands to be there: make run and make
// test, and every command of the binary that it lists.
func TestReadmeCommands(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(oracle.Root(t), "README.md"))
	require.NoError(t, err)
	makefile, err := os.ReadFile(filepath.Join(oracle.Root(t), "Makefile"))
	require.NoError(t, err)
	for _, target := range []string{"run", "test"} {
		assert.Contains(t, string(readme), "\n    make "+target+"\n")
		assert.Contains(t, string(makefile), "\n"+target+":")
	}
	for _, line := range strings.Split(string(readme), "\n") {
		command, ok := strings.CutPrefix(line, "    pestle ")
		if !ok {
			continue
		}
		words := strings.Fields(command)[:1]
		if second := strings.Fields(command)[1]; second == "load" || second == "claims" {
			words = append(words, second)
		}
		var out bytes.Buffer
		code := run(append(words, "--help"), streams{in: strings.NewReader(""), out: &out, err: &out})
		assert.Zero(t, code, out.String())
	}
}

// TestServeAsks wants serve without a sandbox to say what it needs, and a
// sandbox to stay on this machine.
func TestServeAsks(t *testing.T) {
	for args, want := range map[string]string{
		"serve":                                  "PESTLE_KEYS",
		"serve --sandbox --addr 0.0.0.0:8080":    "listens on loopback only",
		"serve --sandbox --addr 192.168.1.1:80":  "listens on loopback only",
		"validate /no/such/file":                 "no such file",
		"export claims":                          "--month",
		"export claims --month 2026-13 --data x": "2026-13",
		"nonsense":                               "unexpected argument nonsense",
	} {
		var out bytes.Buffer
		code := run(strings.Fields(args), streams{in: strings.NewReader(""), out: &out, err: &out})
		assert.NotZero(t, code, args)
		assert.Contains(t, out.String(), want, args)
	}
}
