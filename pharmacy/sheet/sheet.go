// Package sheet reads CSV files as people and spreadsheets save them: in whatever encoding
// and with whatever separator, with a header somewhere near the top. It gathers what is
// wrong with them by line and column.
package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/pestle-fhir/pestle/fhir"
)

// maxSheet bounds a file: the whole of Part VIIIA is under half a megabyte, a
// list of 300,000 packs 40 MB.
const maxSheet = 64 << 20

// searchHeader is how many rows there may be above the header.
const searchHeader = 20

// Sheet is a CSV file with a header somewhere near its top, read row by row with
// the place of every cell. It gathers what is wrong instead of stopping at the
// first.
type Sheet struct {
	text    []byte
	starts  []uint32       // where the lines of the text begin
	columns map[string]int // normalised header -> index
	Title   string         // the text above the header
	Issues  []fhir.Issue

	reader *csv.Reader
	first  []Row // those that were read in search of the header
}

// Row is a row of a sheet. It is good until the next one is read.
type Row struct {
	cells []string
	at    [][2]int // line, and column in bytes
}

// Line is the line on which the row begins.
func (r Row) Line() int { return r.at[0][0] }

// separators are what may separate cells, as spreadsheets save them.
const separators = ",;\t"

// Read opens a file in UTF-8, UTF-16 or, as spreadsheets save it,
// Windows-1252. want names the columns that make a row the header, as they are
// written; optional columns and an unnamed one are found beside them. Lines that
// begin with # are comments where notes is set. The rows are read by
// [Sheet.Rows].
func Read(data []byte, notes bool, want ...string) *Sheet {
	s := &Sheet{}
	if len(data) > maxSheet {
		s.Fail(fhir.Position{}, fhir.TooLong, "The file is too large.", "at most 64 MB", strconv.Itoa(len(data))+" bytes")
		return s
	}
	text := s.decode(data)
	if fhir.HasErrors(s.Issues) {
		return s
	}
	starts := lineStarts(text)
	for _, separator := range separators {
		found := &Sheet{text: text, starts: starts}
		if found.open(separator, notes, want); found.columns != nil {
			return found
		}
		if s.Issues == nil {
			s.Issues = found.Issues
		}
	}
	return s
}

// open reads as far as the header. Without one it says so.
func (s *Sheet) open(separator rune, notes bool, want []string) {
	s.reader = csv.NewReader(bytes.NewReader(s.text))
	s.reader.FieldsPerRecord, s.reader.ReuseRecord, s.reader.Comma = -1, true, separator
	if notes {
		s.reader.Comment = '#'
	}
	var rows []Row
	for len(rows) < searchHeader {
		r, ok := s.next()
		if !ok {
			break
		}
		rows = append(rows, Row{slices.Clone(r.cells), slices.Clone(r.at)})
	}
	head := slices.IndexFunc(rows, func(r Row) bool {
		names := normalised(r.cells)
		return !slices.ContainsFunc(want, func(w string) bool { return names[Normal(w)] == 0 })
	})
	if head < 0 {
		s.headless(rows, want)
		return
	}
	s.columns, s.first = normalised(rows[head].cells), rows[head+1:]
	for _, r := range rows[:head] {
		s.Title = strings.TrimSpace(s.Title + " " + strings.Join(strings.Fields(strings.Join(r.cells, " ")), " "))
	}
}

// Rows are the rows below the header that have anything in them, once.
func (s *Sheet) Rows() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		if s.columns == nil {
			return
		}
		for _, r := range s.first {
			if !r.blank() && !yield(r) {
				return
			}
		}
		var cells Row
		for {
			r, ok := s.nextInto(&cells)
			if !ok {
				return
			}
			if !r.blank() && !yield(r) {
				return
			}
		}
	}
}

// lineStarts is where the lines of a text begin.
func lineStarts(text []byte) []uint32 {
	starts := make([]uint32, 1, 1+bytes.Count(text, []byte("\n")))
	for i, c := range text {
		if c == '\n' {
			starts = append(starts, uint32(i+1))
		}
	}
	return starts
}

// Lines is how many lines the file has.
func (s *Sheet) Lines() int { return len(s.starts) }

// decode makes text of a file, by the mark at its head, or by what it holds. A file in
// UTF-8 is its own text: it is not copied.
func (s *Sheet) decode(data []byte) []byte {
	mark := []byte("\xef\xbb\xbf")
	text := data
	switch wide := wideness(data); {
	case wide != nil:
		if len(data)%2 != 0 {
			s.Fail(fhir.Position{}, fhir.Structure, "The file is UTF-16 and was cut short.", "an even number of bytes", strconv.Itoa(len(data))+" bytes")
			return nil
		}
		decoded, err := wide.NewDecoder().Bytes(data)
		if err != nil {
			s.Fail(fhir.Position{}, fhir.Structure, "The file is not valid UTF-16: "+err.Error()+".", "", "")
			return nil
		}
		text = decoded
	case utf8.Valid(data):
		text = bytes.TrimPrefix(data, mark)
	default:
		decoded, err := charmap.Windows1252.NewDecoder().Bytes(bytes.TrimPrefix(data, mark))
		if err != nil {
			return bytes.ToValidUTF8(data, []byte("\uFFFD"))
		}
		text = decoded
	}
	if i := bytes.IndexByte(text, 0); i >= 0 {
		s.Fail(fhir.Position{Line: 1 + bytes.Count(text[:i], []byte("\n")), Column: 1}, fhir.Structure, "The file holds bytes of 0 here, so it is not text.", "a CSV file", "")
		return nil
	}
	if !bytes.Contains(text, []byte("\n")) {
		text = bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
	}
	return text
}

