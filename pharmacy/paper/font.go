package paper

import (
	_ "embed"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

//go:embed widths.tsv
var widthsTSV string

// font is one of the fonts that every reader of PDF has.
type font struct {
	name   string // in the resources of a page
	base   string
	widths [256]float64
}

var (
	regular = newFont("F1", "Helvetica")
	bold    = newFont("F2", "Helvetica-Bold")
)

func newFont(name, base string) *font {
	f := &font{name: name, base: base}
	for line := range strings.Lines(widthsTSV) {
		font, list, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if font != base {
			continue
		}
		for i, text := range strings.Fields(list) {
			n, err := strconv.Atoi(text)
			if err != nil || i+32 > 255 {
				panic("widths.tsv: " + base) // it is a part of the program
			}
			f.widths[i+32] = float64(n) / 1000
		}
	}
	return f
}

// encode writes text in the characters that the fonts have, with a ? for any other.
func encode(text string) []byte {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		b, ok := charmap.Windows1252.EncodeRune(r)
		if !ok || b < 32 {
			b = '?'
		}
		out = append(out, b)
	}
	return out
}

// measure is how wide a text is.
func (f *font) measure(text string, size float64) (width float64) {
	for _, b := range encode(text) {
		width += f.widths[b] * size
	}
	return width
}

// lines breaks a text so that each line fits a width: between words, and within one
// that is longer than a line.
func (f *font) lines(text string, size, width float64) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		for word != "" && f.measure(word, size) > width {
			n := f.fits(word, size, width)
			if line != "" {
				lines, line = append(lines, line), ""
			}
			lines, word = append(lines, word[:n]), word[n:]
		}
		switch longer := line + " " + word; {
		case word == "":
		case line == "":
			line = word
		case f.measure(longer, size) <= width:
			line = longer
		default:
			lines, line = append(lines, line), word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// fits is how many bytes of a word fit a width: one character at least.
func (f *font) fits(word string, size, width float64) int {
	n, used := 0, 0.0
	for n < len(word) {
		_, next := utf8.DecodeRuneInString(word[n:])
		if used += f.measure(word[n:n+next], size); used > width && n > 0 {
			break
		}
		n += next
	}
	return n
}
