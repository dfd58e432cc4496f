package audit

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A segment is a file "00000000000000000001.audit", named by the number of its
// first event: a header of 128 bytes, then frames, then zeros up to the size that
// was reserved. A frame is the length of its content, the offset before which the
// segment was durable when the frame was written, the CRC-32C of both and of the
// content (4 bytes each), and the content.
//
// The content of a frame is a record. Where the log has a key it is encrypted with
// AES-256-GCM under a nonce of 4 bytes, random for each opening of the log and drawn
// again after a failed write, which
// are before it, and of the number of the event: a number whose frame was torn is
// used again, the nonce is not.
const (
	headerSize   = 128
	frameHead    = 12
	segmentMagic = "PESTLE-AUDIT\x01"
	secretAt     = 40 // in the header
	wrappedSize  = 12 + len(secret{}) + 16
	suffix       = ".audit"
	saltSize     = 4
	overhead     = saltSize + 16 // what encryption adds to a record
	// maxFrame is the largest record, in bytes: an answer of 1,000 resources takes
	// about 90 kB.
	maxFrame = 16 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// segmentName is the name of the file whose first event has a number.
func segmentName(first uint64) string { return fmt.Sprintf("%020d%s", first, suffix) }

// firstOf is the number in the name of a segment.
func firstOf(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(filepath.Base(name), suffix)
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, ok && err == nil && len(digits) == 20
}

// head is what the header of a segment says.
type head struct {
	first  uint64 // number of its first event
	base   uint64 // number of the event that is the first leaf of the log's tree
	secret secret // of its salts
}

// header is the header of a segment: the magic, whether frames are encrypted, the
// number of the first event, that of the first leaf, and the secret, which is
// encrypted where frames are.
func (l *Log) header(h head) []byte {
	b := make([]byte, headerSize)
	copy(b, segmentMagic)
	binary.BigEndian.PutUint64(b[24:], h.first)
	binary.BigEndian.PutUint64(b[32:], h.base)
	if l.secrets != nil {
		b[16] = 1
		l.secrets.Seal(b[secretAt:secretAt], nil, h.secret[:], b[:secretAt])
	} else {
		copy(b[secretAt:], h.secret[:])
	}
	binary.BigEndian.PutUint32(b[headerSize-4:], crc32.Checksum(b[:headerSize-4], castagnoli))
	return b
}

// headOf reads the header of a segment; false where it is none, or of a log under
// another key.
func (l *Log) headOf(text []byte) (h head, ok bool) {
	if len(text) < headerSize || binary.BigEndian.Uint32(text[headerSize-4:]) != crc32.Checksum(text[:headerSize-4], castagnoli) {
		return h, false
	}
	h.first, h.base = binary.BigEndian.Uint64(text[24:]), binary.BigEndian.Uint64(text[32:])
	plain, encrypted := text[secretAt:secretAt+len(h.secret)], text[16] == 1
	if encrypted != (l.secrets != nil) || !bytes.HasPrefix(text, []byte(segmentMagic)) {
		return h, false
	}
	if encrypted {
		var err error
		if plain, err = l.secrets.Open(nil, nil, text[secretAt:secretAt+wrappedSize], text[:secretAt]); err != nil {
			return h, false
		}
	}
	copy(h.secret[:], plain)
	return h, true
}

// seal appends the frame of an event to b. durable is the offset before which the
// segment is on the disk.
func (l *Log) seal(b, record []byte, number uint64, durable int) []byte {
	at := len(b)
	b = append(b, make([]byte, frameHead)...)
	if l.aead != nil {
		b = append(b, l.salt[:]...)
		b = l.aead.Seal(b, nonce(l.salt[:], number), record, nil)
	} else {
		b = append(b, record...)
	}
	binary.BigEndian.PutUint32(b[at:], uint32(len(b)-at-frameHead)) //nolint:gosec // at most maxFrame
	binary.BigEndian.PutUint32(b[at+4:], uint32(durable))           //nolint:gosec // at most the size of a segment
	binary.BigEndian.PutUint32(b[at+8:], sum(b[at:at+8], b[at+frameHead:]))
	return b
}

func sum(head, content []byte) uint32 {
	return crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, content)
}

