package file

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/pestle-fhir/pestle/store/log"
)

// A segment is a header and then frames, one for each record. Numbers are big-endian.
//
//	header: "PESTLELG" | format, 4 | id of the log, 16 | first place of the segment before, 8 |
//	        first place of this one, 8 | chain up to it, 32 | checksum, 4
//	frame:  "PLR1" | bytes of the body, 4 | place, 8 | chain, 32 | checksum, 4 | body
//
// The chain of a frame is the SHA-256 of the chain before it and its body, so that a
// frame that is missing, added, changed or at another place shows. The checksum, CRC-32C
// over the id of the log and all else of the frame, tells of damage without what comes
// before, and no body can hold what looks like a frame of the log.
const (
	headerLen = 8 + 4 + 16 + 8 + 8 + sha256.Size + 4
	frameLen  = 4 + 4 + 8 + sha256.Size + 4
	maxBody   = 1 << 30

	formatPlain, formatSealed = 1, 2
)

var (
	headerMark = []byte("PESTLELG")
	frameMark  = []byte("PLR1")
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

type sum = [sha256.Size]byte

// header is that of a segment.
type header struct {
	format        uint32
	id            [16]byte
	before, first log.Place
	chain         sum
}

func (h header) encode() []byte {
	b := append(make([]byte, 0, headerLen), headerMark...)
	b = binary.BigEndian.AppendUint32(b, h.format)
	b = append(b, h.id[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(h.before))
	b = binary.BigEndian.AppendUint64(b, uint64(h.first))
	b = append(b, h.chain[:]...)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func decodeHeader(b []byte) (h header, err error) {
	if len(b) < headerLen || !bytes.Equal(b[:8], headerMark) || binary.BigEndian.Uint32(b[headerLen-4:]) != crc32.Checksum(b[:headerLen-4], castagnoli) {
		return h, errors.New("its header is damaged")
	}
	h.format = binary.BigEndian.Uint32(b[8:])
	copy(h.id[:], b[12:])
	h.before, h.first = log.Place(binary.BigEndian.Uint64(b[28:])), log.Place(binary.BigEndian.Uint64(b[36:]))
	copy(h.chain[:], b[44:])
	if h.format != formatPlain && h.format != formatSealed {
		return h, fmt.Errorf("it has format %d, which this program does not know", h.format)
	}
	return h, nil
}

// frame is a record with its place.
type frame struct {
	place log.Place
	chain sum
	body  []byte
}

// link is the chain with a body behind it.
func link(chain sum, body []byte) (out sum) {
	h := sha256.New()
	_, _ = h.Write(chain[:])
	_, _ = h.Write(body)
	h.Sum(out[:0])
	return out
}

// seed begins the checksums of the frames of a log.
func (h header) seed() uint32 { return crc32.Checksum(h.id[:], castagnoli) }

// appendFrame appends a frame to b.
func appendFrame(b []byte, seed uint32, f frame) []byte {
	start := len(b)
	b = append(b, frameMark...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(f.body)))
	b = binary.BigEndian.AppendUint64(b, uint64(f.place))
	b = append(b, f.chain[:]...)
	check := crc32.Update(crc32.Update(seed, castagnoli, b[start:]), castagnoli, f.body)
	b = binary.BigEndian.AppendUint32(b, check)
	return append(b, f.body...)
}

// errFrame says that bytes are no frame.
var errFrame = errors.New("the checksum does not add up")

// readFrame reads a frame; it is io.EOF at the end, io.ErrUnexpectedEOF where the frame
// is cut, and errFrame where the bytes are no frame. No more than left bytes are read, of
// which it says how many.
func readFrame(r io.Reader, seed uint32, left int64) (f frame, n int64, err error) {
	var head [frameLen]byte
	if k, err := io.ReadFull(r, head[:]); err != nil {
		return f, int64(k), err
	}
	size := int64(binary.BigEndian.Uint32(head[4:]))
	switch {
	case !bytes.Equal(head[:4], frameMark) || size > maxBody:
		return f, frameLen, errFrame
	case frameLen+size > left:
		return f, frameLen, io.ErrUnexpectedEOF
	}
	f.place = log.Place(binary.BigEndian.Uint64(head[8:]))
	copy(f.chain[:], head[16:])
	f.body = make([]byte, size)
	if _, err := io.ReadFull(r, f.body); err != nil {
		return f, frameLen, io.ErrUnexpectedEOF
	}
	check := crc32.Update(crc32.Update(seed, castagnoli, head[:frameLen-4]), castagnoli, f.body)
	if check != binary.BigEndian.Uint32(head[frameLen-4:]) {
		return f, frameLen + size, errFrame
	}
	return f, frameLen + size, nil
}

// later reports whether bytes have a whole frame in them of a place after one: then what
// is before it was not cut, but damaged.
func later(b []byte, seed uint32, after log.Place) bool {
	for {
		at := bytes.Index(b, frameMark)
		if at < 0 {
			return false
		}
		b = b[at:]
		if f, _, err := readFrame(bytes.NewReader(b), seed, int64(len(b))); err == nil && f.place > after {
			return true
		}
		b = b[1:]
	}
}
