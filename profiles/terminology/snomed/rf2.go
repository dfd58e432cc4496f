package snomed

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"

	"github.com/pestle-fhir/pestle/profiles/terminology/release"
)

// The identifiers that the files are read by.
const (
	isAType        ID = 116680003
	fsnType        ID = 900000000000003001
	synonymType    ID = 900000000000013009
	preferredIn    ID = 900000000000548007
	fullyDefined   ID = 900000000000073002
	statedRelation ID = 900000000000010007
)

// languageRefsets are those that choose the display, the weightiest first: the
// NHS's own for clinical and pharmacy content, then British and American
// English.
var languageRefsets = []struct {
	id       ID
	language string
}{
	{999001261000000100, "en-GB"}, {999000691000001104, "en-GB"}, {900000000000508004, "en-GB"}, {900000000000509007, "en-US"},
}

// languages are those that a description may be in; anything else is "".
var languages = []string{"en", "", "cy", "fr", "de", "es", "nl", "sv", "da", "nb", "pl"}

// table is how the rows of one kind of file are read.
type table struct {
	file    *regexp.Regexp
	columns []string // how its header begins
	row     func(b *Builder, f [][]byte) error
}

// tables are the files of a snapshot that are read; others are passed over.
var tables = []table{
	{regexp.MustCompile(`^x?sct2_Concept_\w*Snapshot`), []string{"id", "effectiveTime", "active", "moduleId", "definitionStatusId"}, (*Builder).conceptLine},
	{regexp.MustCompile(`^x?der2_cRefset_\w*Language\w*Snapshot`), []string{"id", "effectiveTime", "active", "moduleId", "refsetId", "referencedComponentId", "acceptabilityId"}, (*Builder).languageLine},
	{regexp.MustCompile(`^x?sct2_Description_\w*Snapshot`), []string{"id", "effectiveTime", "active", "moduleId", "conceptId", "languageCode", "typeId", "term", "caseSignificanceId"}, (*Builder).descriptionLine},
	{regexp.MustCompile(`^x?sct2_Relationship_\w*Snapshot`), []string{"id", "effectiveTime", "active", "moduleId", "sourceId", "destinationId", "relationshipGroup", "typeId", "characteristicTypeId", "modifierId"}, (*Builder).relationshipLine},
	{regexp.MustCompile(`^x?der2_cRefset_\w*Association\w*Snapshot`), []string{"id", "effectiveTime", "active", "moduleId", "refsetId", "referencedComponentId", "targetComponentId"}, (*Builder).associationLine},
	{regexp.MustCompile(`^x?der2_Refset_\w*Snapshot`), []string{"id", "effectiveTime", "active", "moduleId", "refsetId", "referencedComponentId"}, (*Builder).memberLine},
	{regexp.MustCompile(`^x?der2_ssRefset_\w*ModuleDependency\w*Snapshot`), []string{"id", "effectiveTime", "active", "moduleId", "refsetId", "referencedComponentId", "sourceEffectiveTime", "targetEffectiveTime"}, (*Builder).dependencyLine},
}

func tableOf(name string) *table {
	for i := range tables {
		if tables[i].file.MatchString(name) {
			return &tables[i]
		}
	}
	return nil
}

// Load reads the snapshot files of a release into the builder: a folder or zip
// as it is published, or several releases in one folder. Full and delta files
// are passed over.
func (b *Builder) Load(location string) error {
	files, done, err := release.Files(location, func(name string) bool { return tableOf(name) != nil })
	defer done()
	if err != nil {
		return fmt.Errorf("snomed: %w", err)
	}
	found := map[*table]bool{}
	for _, f := range files {
		t := tableOf(f.Name)
		found[t] = true
		if err := b.load(f, t); err != nil {
			return fmt.Errorf("snomed: %s: %w", f.Name, err)
		}
	}
	for i, what := range map[int]string{0: "sct2_Concept_Snapshot", 2: "sct2_Description_Snapshot", 3: "sct2_Relationship_Snapshot"} {
		if !found[&tables[i]] {
			return fmt.Errorf("snomed: %s has no file %s*.txt: expected the folder or zip of a release in RF2", location, what)
		}
	}
	return nil
}

func (b *Builder) load(f release.File, t *table) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	return errors.Join(b.read(r, t), r.Close())
}

