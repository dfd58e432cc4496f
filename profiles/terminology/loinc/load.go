package loinc

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/internal/sorting"
	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/profiles/terminology/release"
)

// The files of a release that are read.
const (
	termsFile   = "Loinc.csv"
	answersFile = "AnswerList.csv"
)

// Load reads a release: a folder or zip as it is published.
func Load(location string) (*Table, error) {
	files, done, err := release.Files(location, func(name string) bool { return name == termsFile || name == answersFile })
	defer done()
	if err != nil {
		return nil, fmt.Errorf("loinc: %w", err)
	}
	t := &Table{answers: map[string]string{}, lists: map[string][]string{}, names: map[string]string{}}
	found := false
	for _, f := range files {
		r, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("loinc: %s: %w", f.Name, err)
		}
		read := t.readAnswers
		if f.Name == termsFile {
			if found { // the release has the table a second time, in a part for laboratories
				_ = r.Close()
				continue
			}
			read, found = t.readTerms, true
		}
		if err := errors.Join(read(r), r.Close()); err != nil {
			return nil, fmt.Errorf("loinc: %s: %w", f.Name, err)
		}
	}
	if !found {
		return nil, fmt.Errorf("loinc: %s has no file %s: expected the folder or zip of a release", location, termsFile)
	}
	return t, nil
}

// rows calls f with the named columns of each row of a file with a header.
func rows(r io.Reader, names []string, f func(fields []string) error) error {
	buffered := bufio.NewReader(r)
	if mark, err := buffered.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = buffered.Discard(3)
	}
	in := csv.NewReader(buffered)
	in.ReuseRecord, in.LazyQuotes, in.FieldsPerRecord = true, true, -1
	head, err := in.Read()
	if err != nil {
		return err
	}
	places := make([]int, len(names))
	for i, name := range names {
		places[i] = slices.IndexFunc(head, func(h string) bool { return strings.EqualFold(h, name) })
	}
	if places[0] < 0 {
		return fmt.Errorf("line 1: expected a column %s, found %s", names[0], strings.Join(head, ", "))
	}
	fields := make([]string, len(names))
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for i, place := range places {
			if fields[i] = ""; place >= 0 && place < len(row) {
				fields[i] = row[place]
			}
		}
		if err := f(fields); err != nil {
			line, _ := in.FieldPos(0)
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
}

func (t *Table) readTerms(r io.Reader) error {
	type row struct {
		code string
		at   int // of its first field
	}
	var list []row
	var at []uint32
	newest := ""
	names := append(append([]string{"LOINC_NUM"}, columns...), "VersionLastChanged")
	err := rows(r, names, func(f []string) error {
		if !term.MatchString(f[0]) {
			return fmt.Errorf("expected a code such as 8867-4, found %q", f[0])
		}
		list = append(list, row{strings.Clone(f[0]), len(at)})
		for _, field := range f[1 : 1+len(columns)] {
			at = append(at, uint32(len(t.text)))
			t.text = append(t.text, field...)
		}
		if definition.CompareVersions(f[len(f)-1], newest) > 0 {
			newest = strings.Clone(f[len(f)-1])
		}
		return nil
	})
	if err != nil {
		return err
	}
	at = append(at, uint32(len(t.text)))
	sorting.By(list, func(a, b row) int { return cmp.Compare(a.code, b.code) })
	text := make([]byte, 0, len(t.text))
	for i, one := range list {
		if i > 0 && list[i-1].code == one.code {
			return fmt.Errorf("the code %s is there twice", one.code)
		}
		t.codes = append(t.codes, one.code)
		for k := range columns {
			t.at = append(t.at, uint32(len(text)))
			text = append(text, t.text[at[one.at+k]:at[one.at+k+1]]...)
		}
	}
	t.at, t.text, t.version = append(t.at, uint32(len(text))), text, newest
	return nil
}

func (t *Table) readAnswers(r io.Reader) error {
	return rows(r, []string{"AnswerListId", "AnswerListName", "AnswerStringId", "DisplayText"}, func(f []string) error {
		if !strings.HasPrefix(f[0], "LL") {
			return fmt.Errorf("expected the id of a list, LL…, found %q", f[0])
		}
		list := strings.Clone(f[0])
		if t.names[list] == "" {
			t.names[list] = strings.Clone(f[1])
		}
		if code := strings.Clone(f[2]); code != "" {
			t.answers[code] = strings.Clone(f[3])
			t.lists[list] = append(t.lists[list], code)
		}
		return nil
	})
}
