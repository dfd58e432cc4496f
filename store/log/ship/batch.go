package ship

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/pestle-fhir/pestle/store/log"
)

// A batch is the records after a place, compressed with Zstandard: before each its length
// and one more, as a uvarint; then 0, and the place of the newest record that the primary
// has.
const (
	batchSize = 4 << 20 // of records, after which a batch ends
	maxRecord = 1 << 30
)

// batchWriter writes a batch.
type batchWriter struct {
	z    *zstd.Encoder
	size int64
}

func newBatchWriter(w io.Writer) (*batchWriter, error) {
	z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	return &batchWriter{z: z}, err
}

func (b *batchWriter) record(record []byte) error {
	_, err := b.z.Write(binary.AppendUvarint(nil, uint64(len(record))+1))
	if err == nil {
		_, err = b.z.Write(record)
	}
	b.size += int64(len(record))
	return err
}

func (b *batchWriter) full() bool { return b.size >= batchSize }

func (b *batchWriter) end(last log.Place) error {
	_, err := b.z.Write(binary.AppendUvarint([]byte{0}, uint64(last)))
	return errors.Join(err, b.z.Close())
}

// readBatch calls take with each record of a batch, whose bytes are its own, and returns
// the place of the newest that the primary has.
func readBatch(r io.Reader, take func(record []byte) error) (last log.Place, err error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20))
	if err != nil {
		return 0, err
	}
	defer z.Close()
	in := bufio.NewReader(z)
	for {
		n, err := binary.ReadUvarint(in)
		switch {
		case err != nil:
			return 0, cut(err)
		case n == 0:
			last, err := binary.ReadUvarint(in)
			if err == nil {
				_, err = in.ReadByte() // its checksum is at the end
				if err == nil {
					err = errors.New("ship: there is something behind the end of a batch")
				} else if errors.Is(err, io.EOF) {
					return log.Place(last), nil
				}
			}
			return 0, cut(err)
		case n-1 > maxRecord:
			return 0, fmt.Errorf("ship: a record of %d bytes", n-1)
		}
		record, err := readRecord(in, int(n-1))
		if err != nil {
			return 0, cut(err)
		}
		if err := take(record); err != nil {
			return 0, err
		}
	}
}

// readRecord reads so many bytes, and takes memory for no more than there are.
func readRecord(in io.Reader, size int) ([]byte, error) {
	const step = 1 << 20
	b := make([]byte, 0, min(size, step))
	for len(b) < size {
		n := min(size-len(b), step)
		b = append(b, make([]byte, n)...)
		if _, err := io.ReadFull(in, b[len(b)-n:]); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// cut says that a batch ends too early.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