// read reads tab-separated lines with a header.
func (b *Builder) read(r io.Reader, t *table) error {
	in := bufio.NewReaderSize(r, 1<<20)
	fields := make([][]byte, 0, len(t.columns))
	for n := 1; ; n++ {
		line, err := readLine(in)
		if len(line) > 0 {
			fields = split(fields[:0], line, len(t.columns))
			if n == 1 {
				if e := header(fields, t.columns); e != nil {
					return e
				}
			} else if e := t.line(b, fields); e != nil {
				return fmt.Errorf("line %d: %w", n, e)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (t *table) line(b *Builder, f [][]byte) error {
	if len(f) < len(t.columns) {
		return fmt.Errorf("expected %d columns, found %d", len(t.columns), len(f))
	}
	return t.row(b, f)
}

// readLine reads up to a line end, which it takes off; the bytes hold until the
// next call.
func readLine(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, errors.New("a line is longer than a megabyte")
	}
	return bytes.TrimRight(line, "\r\n"), err
}

func split(into [][]byte, line []byte, most int) [][]byte {
	for len(into) < most {
		i := bytes.IndexByte(line, '\t')
		if i < 0 {
			return append(into, line)
		}
		into = append(into, line[:i])
		line = line[i+1:]
	}
	return into
}

func header(fields [][]byte, want []string) error {
	for i, name := range want {
		if i >= len(fields) || !bytes.Equal(bytes.TrimPrefix(fields[i], []byte("\ufeff")), []byte(name)) {
			found := bytes.Join(fields, []byte(" "))
			return fmt.Errorf("line 1: expected the header %q, found %q", want, found)
		}
	}
	return nil
}

// number reads an identifier or date of a row.
func number(f []byte, what string) (uint64, error) {
	n, ok := digits(f)
	if !ok {
		return 0, fmt.Errorf("%s: expected a number of up to 18 digits, found %q", what, f)
	}
	return n, nil
}

// head is what all rows begin with.
type head struct {
	id     uint64
	date   uint32
	active bool
	module ID
}

func readHead(f [][]byte, uuid bool) (h head, err error) {
	if !uuid {
		if h.id, err = number(f[0], "id"); err != nil {
			return h, err
		}
	}
	date, err := number(f[1], "effectiveTime")
	if err != nil {
		return h, err
	}
	module, err := number(f[3], "moduleId")
	if err != nil {
		return h, err
	}
	if len(f[2]) != 1 || f[2][0] != '0' && f[2][0] != '1' {
		return h, fmt.Errorf("active: expected 0 or 1, found %q", f[2])
	}
	h.date, h.module, h.active = uint32(date), ID(module), f[2][0] == '1'
	return h, nil
}

func (b *Builder) conceptLine(f [][]byte) error {
	h, err := readHead(f, false)
	if err != nil {
		return err
	}
	status, err := number(f[4], "definitionStatusId")
	if err != nil {
		return err
	}
	var flags uint8
	if h.active {
		flags |= active
	}
	if ID(status) == fullyDefined {
		flags |= defined
	}
	b.concepts = append(b.concepts, conceptRow{ID(h.id), h.date, flags})
	b.newest = max(b.newest, h.date)
	b.owned[ID(h.id).namespace()] = true
	return nil
}

func (b *Builder) descriptionLine(f [][]byte) error {
	h, err := readHead(f, false)
	if err != nil {
		return err
	}
	concept, err := number(f[4], "conceptId")
	if err != nil {
		return err
	}
	kind, err := number(f[6], "typeId")
	if err != nil {
		return err
	}
	row := nameRow{id: h.id, concept: ID(concept), date: h.date, active: h.active, lang: languageNumber(f[5])}
	switch ID(kind) {
	case fsnType:
		row.kind = fsn
	case synonymType:
		row.kind = synonym
	default:
		return nil // a definition in words
	}
	b.name(row, string(f[7]))
	return nil
}

func languageNumber(code []byte) uint8 {
	if i := slices.Index(languages, string(code)); i >= 0 {
		return uint8(i)
	}
	return 1
}

func (b *Builder) relationshipLine(f [][]byte) error {
	h, err := readHead(f, false)
	if err != nil {
		return err
	}
	var n [5]uint64
	for i, at := range []int{4, 5, 7, 8, 6} {
		if n[i], err = number(f[at], "columns sourceId to characteristicTypeId"); err != nil {
			return err
		}
	}
	switch {
	case ID(n[3]) == statedRelation:
	case ID(n[2]) == isAType:
		b.isA = append(b.isA, isARow{h.id, ID(n[0]), ID(n[1]), h.date, h.active})
	default:
		b.attributes = append(b.attributes, attributeRow{h.id, ID(n[0]), ID(n[2]), ID(n[1]), h.date, uint16(min(n[4], 1<<16-1)), h.active})
	}
	return nil
}

// member is what all rows of reference sets begin with.
type member struct {
	head
	refset    ID
	component uint64 // the concept, description or module that it is about
}

func readMember(f [][]byte) (m member, err error) {
	if m.head, err = readHead(f, true); err != nil {
		return m, err
	}
	refset, err := number(f[4], "refsetId")
	if err != nil {
		return m, err
	}
	m.refset = ID(refset)
	m.component, err = number(f[5], "referencedComponentId")
	return m, err
}

func (b *Builder) languageLine(f [][]byte) error {
	m, err := readMember(f)
	if err != nil {
		return err
	}
	acceptability, err := number(f[6], "acceptabilityId")
	if err != nil || !m.active || ID(acceptability) != preferredIn {
		return err
	}
	for i, r := range languageRefsets {
		if rank := uint8(len(languageRefsets) - i); r.id == m.refset && b.preferred[m.component] < rank {
			b.preferred[m.component] = rank
		}
	}
	return nil
}

func (b *Builder) associationLine(f [][]byte) error {
	m, err := readMember(f)
	if err != nil || !m.active {
		return err
	}
	to, err := number(f[6], "targetComponentId")
	if err != nil {
		return err
	}
	b.Became(m.refset, ID(m.component), ID(to))
	return nil
}

func (b *Builder) memberLine(f [][]byte) error {
	m, err := readMember(f)
	if err != nil || !m.active {
		return err
	}
	b.Member(m.refset, ID(m.component))
	return nil
}

func (b *Builder) dependencyLine(f [][]byte) error {
	m, err := readMember(f)
	if err != nil {
		return err
	}
	date, err := number(f[6], "sourceEffectiveTime")
	if err != nil || !m.active {
		return err
	}
	if b.modules[m.module] == nil {
		b.modules[m.module] = map[ID]bool{}
	}
	b.modules[m.module][ID(m.component)] = true
	b.dates[m.module] = max(b.dates[m.module], uint32(date))
	return nil
}
