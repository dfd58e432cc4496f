package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/tools/txtar"
)

// Script is a list of requests with the responses they must get.
type Script struct {
	Name  string // the file's name without its ending
	Doc   string // what it shows
	Steps []Step
	path  string
}

// Step is one request and its response.
type Step struct {
	Name    string
	Times   int    // how often it is sent at once, 1 for an ordinary step
	Request string // METHOD path, headers, an empty line, the body
	Want    string
}

// Load reads a script.
func Load(path string) (*Script, error) {
	archive, err := txtar.ParseFile(path)
	if err != nil {
		return nil, err
	}
	s := &Script{Name: strings.TrimSuffix(filepath.Base(path), ".txtar"), Doc: string(archive.Comment), path: path}
	for _, f := range archive.Files {
		name, kind, ok := strings.Cut(f.Name, ".")
		kind, times, many := strings.Cut(kind, "*")
		switch {
		case ok && kind == "req":
			step := Step{Name: name, Times: 1, Request: string(f.Data)}
			if many {
				if step.Times, err = strconv.Atoi(times); err != nil || step.Times < 1 {
					return nil, fmt.Errorf("%s: %s: how often?", path, f.Name)
				}
			}
			s.Steps = append(s.Steps, step)
		case ok && kind == "res" && len(s.Steps) > 0 && s.Steps[len(s.Steps)-1].Name == name:
			s.Steps[len(s.Steps)-1].Want = string(f.Data)
		default:
			return nil, fmt.Errorf("%s: %s is neither a request nor the response to the one before it", path, f.Name)
		}
	}
	return s, nil
}

// All reads the scripts of a folder that any FHIR server can be held to: not
// those called business-…, which need the operations of a test.
func All(folder string) (scripts []*Script, err error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.txtar"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		s, err := Load(file)
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(s.Name, "business-") {
			scripts = append(scripts, s)
		}
	}
	return scripts, nil
}

// Save writes the script back, with responses as they are in it.
func (s *Script) Save() error {
	archive := &txtar.Archive{Comment: []byte(s.Doc)}
	for _, step := range s.Steps {
		name := step.Name + ".req"
		if step.Times > 1 {
			name += "*" + strconv.Itoa(step.Times)
		}
		archive.Files = append(archive.Files,
			txtar.File{Name: name, Data: []byte(step.Request)},
			txtar.File{Name: step.Name + ".res", Data: []byte(step.Want)})
	}
	return os.WriteFile(s.path, txtar.Format(archive), 0o644)
}
