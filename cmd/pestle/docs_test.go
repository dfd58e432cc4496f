package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
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
// test, and every command of the binary, each as it lists them.
func TestReadmeCommands(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(oracle.Root(t), "README.md"))
	require.NoError(t, err)
	makefile, err := os.ReadFile(filepath.Join(oracle.Root(t), "Makefile"))
	require.NoError(t, err)
	for _, target := range []string{"run", "test"} {
		assert.Contains(t, string(readme), "\n    make "+target+"\n")
		assert.Contains(t, string(makefile), "\n"+target+":")
	}
	missing := map[string]bool{}
	for _, command := range leaves(newProgram(&commands{}, nil).Root) {
		missing[strings.TrimPrefix(command.CommandPath(), "pestle ")] = true
	}
	for _, line := range strings.Split(string(readme), "\n") {
		command, ok := strings.CutPrefix(line, "    pestle ")
		if !ok {
			continue
		}
		words := strings.Fields(command)
		alone, both := words[0], words[0]+" "+words[1]
		assert.True(t, missing[alone] || missing[both], "the README lists pestle %s, which is none or listed already", both)
		delete(missing, alone)
		delete(missing, both)
	}
	assert.Empty(t, missing, "the README does not list these")
}

// leaves are the commands that do something.
func leaves(of *cobra.Command) (all []*cobra.Command) {
	for _, c := range of.Commands() {
		all = append(all, leaves(c)...)
	}
	if all == nil {
		all = append(all, of)
	}
	return all
}

// TestServeEnvironment wants every flag of serve to be an environment variable,
// of the flag's name or of its plural.
func TestServeEnvironment(t *testing.T) {
	serve, _, err := newProgram(&commands{}, nil).Root.Find([]string{"serve"})
	require.NoError(t, err)
	flags := 0
	serve.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" || f.Name == "version" {
			return
		}
		flags++
		want := "PESTLE_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value, ok := f.Value.(interface{ Environment() string })
		require.True(t, ok, f.Name)
		assert.Contains(t, []string{want, want + "S"}, value.Environment(), f.Name)
	})
	assert.Greater(t, flags, 15)
}

// TestOpenElsewhere wants every command that needs the database alone to say so
// while a server has it open.
func TestOpenElsewhere(t *testing.T) {
	data := t.TempDir()
	s := start(t, data)
	defer s.stop()
	file := filepath.Join(t.TempDir(), "patient.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"resourceType":"Patient"}`), 0o600))
	for _, command := range []string{"load " + file, "tariff load " + file, "export claims --month 2026-11", "check", "serve --sandbox --addr 127.0.0.1:0"} {
		var out bytes.Buffer
		code := run(append(strings.Fields(command), "--data", data), streams{in: strings.NewReader(""), out: &out, err: &out})
		assert.Equal(t, 1, code, command)
		assert.Contains(t, out.String(), "another process has the database in "+data+" open: stop it", command)
	}
}

// TestServeAsks wants serve without a sandbox to say what it needs, and a
// sandbox to stay on this machine.
func TestServeAsks(t *testing.T) {
	for args, want := range map[string]string{
		"serve":                               "PESTLE_KEYS",
		"serve --sandbox --addr 0.0.0.0:8080": "listens on loopback only",
		"serve --law-from-receipt --data d --keys k":   "for --sandbox only",
		"serve --sandbox --addr 192.168.1.1:80":        "listens on loopback only",
		"validate /no/such/file":                       "no such file",
		"serve --sandbox --tls-cert x":                 "--tls-cert and --tls-key go together",
		"serve --sandbox --client-ca x":                "--client-ca needs --tls-cert",
		"serve --sandbox --behind-proxy proxy.example": `"proxy.example" is not an IP address or network`,
		"serve --sandbox --behind-proxy 0.0.0.0/0":     "is every address",
		"serve --data d --keys k --issuer i --audience a --public-url https://x.example --addr 0.0.0.0:8080":                "in clear text: set --tls-cert",
		"serve --data d --keys k --issuer i --audience a --public-url https://x.example --addr :8080":                       "in clear text: set --tls-cert",
		"serve --data d --keys k --issuer i --audience a --public-url https://x.example --addr x.example:8080":              "in clear text: set --tls-cert",
		"serve --data d --keys k --issuer i --audience a --public-url https://x.example --tls-cert no.pem --tls-key no.pem": "certificate no.pem with key no.pem",
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
