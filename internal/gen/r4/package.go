package main

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// pkg is what the generator reads of a FHIR package, by canonical URL where
// there is one.
type pkg struct {
	structures   map[string]*structure
	valueSets    map[string]*valueSet
	codeSystems  map[string]*codeSystem
	searches     []*search
	compartments []*compartment
}

type structure struct {
	URL, Name, Type, Kind, Derivation, BaseDefinition string
	Abstract                                          bool
	Context                                           []struct{ Type, Expression string }
	ContextInvariant                                  []string
	Snapshot                                          struct{ Element []*element }
}

type element struct {
	ID, Path, SliceName, Max, ContentReference string
	Min                                        int
	IsSummary, IsModifier                      bool
	Representation                             []string
	Type                                       []elementType
	Binding                                    *struct {
		Strength, ValueSet string
		Extension          []extension
	}
	Constraint []struct{ Key, Severity, Expression string }
	FixedURI   string `json:"fixedUri"`
}

type elementType struct {
	Code                   string
	Profile, TargetProfile []string
	Extension              []extension
}

type extension struct {
	URL            string
	ValueURL       string `json:"valueUrl"`
	ValueCanonical string
}

type valueSet struct {
	URL     string
	Compose struct{ Include, Exclude []include }
}

type include struct {
	System   string
	Concept  []struct{ Code string }
	Filter   []struct{ Property, Op, Value string }
	ValueSet []string
}

type codeSystem struct {
	URL, Content string
	Concept      []*concept
}

type concept struct {
	Code     string
	Concept  []*concept
	Property []struct{ Code, ValueCode string }
}

type search struct {
	URL, Name, Code, Type, Expression string
	Base, Target                      []string
	Component                         []struct{ Definition, Expression string }
}

type compartment struct {
	Code     string
	Resource []struct {
		Code  string
		Param []string
	}
}

func read(source string) (*pkg, error) {
	p := &pkg{structures: map[string]*structure{}, valueSets: map[string]*valueSet{}, codeSystems: map[string]*codeSystem{}}
	info, err := os.Stat(source)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		err = filepath.WalkDir(source, func(file string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			return p.addFrom(filepath.Base(file), func() (io.ReadCloser, error) { return os.Open(file) })
		})
	} else {
		err = p.readArchive(source)
	}
	if err != nil {
		return nil, err
	}
	slices.SortFunc(p.searches, func(a, b *search) int { return strings.Compare(a.URL, b.URL) })
	slices.SortFunc(p.compartments, func(a, b *compartment) int { return strings.Compare(a.Code, b.Code) })
	return p, nil
}

func (p *pkg) readArchive(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // read only, what was read is checked
	z, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		err = p.addFrom(path.Base(h.Name), func() (io.ReadCloser, error) { return io.NopCloser(t), nil })
		if err != nil {
			return err
		}
	}
}

// addFrom takes a definition whose file is named TYPE-id.json and skips
// everything else.
func (p *pkg) addFrom(name string, open func() (io.ReadCloser, error)) error {
	kind, _, _ := strings.Cut(name, "-")
	if !strings.HasSuffix(name, ".json") {
		return nil
	}
	switch kind {
	case "StructureDefinition", "ValueSet", "CodeSystem", "SearchParameter", "CompartmentDefinition":
	default:
		return nil
	}
	if strings.HasPrefix(name, "SearchParameter-example") || name == "CompartmentDefinition-example.json" {
		return nil // they only illustrate the resource
	}
	f, err := open()
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // read only, what was read is checked
	data, err := io.ReadAll(f)
	if err == nil {
		err = p.add(kind, data)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (p *pkg) add(kind string, data []byte) error {
	switch kind {
	case "StructureDefinition":
		d, err := decode[structure](data)
		p.structures[d.URL] = d
		return err
	case "ValueSet":
		d, err := decode[valueSet](data)
		p.valueSets[d.URL] = d
		return err
	case "CodeSystem":
		d, err := decode[codeSystem](data)
		p.codeSystems[d.URL] = d
		return err
	case "SearchParameter":
		d, err := decode[search](data)
		p.searches = append(p.searches, d)
		return err
	default:
		d, err := decode[compartment](data)
		p.compartments = append(p.compartments, d)
		return err
	}
}

func decode[T any](data []byte) (*T, error) {
	d := new(T)
	return d, json.Unmarshal(data, d)
}
