package tariff

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"iter"
	"math/big"
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

// searchHeader is how many rows may stand above the header.
const searchHeader = 20

// sheet is a CSV file with a header somewhere near its top, read row by row with
// the place of every cell. It gathers what is wrong instead of stopping at the
// first.
type sheet struct {
	lines   []string
	columns map[string]int // normalised header -> index
	title   string         // the text above the header
	issues  []fhir.Issue

	amounts map[string]*big.Rat // that were read, as written

	reader *csv.Reader
	first  []row // those that were read in search of the header
}

// row is a row of a sheet. It is good until the next one is read.
type row struct {
	cells []string
	at    [][2]int // line, and column in bytes
}

func (r row) line() int { return r.at[0][0] }

// separators are what may stand between cells, as spreadsheets save them.
const separators = ",;\t"

// readSheet opens a file in UTF-8, UTF-16 or, as spreadsheets save it,
// Windows-1252. want names the columns that make a row the header, as they are
// written; optional columns and an unnamed one are found beside them. Lines that
// begin with # are comments where notes is set. The rows are read by
// [sheet.rows].
func readSheet(data []byte, notes bool, want ...string) *sheet {
	s := &sheet{}
	if len(data) > maxSheet {
		s.fail(fhir.Position{}, fhir.TooLong, "The file is too large for a price list.", "at most 64 MB", strconv.Itoa(len(data))+" bytes")
		return s
	}
	text := s.decode(data)
	if fhir.HasErrors(s.issues) {
		return s
	}
	s.lines = strings.Split(text, "\n")
	for _, separator := range separators {
		found := &sheet{lines: s.lines}
		if found.open(text, separator, notes, want); found.columns != nil {
			return found
		}
		if s.issues == nil {
			s.issues = found.issues
		}
	}
	return s
}

// open reads as far as the header. Without one it says so.
func (s *sheet) open(text string, separator rune, notes bool, want []string) {
	s.reader = csv.NewReader(strings.NewReader(text))
	s.reader.FieldsPerRecord, s.reader.ReuseRecord, s.reader.Comma = -1, true, separator
	if notes {
		s.reader.Comment = '#'
	}
	var rows []row
	for len(rows) < searchHeader {
		r, ok := s.next()
		if !ok {
			break
		}
		rows = append(rows, row{slices.Clone(r.cells), slices.Clone(r.at)})
	}
	head := slices.IndexFunc(rows, func(r row) bool {
		names := normalised(r.cells)
		return !slices.ContainsFunc(want, func(w string) bool { return names[normal(w)] == 0 })
	})
	if head < 0 {
		s.headless(rows, want)
		return
	}
	s.columns, s.first = normalised(rows[head].cells), rows[head+1:]
	for _, r := range rows[:head] {
		s.title = strings.TrimSpace(s.title + " " + strings.Join(strings.Fields(strings.Join(r.cells, " ")), " "))
	}
}

// rows are the rows below the header that have anything in them, once.
func (s *sheet) rows() iter.Seq[row] {
	return func(yield func(row) bool) {
		if s.columns == nil {
			return
		}
		for _, r := range s.first {
			if !r.blank() && !yield(r) {
				return
			}
		}
		var cells row
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

// decode makes text of a file, by the mark at its head, or by what it holds.
func (s *sheet) decode(data []byte) string {
	text := ""
	switch wide := wideness(data); {
	case wide != nil:
		if len(data)%2 != 0 {
			s.fail(fhir.Position{}, fhir.Structure, "The file is UTF-16 and was cut short.", "an even number of bytes", strconv.Itoa(len(data))+" bytes")
			return ""
		}
		decoded, err := wide.NewDecoder().Bytes(data)
		if err != nil {
			s.fail(fhir.Position{}, fhir.Structure, "The file is not valid UTF-16: "+err.Error()+".", "", "")
			return ""
		}
		text = string(decoded)
	case utf8.Valid(data):
		text = string(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	default:
		decoded, err := charmap.Windows1252.NewDecoder().Bytes(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
		if err != nil {
			return strings.ToValidUTF8(string(data), "\uFFFD")
		}
		text = string(decoded)
	}
	if i := strings.IndexByte(text, 0); i >= 0 {
		s.fail(fhir.Position{Line: 1 + strings.Count(text[:i], "\n"), Column: 1}, fhir.Structure, "The file holds bytes of 0 here, so it is not text.", "a CSV file", "")
		return ""
	}
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, "\r", "\n")
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

func (s *sheet) next() (row, bool) { return s.nextInto(&row{}) }

// nextInto reads a record, with its places in the memory of one before.
func (s *sheet) nextInto(into *row) (row, bool) {
	cells, err := s.reader.Read()
	if errors.Is(err, io.EOF) {
		return row{}, false
	}
	var wrong *csv.ParseError
	if errors.As(err, &wrong) {
		s.fail(s.place(wrong.Line, wrong.Column), fhir.Invalid, "The file cannot be read as CSV from here on: "+wrong.Err.Error()+".", "", "")
		return row{}, false
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
func (s *sheet) place(line, column int) fhir.Position {
	if line >= 1 && line <= len(s.lines) {
		text := s.lines[line-1]
		column = 1 + utf8.RuneCountInString(text[:min(max(column-1, 0), len(text))])
	}
	return fhir.Position{Line: line, Column: column}
}

// start is where a row begins.
func (s *sheet) start(r row) fhir.Position { return s.place(r.at[0][0], r.at[0][1]) }

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
		i = len(r.at) - 1
		return "", s.place(r.at[i][0], r.at[i][1])
	}
	return r.cells[i], s.place(r.at[i][0], r.at[i][1])
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
