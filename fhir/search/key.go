package search

import (
	"crypto/sha256"
	"encoding/binary"
)

// MaxKey bounds the bytes of a key. Longer texts are cut and carry a digest of
// the whole in place of their tail.
const MaxKey = 4096

// maxText is how many bytes of a text go into a key as they are.
const maxText = 512

// appendTerm appends text so that it sorts bytewise and ends itself: 00 within
// becomes 00 FF, the end is 00 00.
func appendTerm(b []byte, s string) []byte { return append(appendStem(b, s), 0, 0) }

// appendStem is a term without its end: what all longer terms begin with.
func appendStem(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		b = append(b, s[i])
		if s[i] == 0 {
			b = append(b, 0xFF)
		}
	}
	return b
}

// termEnd is the offset behind the term at the head of b, -1 when there is none.
func termEnd(b []byte) int {
	for i := 0; i+1 < len(b); i++ {
		if b[i] != 0 {
			continue
		}
		if b[i+1] == 0 {
			return i + 2
		}
		i++
	}
	return -1
}

// readTerm is the text of the term at the head of b, and what follows it.
func readTerm(b []byte) (text string, rest []byte) {
	end := termEnd(b)
	if end < 0 {
		return "", nil
	}
	out := make([]byte, 0, end-2)
	for i := 0; i < end-2; i++ {
		out = append(out, b[i])
		if b[i] == 0 {
			i++
		}
	}
	return string(out), b[end:]
}

// cut shortens a long text to one of at most maxText bytes that is as good as
// unique: its head and 16 bytes of a digest of the whole.
func cut(s string) string {
	if len(s) <= maxText {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return s[:maxText-16] + string(sum[:16])
}

// digestLen is the length of a digest in a key.
const digestLen = 8

// appendDigest appends a digest of a text that is only ever compared for
// equality, such as a code's system: 8 bytes instead of a URL in every row. The
// empty text has the digest zero.
func appendDigest(b []byte, s string) []byte {
	if s == "" {
		return append(b, 0, 0, 0, 0, 0, 0, 0, 0)
	}
	var short [128]byte // keeps the copy off the heap
	sum := sha256.Sum256(append(short[:0], s...))
	return append(b, sum[:digestLen]...)
}

// after is the smallest key behind all keys that begin with prefix.
func after(prefix []byte) []byte {
	out := append([]byte(nil), prefix...)
	for i := len(out) - 1; i >= 0; i-- {
		if out[i] != 0xFF {
			out[i]++
			return out[:i+1]
		}
	}
	return []byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF} // no key of ours is behind it
}

// exactly is the range of one key.
func exactly(key []byte) Range {
	return Range{Lo: key, Hi: append(append([]byte(nil), key...), 0), Exact: true}
}

// beginning is the range of the keys that begin with prefix.
func beginning(prefix []byte) Range { return Range{Lo: prefix, Hi: after(prefix)} }

// variants is the range of the few keys that begin with prefix.
func variants(prefix []byte) Range { return Range{Lo: prefix, Hi: after(prefix), Few: true} }

// everything is the range of all keys of a parameter.
func everything() Range { return Range{Lo: []byte{}, Hi: after(nil)} }

// appendOrdered appends a signed number so that it sorts bytewise.
func appendOrdered(b []byte, v int64) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(v)^(1<<63))
}

func readOrdered(b []byte) int64 { return int64(binary.BigEndian.Uint64(b) ^ (1 << 63)) }
