package process

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// folder is where this process of tests keeps the program; "" until it is asked for.
var folder string

// Binary builds the program once for a process of tests, and returns its path.
// PESTLE_PROGRAM names one that was built before. go run links without what a
// debugger needs and keeps what it linked in Go's build cache, so that of all
// processes of tests one links the program, and the others copy it.
var Binary = sync.OnceValues(func() (path string, err error) {
	if path := os.Getenv("PESTLE_PROGRAM"); path != "" {
		return path, nil
	}
	if folder, err = os.MkdirTemp("", "pestle-process"); err != nil {
		return "", err
	}
	path = filepath.Join(folder, "pestle")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	out, err := exec.Command("go", "run", "-tags", "nomsgpack", "-exec", "cp", "github.com/pestle-fhir/pestle/cmd/pestle", path).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// Main runs the tests of a package and removes the program, where they built it.
func Main(m *testing.M) {
	code := m.Run()
	if folder != "" {
		_ = os.RemoveAll(folder)
	}
	os.Exit(code)
}