func nonce(salt []byte, number uint64) []byte {
	return binary.BigEndian.AppendUint64(append(make([]byte, 0, saltSize+8), salt...), number)
}

var (
	// errEnd says that a segment has no more frames.
	errEnd = errors.New("audit: end of the segment")
	// errTorn says that what follows is not a whole frame.
	errTorn = errors.New("audit: not a whole frame")
)

// scan walks the frames of a segment from an offset up to the number limit, 0 for
// all, and returns the offset after the last whole frame and the number after it.
// visit may be nil. The error is errTorn where something else than zeros follows.
func scan(text []byte, at int, number, limit uint64, visit func(number uint64, content []byte) error) (int, uint64, error) {
	for {
		if limit != 0 && number >= limit {
			return at, number, nil
		}
		content, _, err := frameAt(text, at)
		if errors.Is(err, errEnd) {
			return at, number, nil
		}
		if err == nil && visit != nil {
			err = visit(number, content)
		}
		if err != nil {
			return at, number, err
		}
		at += frameHead + len(content)
		number++
	}
}

// frameAt returns the content of the frame at an offset, and what was durable
// when it was written.
func frameAt(text []byte, at int) (content []byte, durable int, err error) {
	if at+frameHead > len(text) || binary.BigEndian.Uint32(text[at:]) == 0 {
		return nil, 0, ended(text[at:])
	}
	n := int(binary.BigEndian.Uint32(text[at:]))
	if n > maxFrame || at+frameHead+n > len(text) {
		return nil, 0, errTorn
	}
	content = text[at+frameHead : at+frameHead+n]
	if sum(text[at:at+8], content) != binary.BigEndian.Uint32(text[at+8:]) {
		return nil, 0, errTorn
	}
	return content, int(binary.BigEndian.Uint32(text[at+4:])), nil
}

// ended is errEnd where the rest of a segment is zeros.
func ended(rest []byte) error {
	for len(rest) > 0 { // 16 MB at each start: not byte by byte
		n := min(len(rest), len(zeros))
		if !bytes.Equal(rest[:n], zeros[:n]) {
			return errTorn
		}
		rest = rest[n:]
	}
	return errEnd
}

var zeros [4096]byte

// acknowledged reports whether what is torn at an offset had been durable before:
// a frame further on says so. Otherwise it is the last write of a process that
// was killed, which was never answered.
func acknowledged(text []byte, torn int) bool {
	end := len(bytes.TrimRight(text, "\x00"))
	for at := torn + 1; at < end && at+frameHead <= len(text); at++ {
		durable := int(binary.BigEndian.Uint32(text[at+4:]))
		if binary.BigEndian.Uint32(text[at:]) == 0 || durable <= torn || durable > at {
			continue
		}
		if _, _, err := frameAt(text, at); err == nil {
			return true
		}
	}
	return false
}

// readSegment reads a file as far as something was written to it, and checks its header.
func (l *Log) readSegment(first uint64) ([]byte, error) {
	path := l.path(first)
	text, err := readWritten(path)
	if err != nil {
		return nil, err
	}
	return text, l.checkHeader(path, first, text)
}

// readWritten reads a file without the zeros at its end that are not on the disk, of
// which a segment has up to 16 MB, but with those that a frame reaches into.
func readWritten(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	end, err := written(f)
	if err != nil {
		return nil, err
	}
	text := make([]byte, end)
	if _, err := io.ReadFull(f, text); err != nil {
		return nil, err
	}
	at := headerSize
	for at+frameHead <= len(text) && binary.BigEndian.Uint32(text[at:]) != 0 {
		at += frameHead + int(binary.BigEndian.Uint32(text[at:]))
	}
	if at+frameHead <= len(text) {
		return text, nil
	}
	return os.ReadFile(path)
}

func (l *Log) checkHeader(path string, first uint64, text []byte) error {
	if h, ok := l.headOf(text); !ok || h.first != first {
		return &DamageError{File: path, Why: "its header is not that of a segment which begins with event " + strconv.FormatUint(first, 10) + " under this key"}
	}
	return nil
}

// DamageError says which file of the log is not as it was written.
type DamageError struct{ File, Why string }

func (e *DamageError) Error() string {
	return fmt.Sprintf("the audit log is damaged: %s: %s; restore the file from a backup", e.File, e.Why)
}
