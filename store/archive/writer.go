package archive

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
)

// Writer writes an archive. It serves one goroutine.
type Writer struct {
	tar     *tar.Writer
	closers []io.Closer // of the layers, innermost first
	time    time.Time
	chunk   []byte
	chunks  int
	sum     hash.Hash // over the hashes of all parts
	seal    Seal
}

// NewWriter begins an archive. With recipients it is encrypted to each of them.
func NewWriter(w io.Writer, h Header, recipients ...age.Recipient) (*Writer, error) {
	out := &Writer{time: h.Time, sum: sha256.New()}
	if len(recipients) > 0 {
		encrypted, err := age.Encrypt(w, recipients...)
		if err != nil {
			return nil, fmt.Errorf("archive: %w", err)
		}
		out.closers = append(out.closers, encrypted)
		w = encrypted
	}
	compressed, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	out.closers = append([]io.Closer{compressed}, out.closers...)
	out.tar = tar.NewWriter(compressed)
	h.Format = format
	text, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	return out, out.part(headerName, text)
}

// Record writes a key and its value. Both are copied.
func (w *Writer) Record(key, value []byte) error {
	w.chunk = binary.AppendUvarint(w.chunk, uint64(len(key)))
	w.chunk = binary.AppendUvarint(w.chunk, uint64(len(value)))
	w.chunk = append(append(w.chunk, key...), value...)
	w.seal.Records++
	w.seal.Bytes += int64(len(key) + len(value))
	if len(w.chunk) < chunkSize {
		return nil
	}
	return w.flush()
}

func (w *Writer) flush() error {
	if len(w.chunk) == 0 {
		return nil
	}
	w.chunks++
	err := w.part(fmt.Sprintf("%s%08d", recordsDir, w.chunks), hashed(w.chunk), w.chunk)
	w.chunk = w.chunk[:0]
	return err
}

// File writes a file under a name, a path with slashes.
func (w *Writer) File(name string, data []byte) error {
	if err := w.flush(); err != nil {
		return err
	}
	w.seal.Files++
	w.seal.Bytes += int64(len(data))
	return w.part(filesDir+name, hashed(data), data)
}

// Content writes a file of so many bytes, of which the SHA-256 is known. It holds no more
// of it in memory than a part. Where r has other bytes the archive is not to be used.
func (w *Writer) Content(digest [sha256.Size]byte, size int64, r io.Reader) error {
	if err := w.flush(); err != nil {
		return err
	}
	w.seal.Files++
	w.seal.Bytes += size
	name := contentDir + hex.EncodeToString(digest[:])
	if err := w.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: sha256.Size + size, ModTime: w.time, Format: tar.FormatPAX}); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	part, whole := sha256.New(), sha256.New()
	part.Write([]byte(name))
	part.Write(digest[:])
	if _, err := w.tar.Write(digest[:]); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	n, err := io.CopyBuffer(io.MultiWriter(w.tar, part, whole), io.LimitReader(r, size), make([]byte, 256<<10))
	switch {
	case err != nil:
		return fmt.Errorf("archive: %w", err)
	case n != size || [sha256.Size]byte(whole.Sum(nil)) != digest:
		return fmt.Errorf("archive: the content %x is not what it should be", digest)
	}
	w.sum.Write(part.Sum(nil))
	return nil
}

// Close seals the archive. It does not close the writer below.
func (w *Writer) Close() (Seal, error) {
	if err := w.flush(); err != nil {
		return Seal{}, err
	}
	w.seal.SHA256 = hex.EncodeToString(w.sum.Sum(nil))
	text, err := json.Marshal(w.seal)
	if err != nil {
		return Seal{}, err
	}
	err = errors.Join(w.part(sealName, text), w.tar.Close())
	for _, c := range w.closers {
		err = errors.Join(err, c.Close())
	}
	return w.seal, err
}

// part writes an entry of the tar file.
func (w *Writer) part(name string, pieces ...[]byte) error {
	size, sum := 0, sha256.New()
	sum.Write([]byte(name))
	for _, p := range pieces {
		size += len(p)
		sum.Write(p)
	}
	w.sum.Write(sum.Sum(nil))
	if err := w.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(size), ModTime: w.time, Format: tar.FormatPAX}); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	for _, p := range pieces {
		if _, err := w.tar.Write(p); err != nil {
			return fmt.Errorf("archive: %w", err)
		}
	}
	return nil
}

func hashed(data []byte) []byte {
	sum := sha256.Sum256(data)
	return sum[:]
}