// wideness is the encoding of a file in UTF-16: by its mark or, without one, by
// the zero bytes beside its first letters; nil where it is another.
func wideness(data []byte) encoding.Encoding {
	order, mark := unicode.LittleEndian, unicode.ExpectBOM
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		order = unicode.BigEndian
	default:
		head := data[:min(len(data), 64)]
		even, odd := 0, 0
		for i, b := range head {
			if b == 0 && i%2 == 0 {
				even++
			} else if b == 0 {
				odd++
			}
		}
		mark = unicode.IgnoreBOM
		switch {
		case len(head) < 4 || even == odd || max(even, odd) < len(head)/4:
			return nil
		case even > odd:
			order = unicode.BigEndian
		}
	}
	return unicode.UTF16(order, mark)
}

func (s *Sheet) next() (Row, bool) { return s.nextInto(&Row{}) }

// nextInto reads a record, with its places in the memory of one before.
func (s *Sheet) nextInto(into *Row) (Row, bool) {
	cells, err := s.reader.Read()
	if errors.Is(err, io.EOF) {
		return Row{}, false
	}
	var wrong *csv.ParseError
	if errors.As(err, &wrong) {
		s.Fail(s.place(wrong.Line, wrong.Column), fhir.Invalid, "The file cannot be read as CSV from here on: "+wrong.Err.Error()+".", "", "")
		return Row{}, false
	}
	into.cells, into.at = cells, into.at[:0]
	for i, c := range cells {
		line, column := s.reader.FieldPos(i)
		into.at = append(into.at, [2]int{line, column})
		if strings.Contains(c, "\u00a0") {
			c = strings.ReplaceAll(c, "\u00a0", " ")
		}
		cells[i] = strings.TrimSpace(c)
	}
	return *into, true
}

// place turns the byte column of the csv package into one that counts characters.
func (s *Sheet) place(line, column int) fhir.Position {
	if line >= 1 && line <= len(s.starts) {
		text := s.text[s.starts[line-1]:]
		if line < len(s.starts) {
			text = text[:s.starts[line]-s.starts[line-1]-1]
		}
		column = 1 + utf8.RuneCount(text[:min(max(column-1, 0), len(text))])
	}
	return fhir.Position{Line: line, Column: column}
}

// Start is where a row begins.
func (s *Sheet) Start(r Row) fhir.Position { return s.place(r.at[0][0], r.at[0][1]) }

func (s *Sheet) headless(rows []Row, want []string) {
	if len(s.Issues) > 0 {
		return
	}
	found := "no row"
	if len(rows) > 0 {
		most := slices.MaxFunc(rows[:min(len(rows), searchHeader)], func(a, b Row) int { return a.Filled() - b.Filled() })
		found = strings.Join(most.cells, ", ")
	}
	s.Fail(fhir.Position{Line: 1, Column: 1}, fhir.Structure, "No header row was found in the first "+strconv.Itoa(searchHeader)+" rows.",
		"a row with the columns "+strings.Join(want, ", "), found)
}

// Fail notes what is wrong at a place.
func (s *Sheet) Fail(at fhir.Position, code fhir.Code, message, expected, found string) {
	s.Issues = append(s.Issues, fhir.Issue{Severity: fhir.Err, Code: code, Position: at, Message: message, Expected: expected, Found: found})
}

// Warn notes what is worth knowing of a place.
func (s *Sheet) Warn(at fhir.Position, message string) {
	s.Issues = append(s.Issues, fhir.Issue{Severity: fhir.Warning, Code: fhir.ValueCode, Position: at, Message: message})
}

// Cell is the value in a column and its place; of a column that the file does
// not have, or a row too short, "".
func (s *Sheet) Cell(r Row, column string) (string, fhir.Position) {
	i := s.columns[Normal(column)] - 1
	if i < 0 || i >= len(r.cells) {
		i = len(r.at) - 1
		return "", s.place(r.at[i][0], r.at[i][1])
	}
	return r.cells[i], s.place(r.at[i][0], r.at[i][1])
}

// Filled is how many cells have anything in them.
func (r Row) Filled() int {
	n := 0
	for _, c := range r.cells {
		if c != "" {
			n++
		}
	}
	return n
}

func (r Row) blank() bool { return r.Filled() == 0 }

// normalised maps header names to their index plus one. The column after the
// pack size has no name in the NHSBSA's files and holds the unit.
func normalised(cells []string) map[string]int {
	names := map[string]int{}
	for i, c := range cells {
		name := Normal(c)
		if name == "" && i > 0 && Normal(cells[i-1]) == Normal("Pack size") {
			name = Normal("Unit")
		}
		if name != "" && names[name] == 0 {
			names[name] = i + 1
		}
	}
	return names
}

// Normal is the name of a column as it is compared: its letters and digits, in small letters.
func Normal(name string) string {
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

// HasHeader reports whether the header was found.
func (s *Sheet) HasHeader() bool { return s.columns != nil }

// Has reports whether the sheet has a column.
func (s *Sheet) Has(column string) bool { return s.columns[Normal(column)] > 0 }

// Columns are the names of the columns, as [Normal] has them.
func (s *Sheet) Columns() []string { return slices.Sorted(maps.Keys(s.columns)) }
