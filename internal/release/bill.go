package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// modules are those a binary was built of, as the Go tool recorded them in it.
type modules struct {
	goVersion string
	all       []module
}

type module struct{ path, version, sum string }

// built reads what a binary records of itself.
func built(binary string) (modules, error) {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return modules{}, err
	}
	m := modules{goVersion: info.GoVersion}
	for _, d := range info.Deps {
		if d.Replace != nil {
			return modules{}, fmt.Errorf("%s is replaced by %s, which nobody else has", d.Path, d.Replace.Path)
		}
		m.all = append(m.all, module{d.Path, d.Version, d.Sum})
	}
	if len(m.all) == 0 {
		return modules{}, fmt.Errorf("%s does not say which modules it was built of", binary)
	}
	return m, nil
}

// The parts of a CycloneDX 1.6 document that are written here
// (https://cyclonedx.org/docs/1.6/json).
type (
	document struct {
		Format      string      `json:"bomFormat"`
		Spec        string      `json:"specVersion"`
		Version     int         `json:"version"`
		Metadata    metadata    `json:"metadata"`
		Components  []component `json:"components"`
		Dependences []depends   `json:"dependencies"`
	}
	metadata struct {
		Timestamp string    `json:"timestamp"`
		Component component `json:"component"`
	}
	component struct {
		Type       string     `json:"type"`
		Ref        string     `json:"bom-ref"`
		Name       string     `json:"name"`
		Version    string     `json:"version"`
		Hashes     []hash     `json:"hashes,omitempty"`
		PURL       string     `json:"purl,omitempty"`
		Properties []property `json:"properties,omitempty"`
	}
	hash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	property struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	depends struct {
		Ref string   `json:"ref"`
		On  []string `json:"dependsOn"`
	}
)

// bill is the bill of materials of a binary, in CycloneDX. The sum of a module is
// that of go.sum, a hash over its files and not over one file, hence a property.
// cyclonedx-gomod writes such documents too, with the time at which it ran, so that
// no two are the same.
func (r release) bill(binary string, m modules) ([]byte, error) {
	b, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(b)
	const ref = "pestle"
	doc := document{Format: "CycloneDX", Spec: "1.6", Version: 1, Metadata: metadata{
		Timestamp: r.date.UTC().Format(time.RFC3339),
		Component: component{Type: "application", Ref: ref, Name: "pestle", Version: r.version, Hashes: []hash{{"SHA-256", hex.EncodeToString(digest[:])}},
			Properties: []property{{"platform", filepath.Base(filepath.Dir(binary))}}},
	}}
	standard := "pkg:golang/std@" + strings.TrimPrefix(m.goVersion, "go")
	doc.Components = append(doc.Components, component{Type: "library", Ref: standard, Name: "std", Version: m.goVersion, PURL: standard})
	on := []string{standard}
	for _, d := range m.all {
		purl := "pkg:golang/" + d.path + "@" + d.version
		doc.Components = append(doc.Components, component{Type: "library", Ref: purl, Name: d.path, Version: d.version, PURL: purl, Properties: []property{{"go.sum", d.sum}}})
		on = append(on, purl)
	}
	doc.Dependences = []depends{{ref, on}}
	text, err := json.MarshalIndent(doc, "", "  ")
	return append(text, '\n'), err
}

// notices are the licences of all modules, which go with every copy of the binary.
func (m modules) notices() ([]byte, error) {
	var out bytes.Buffer
	for _, d := range m.all {
		dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", d.path).Output()
		if err != nil {
			return nil, fmt.Errorf("go list -m %s: %w", d.path, err)
		}
		licences, err := licences(strings.TrimSpace(string(dir)))
		if err != nil {
			return nil, err
		}
		if len(licences) == 0 {
			return nil, fmt.Errorf("%s %s has no file LICENSE, COPYING or NOTICE: it may not be passed on", d.path, d.version)
		}
		for _, file := range licences {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(&out, "==== %s %s: %s\n\n%s\n\n", d.path, d.version, filepath.Base(file), bytes.TrimSpace(text))
		}
	}
	return out.Bytes(), nil
}

// licences are the files of a module's folder that say on what terms it is passed on.
func licences(dir string) (files []string, err error) {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		upper := strings.ToUpper(e.Name())
		if !e.IsDir() && slices.ContainsFunc([]string{"LICENSE", "LICENCE", "COPYING", "NOTICE"}, func(word string) bool { return strings.HasPrefix(upper, word) }) {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	return files, err
}
