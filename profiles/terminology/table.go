package terminology

import (
	"bufio"
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/pestle-fhir/pestle/profiles/definition"
)

//go:generate go run ../../internal/gen/terminology -out r4.txt.zst

// r4table holds the code systems, value sets and concept maps of R4 as lines of
// tab-separated fields; see [Write].
//
//go:embed r4.txt.zst
var r4table []byte

// base reads the R4 table, once and not before the first question.
var base = sync.OnceValue(func() *definition.Set {
	set, err := Read(bytes.NewReader(r4table))
	if err != nil {
		panic("terminology: the R4 table is broken: " + err.Error())
	}
	return set
})

// Write writes value sets, code systems and concept maps in a compact form:
//
//	S url version name content case-sensitive value-set supplements
//	P code uri type              a property that the system declares
//	C depth code display
//	p code type value system     a property of the concept above
//	d language value             a designation of it
//	V url version name inactive  (inactive: true, false or nothing)
//	I system version             an include; X for an exclude
//	c code display    f property op value    v value-set
//	M url version name source target
//	G source target unmapped-mode unmapped-code unmapped-map
//	E code display    T code display equivalence
func Write(out io.Writer, set *definition.Set) error {
	z, err := zstd.NewWriter(out, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	w := &tableWriter{bufio.NewWriter(z)}
	for _, key := range slices.Sorted(maps.Keys(set.CodeSystems)) {
		if d := set.CodeSystems[key]; key == d.URL {
			w.line("S", d.URL, d.Version, d.Name, d.Content, strconv.FormatBool(d.CaseSensitive), d.ValueSet, d.Supplements)
			for _, p := range d.Declared {
				w.line("P", p.Code, p.URI, p.Type)
			}
			w.concepts(d.Concepts, 0)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(set.ValueSets)) {
		if d := set.ValueSets[key]; key == d.URL {
			w.line("V", d.URL, d.Version, d.Name, inactive(d.Inactive))
			w.selections("I", d.Include)
			w.selections("X", d.Exclude)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(set.ConceptMaps)) {
		if d := set.ConceptMaps[key]; key == d.URL {
			w.conceptMap(d)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return z.Close()
}

func inactive(b *bool) string {
	if b == nil {
		return ""
	}
	return strconv.FormatBool(*b)
}

type tableWriter struct{ *bufio.Writer }

var flat = strings.NewReplacer("\t", " ", "\n", " ", "\r", " ")

func (w *tableWriter) line(fields ...string) {
	for i, f := range fields {
		if i > 0 {
			_ = w.WriteByte('\t')
		}
		_, _ = w.WriteString(flat.Replace(f))
	}
	_ = w.WriteByte('\n') // Flush reports what went wrong
}

func (w *tableWriter) concepts(list []definition.Concept, depth int) {
	for _, c := range list {
		w.line("C", strconv.Itoa(depth), c.Code, c.Display)
		for _, p := range c.Properties {
			w.line("p", p.Code, p.Type, p.Value, p.System)
		}
		for _, d := range c.Designations {
			w.line("d", d.Language, d.Value)
		}
		w.concepts(c.Children, depth+1)
	}
}

func (w *tableWriter) selections(mark string, list []definition.Selection) {
	for _, s := range list {
		w.line(mark, s.System, s.Version)
		for _, c := range s.Concepts {
			w.line("c", c.Code, c.Display)
		}
		for _, f := range s.Filters {
			w.line("f", f.Property, f.Op, f.Value)
		}
		for _, v := range s.ValueSets {
			w.line("v", v)
		}
	}
}

func (w *tableWriter) conceptMap(d *definition.ConceptMap) {
	w.line("M", d.URL, d.Version, d.Name, d.Source, d.Target)
	for _, g := range d.Groups {
		w.line("G", g.Source, g.Target, g.UnmappedMode, g.UnmappedCode, g.UnmappedMap)
		for _, e := range g.Elements {
			w.line("E", e.Code, e.Display)
			for _, t := range e.Targets {
				w.line("T", t.Code, t.Display, t.Equivalence)
			}
		}
	}
}

// Read reads what Write wrote.
func Read(in io.Reader) (*definition.Set, error) {
	z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	r := &tableReader{set: definition.NewSet()}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		f := strings.Split(lines.Text(), "\t")
		if !r.line(append(f, make([]string, 8)...)) {
			return nil, fmt.Errorf("line %d: %q", n, lines.Text())
		}
	}
	r.finish()
	return r.set, lines.Err()
}

type tableReader struct {
	set    *definition.Set
	system *definition.CodeSystem
	value  *definition.ValueSet
	cmap   *definition.ConceptMap
	pick   *definition.Selection
	stack  []*[]definition.Concept // the lists that are open, by depth
}

func (r *tableReader) finish() {
	if r.system != nil {
		r.set.AddCodeSystem(r.system)
	}
	if r.value != nil {
		r.set.AddValueSet(r.value)
	}
	if r.cmap != nil {
		r.set.AddConceptMap(r.cmap)
	}
	r.system, r.value, r.cmap = nil, nil, nil
}

func (r *tableReader) line(f []string) bool {
	switch f[0] {
	case "S", "V", "M":
		r.finish()
	}
	switch f[0] {
	case "S":
		r.system = &definition.CodeSystem{URL: f[1], Version: f[2], Name: f[3], Content: f[4], CaseSensitive: f[5] == "true", ValueSet: f[6], Supplements: f[7]}
		r.stack = []*[]definition.Concept{&r.system.Concepts}
	case "P":
		r.system.Declared = append(r.system.Declared, definition.Declaration{Code: f[1], URI: f[2], Type: f[3]})
	case "C":
		depth, err := strconv.Atoi(f[1])
		if err != nil || depth >= len(r.stack) {
			return false
		}
		list := r.stack[depth]
		*list = append(*list, definition.Concept{Code: f[2], Display: f[3]})
		r.stack = append(r.stack[:depth+1], &(*list)[len(*list)-1].Children)
	case "p":
		c := r.concept()
		c.Properties = append(c.Properties, definition.Property{Code: f[1], Type: f[2], Value: f[3], System: f[4]})
	case "d":
		c := r.concept()
		c.Designations = append(c.Designations, definition.Designation{Language: f[1], Value: f[2]})
	case "V":
		r.value = &definition.ValueSet{URL: f[1], Version: f[2], Name: f[3], Status: "active"}
		if f[4] != "" {
			yes := f[4] == "true"
			r.value.Inactive = &yes
		}
	case "I":
		r.value.Include = append(r.value.Include, definition.Selection{System: f[1], Version: f[2]})
		r.pick = &r.value.Include[len(r.value.Include)-1]
	case "X":
		r.value.Exclude = append(r.value.Exclude, definition.Selection{System: f[1], Version: f[2]})
		r.pick = &r.value.Exclude[len(r.value.Exclude)-1]
	case "c":
		r.pick.Concepts = append(r.pick.Concepts, definition.Concept{Code: f[1], Display: f[2]})
	case "f":
		r.pick.Filters = append(r.pick.Filters, definition.Filter{Property: f[1], Op: f[2], Value: f[3]})
	case "v":
		r.pick.ValueSets = append(r.pick.ValueSets, f[1])
	default:
		return r.mapLine(f)
	}
	return true
}

// concept is the one that was read last.
func (r *tableReader) concept() *definition.Concept {
	list := *r.stack[len(r.stack)-2]
	return &list[len(list)-1]
}

func (r *tableReader) mapLine(f []string) bool {
	switch f[0] {
	case "M":
		r.cmap = &definition.ConceptMap{URL: f[1], Version: f[2], Name: f[3], Source: f[4], Target: f[5]}
	case "G":
		r.cmap.Groups = append(r.cmap.Groups, definition.MapGroup{Source: f[1], Target: f[2], UnmappedMode: f[3], UnmappedCode: f[4], UnmappedMap: f[5]})
	case "E":
		g := &r.cmap.Groups[len(r.cmap.Groups)-1]
		g.Elements = append(g.Elements, definition.MapElement{Code: f[1], Display: f[2]})
	case "T":
		g := &r.cmap.Groups[len(r.cmap.Groups)-1]
		e := &g.Elements[len(g.Elements)-1]
		e.Targets = append(e.Targets, definition.MapTarget{Code: f[1], Display: f[2], Equivalence: f[3]})
	default:
		return false
	}
	return true
}
