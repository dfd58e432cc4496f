package fhir

import (
	"math/bits"
	"strings"
	"sync"
)

// Lines finds the line and column of offsets in one text of valid UTF-8. Its
// index is built by the first question in one pass over the text; every answer
// after that costs the same wherever the offset is, on a line of any length.
// It is safe for concurrent use.
type Lines struct {
	text  string
	once  sync.Once
	marks []mark // one for each block of the text
}

// mark is what is before a block.
type mark struct {
	characters, lines uint32 // that end before it
	begin             uint32 // where the line begins that the block begins in
}

// block is how many bytes are counted again for an answer.
const block = 256

// NewLines makes the index of a text.
func NewLines(text string) *Lines { return &Lines{text: text} }

// Position is the place of an offset.
func (l *Lines) Position(offset int) Position {
	l.once.Do(l.build)
	offset = min(max(offset, 0), len(l.text))
	k := offset / block
	m, piece := l.marks[k], l.text[k*block:offset]
	if i := strings.LastIndexByte(piece, '\n'); i >= 0 {
		m.lines += uint32(strings.Count(piece, "\n"))
		m.begin = uint32(k*block + i + 1)
	}
	return Position{Line: 1 + int(m.lines), Column: 1 + l.characters(offset) - l.characters(int(m.begin))}
}

func (l *Lines) build() {
	l.marks = make([]mark, 0, len(l.text)/block+1)
	var m mark
	for i := 0; i <= len(l.text); i += block {
		l.marks = append(l.marks, m)
		piece := l.text[i:min(i+block, len(l.text))]
		m.characters += uint32(characters(piece))
		if n := strings.Count(piece, "\n"); n > 0 {
			m.lines += uint32(n)
			m.begin = uint32(i + strings.LastIndexByte(piece, '\n') + 1)
		}
	}
}

// characters counts those that begin before an offset.
func (l *Lines) characters(offset int) int {
	k := offset / block
	return int(l.marks[k].characters) + characters(l.text[k*block:offset])
}

// characters counts those that begin in a piece of UTF-8: its bytes but those
// that continue a character, 10xxxxxx, eight at a time.
func characters(piece string) int {
	n := 0
	for ; len(piece) >= 8; piece = piece[8:] {
		w := word(piece)
		n += bits.OnesCount64((^w | w<<1) & highBits)
	}
	for i := range len(piece) {
		if piece[i]&0xC0 != 0x80 {
			n++
		}
	}
	return n
}
