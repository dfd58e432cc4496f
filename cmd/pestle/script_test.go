package main

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	"filippo.io/age"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(roomy{m}, map[string]func(){
		"pestle": func() { os.Exit(run(os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr})) },
	})
}

// roomy runs the tests with few collections: hundreds of applications are opened in one
// process, each with 50 MB at once, over the definitions, which stay. As an operator would,
// it says so in GOGC, which keeps the commands that tests run from bounding the memory of
// them all ([boundMemory]): half of the tests' processor time went into collections.
type roomy struct{ *testing.M }

func (r roomy) Run() int {
	if os.Getenv("GOGC") == "" {
		_ = os.Setenv("GOGC", "400")
		debug.SetGCPercent(400)
	}
	return r.M.Run()
}

// TestScripts runs the command line as testdata/script has it.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", UpdateScripts: *update, Setup: func(e *testscript.Env) error {
		key, err := age.GenerateX25519Identity()
		if err != nil {
			return err
		}
		file := filepath.Join(e.Getenv("TMPDIR"), "identity.txt")
		e.Setenv("RECIPIENT", key.Recipient().String())
		e.Setenv("IDENTITY", file)
		return os.WriteFile(file, []byte(key.String()+"\n"), 0o600)
	}})
}
