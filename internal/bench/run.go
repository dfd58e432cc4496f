package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
)

// suite is the benchmarks of one package that are run together.
type suite struct {
	pkg, bench, time string
	once             bool // takes long: not repeated
}

// runner runs suites, each once.
type runner struct {
	count        int
	long, shared bool
	progress     io.Writer
	ran          map[suite][]figure
}

// figures gives what a suite measured.
func (r *runner) figures(s suite) (*figures, error) {
	if all, ok := r.ran[s]; ok {
		return &figures{all: all}, nil
	}
	count := r.count
	if s.once {
		count = 1
	}
	args := []string{"test", "-run", "^$", "-bench", s.bench, "-benchtime", s.time, "-benchmem", "-count", fmt.Sprint(count), "-timeout", "30m", s.pkg}
	fmt.Fprintln(r.progress, "go", args)
	cmd := exec.Command("go", args...)
	if r.long {
		cmd.Env = append(os.Environ(), "PESTLE_LONG=1")
	}
	text, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("go test %s: %w\n%s", s.pkg, err, text)
	}
	r.ran[s] = parse(string(text))
	return &figures{all: r.ran[s]}, nil
}
