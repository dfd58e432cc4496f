package tariff

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/pestle-fhir/pestle/fhir"
)

// maxSheet bounds a file: the whole of Part VIIIA is under half a megabyte.
const maxSheet = 16 << 20

// searchHeader is how many rows may stand above the header.
const searchHeader = 20

// sheet is a CSV file with a header somewhere near its top, read with the place
// of every cell. It gathers what is wrong instead of stopping at the first.
type sheet struct {
	lines   []string
	columns map[string]int // normalised header -> index
	title   string         // the text above the header
	rows    []row
	issues  []fhir.Issue
}

type row struct {
	cells  []string
	places []fhir.Position
}

// readSheet reads a file in UTF-8 or, as spreadsheets save it, Windows-1252.
// want names the columns that make a row the header, as they are written;
// optional columns and an unnamed one are found beside them. Lines that begin
// with # are comments where notes is set.
func readSheet(data []byte, notes bool, want ...string) *sheet {
	s := &sheet{}
	if len(data) > maxSheet {
		s.fail(fhir.Position{}, fhir.TooLong, "The file is too large for a price list.", "at most 16 MB", strconv.Itoa(len(data))+" bytes")
		return s
	}
	text := decode(data)
	s.lines = strings.Split(text, "\n")
	rows := s.records(text, notes)
	head := slices.IndexFunc(rows[:min(len(rows), searchHeader)], func(r row) bool {
		names := normalised(r.cells)
		return !slices.ContainsFunc(want, func(w string) bool { return names[normal(w)] == 0 })
	})
	if head < 0 {
		s.headless(rows, want)
		return s
	}
	s.columns = normalised(rows[head].cells)
	for _, r := range rows[:head] {
		s.title = strings.TrimSpace(s.title + " " + strings.Join(strings.Fields(strings.Join(r.cells, " ")), " "))
	}
	for _, r := range rows[head+1:] {
		if !r.blank() {
			s.rows = append(s.rows, r)
		}
	}
	return s
}

func decode(data []byte) string {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if utf8.Valid(data) {
		return string(data)
	}
	text, err := charmap.Windows1252.NewDecoder().Bytes(data)
	if err != nil {
		return strings.ToValidUTF8(string(data), "\uFFFD")
	}
	return string(text)
}

func (s *sheet) records(text string, notes bool) []row {
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	if notes {
		r.Comment = '#'
	}
	var rows []row
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows
		}
		var wrong *csv.ParseError
		if errors.As(err, &wrong) {
			s.fail(s.place(wrong.Line, wrong.Column), fhir.Invalid, "The file is no CSV from here on: "+wrong.Err.Error()+".", "", "")
			return rows
		}
		places := make([]fhir.Position, len(cells))
		for i := range cells {
			places[i] = s.place(r.FieldPos(i))
			cells[i] = strings.TrimSpace(strings.ReplaceAll(cells[i], "\u00a0", " "))
		}
		rows = append(rows, row{cells, places})
	}
}

// place turns the byte column of the csv package into one that counts characters.
func (s *sheet) place(line, column int) fhir.Position {
	if line >= 1 && line <= len(s.lines) {
		text := s.lines[line-1]
		column = 1 + utf8.RuneCountInString(text[:min(max(column-1, 0), len(text))])
	}
	return fhir.Position{Line: line, Column: column}
}

func (s *sheet) headless(rows []row, want []string) {
	if len(s.issues) > 0 {
		return
	}
	found := "no row"
	if len(rows) > 0 {
		most := slices.MaxFunc(rows[:min(len(rows), searchHeader)], func(a, b row) int { return a.filled() - b.filled() })
		found = strings.Join(most.cells, ", ")
	}
	s.fail(fhir.Position{Line: 1, Column: 1}, fhir.Structure, "No header row was found in the first "+strconv.Itoa(searchHeader)+" rows.",
		"a row with the columns "+strings.Join(want, ", "), found)
}

func (s *sheet) fail(at fhir.Position, code fhir.Code, message, expected, found string) {
	s.issues = append(s.issues, fhir.Issue{Severity: fhir.Err, Code: code, Position: at, Message: message, Expected: expected, Found: found})
}

func (s *sheet) warn(at fhir.Position, message string) {
	s.issues = append(s.issues, fhir.Issue{Severity: fhir.Warning, Code: fhir.ValueCode, Position: at, Message: message})
}

// cell is the value in a column and its place; of a column that the file does
// not have, or a row too short, "".
func (s *sheet) cell(r row, column string) (string, fhir.Position) {
	i := s.columns[normal(column)] - 1
	if i < 0 || i >= len(r.cells) {
		return "", r.places[len(r.places)-1]
	}
	return r.cells[i], r.places[i]
}

func (r row) filled() int {
	n := 0
	for _, c := range r.cells {
		if c != "" {
			n++
		}
	}
	return n
}

func (r row) blank() bool { return r.filled() == 0 }

// normalised maps header names to their index plus one. The column behind the
// pack size has no name in the NHSBSA's files and holds the unit.
func normalised(cells []string) map[string]int {
	names := map[string]int{}
	for i, c := range cells {
		name := normal(c)
		if name == "" && i > 0 && normal(cells[i-1]) == normal("Pack size") {
			name = normal("Unit")
		}
		if name != "" && names[name] == 0 {
			names[name] = i + 1
		}
	}
	return names
}

func normal(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return -1
	}, name)
}
