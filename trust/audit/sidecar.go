package audit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"slices"
	"sort"
)

// The index of a sealed segment is a file "00000000000000000001.index" beside
// it: a header of 64 bytes, an entry of 17 bytes for each event, the earliest and
// the latest time of each block of entries (16 bytes), and the postings, ordered,
// of 12 bytes each. It can be made again of the segment.
const (
	sidecarMagic  = "PESTLE-AINDEX\x01"
	sidecarSuffix = ".index"
	entrySize     = 17
	spanSize      = 16
	postingSize   = 12
	sidecarHead   = 64
)

// sidecarFile is an index in a file.
type sidecarFile struct {
	f                *os.File
	events, postings int
	block            []byte // of entries, the one that was read last
	blockAt          int
}

var errSidecar = errors.New("audit: the index of the segment is damaged")

// writeSidecar writes the index of a segment.
func writeSidecar(path string, first uint64, m *memory) error {
	return replaceFile(path, encodeSidecar(first, m))
}

func encodeSidecar(first uint64, m *memory) []byte {
	postings := m.sorted()
	b := make([]byte, sidecarHead, sidecarHead+len(m.entries)*(entrySize+1)+len(postings)*postingSize)
	for _, e := range m.entries {
		b = binary.BigEndian.AppendUint64(b, uint64(e.millis)) //nolint:gosec // read as it is written
		b = binary.BigEndian.AppendUint32(b, e.offset)
		b = append(binary.BigEndian.AppendUint32(b, e.parts), e.action)
	}
	for block := range slices.Chunk(m.entries, blockEvents) {
		low, high := spanOf(block)
		b = binary.BigEndian.AppendUint64(b, uint64(low))  //nolint:gosec // read as it is written
		b = binary.BigEndian.AppendUint64(b, uint64(high)) //nolint:gosec // read as it is written
	}
	for _, p := range postings {
		b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(b, p.term), p.event)
	}
	copy(b, sidecarMagic)
	binary.BigEndian.PutUint64(b[16:], first)
	binary.BigEndian.PutUint64(b[24:], uint64(len(m.entries)))
	binary.BigEndian.PutUint64(b[32:], uint64(len(postings)))
	binary.BigEndian.PutUint32(b[56:], crc32.Checksum(b[sidecarHead:], castagnoli))
	binary.BigEndian.PutUint32(b[60:], crc32.Checksum(b[:60], castagnoli))
	return b
}

// readSidecarHead returns how many events an index is of, and the checksum of
// its body.
func readSidecarHead(f *os.File, first uint64) (s *sidecarFile, body uint32, err error) {
	head := make([]byte, sidecarHead)
	if _, err := f.ReadAt(head, 0); err != nil {
		return nil, 0, errSidecar
	}
	if string(head[:len(sidecarMagic)]) != sidecarMagic || binary.BigEndian.Uint64(head[16:]) != first || binary.BigEndian.Uint32(head[60:]) != crc32.Checksum(head[:60], castagnoli) {
		return nil, 0, errSidecar
	}
	s = &sidecarFile{f: f, events: int(binary.BigEndian.Uint64(head[24:])), postings: int(binary.BigEndian.Uint64(head[32:])), blockAt: -1} //nolint:gosec // its checksum is right
	if info, err := f.Stat(); err != nil || info.Size() != int64(s.postingsAt()+s.postings*postingSize) {
		return nil, 0, errSidecar
	}
	return s, binary.BigEndian.Uint32(head[56:]), nil
}

// checkBody reads the whole file.
func (s *sidecarFile) checkBody(want uint32) error {
	text, err := os.ReadFile(s.f.Name())
	if err != nil {
		return err
	}
	if crc32.Checksum(text[sidecarHead:], castagnoli) != want {
		return errSidecar
	}
	return nil
}

func (s *sidecarFile) spansAt() int { return sidecarHead + s.events*entrySize }
func (s *sidecarFile) postingsAt() int {
	return s.spansAt() + (s.events+blockEvents-1)/blockEvents*spanSize
}

func (s *sidecarFile) len() int { return s.events }

func (s *sidecarFile) entry(i int) (entry, error) {
	if at := i / blockEvents; at != s.blockAt {
		n := min(blockEvents, s.events-at*blockEvents)
		s.block = slices.Grow(s.block[:0], n*entrySize)[:n*entrySize]
		s.blockAt = -1
		if _, err := s.f.ReadAt(s.block, int64(sidecarHead+at*blockEvents*entrySize)); err != nil {
			return entry{}, err
		}
		s.blockAt = at
	}
	b := s.block[i%blockEvents*entrySize:]
	return entry{millis: int64(binary.BigEndian.Uint64(b)), offset: binary.BigEndian.Uint32(b[8:]), parts: binary.BigEndian.Uint32(b[12:]), action: b[16]}, nil //nolint:gosec // as it was written
}

func (s *sidecarFile) span(block, _ int) (low, high int64, err error) {
	b := make([]byte, spanSize)
	_, err = s.f.ReadAt(b, int64(s.spansAt()+block*spanSize))
	return int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[8:])), err //nolint:gosec // as it was written
}

func (s *sidecarFile) find(term uint64) (events []uint32, err error) {
	b := make([]byte, postingSize*64)
	read := func(i, n int) {
		if _, e := s.f.ReadAt(b[:n*postingSize], int64(s.postingsAt()+i*postingSize)); e != nil {
			err = e
		}
	}
	at := sort.Search(s.postings, func(i int) bool {
		read(i, 1)
		return binary.BigEndian.Uint64(b) >= term
	})
	for ; at < s.postings && err == nil; at += 64 {
		n := min(64, s.postings-at)
		read(at, n)
		for i := range n {
			p := b[i*postingSize:]
			if binary.BigEndian.Uint64(p) != term {
				return events, err
			}
			events = append(events, binary.BigEndian.Uint32(p[8:]))
		}
	}
	return events, err
}

func sidecarName(first uint64) string { return fmt.Sprintf("%020d%s", first, sidecarSuffix) }
