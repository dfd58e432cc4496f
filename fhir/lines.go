package fhir

import (
	"math/bits"
	"sort"
	"strings"
	"sync"
)

// Lines finds the line and column of offsets in one text of valid UTF-8. Its
// index is built by the first question in one pass over the text; every answer
// after that costs the same wherever the offset is, on a line of any length.
// It is safe for concurrent use.
type Lines struct {
	text   string
	once   sync.Once
	starts []uint32 // offset of the first byte of each line but the first
	before []uint32 // characters before each block of the text
}

// block is how many bytes are counted again for an answer.
const block = 256

// NewLines makes the index of a text.
func NewLines(text string) *Lines { return &Lines{text: text} }

// Position is the place of an offset.
func (l *Lines) Position(offset int) Position {
	l.once.Do(l.build)
	offset = min(max(offset, 0), len(l.text))
	line := sort.Search(len(l.starts), func(i int) bool { return int(l.starts[i]) > offset })
	begin := 0
	if line > 0 {
		begin = int(l.starts[line-1])
	}
	return Position{Line: 1 + line, Column: 1 + l.characters(offset) - l.characters(begin)}
}

func (l *Lines) build() {
	l.before = make([]uint32, 0, len(l.text)/block+1)
	total := 0
	for i := 0; i <= len(l.text); i += block {
		l.before = append(l.before, uint32(total))
		total += characters(l.text[i:min(i+block, len(l.text))])
	}
	l.starts = make([]uint32, 0, strings.Count(l.text, "\n"))
	for at := 0; ; {
		n := strings.IndexByte(l.text[at:], '\n')
		if n < 0 {
			return
		}
		at += n + 1
		l.starts = append(l.starts, uint32(at))
	}
}

// characters counts those that begin before an offset.
func (l *Lines) characters(offset int) int {
	k := offset / block
	return int(l.before[k]) + characters(l.text[k*block:offset])
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
