package archive

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
)

// intro is how a file that age encrypted begins.
const intro = "age-encryption.org/"

// Reader reads an archive. It serves one goroutine.
type Reader struct {
	header Header
	tar    *tar.Reader
	zstd   *zstd.Decoder
	sum    hash.Hash
	found  Seal
	keep   func(digest [sha256.Size]byte, size int64, r io.Reader) error
}

// Contents has [Reader.Each] call keep for every content: what r returns is verified at
// its end, where it fails for another digest. keep reads all of it, or fails. Without it
// contents are verified and passed over.
func (r *Reader) Contents(keep func(digest [sha256.Size]byte, size int64, r io.Reader) error) {
	r.keep = keep
}

// NewReader opens an archive, with the identities that it may be encrypted to.
func NewReader(r io.Reader, identities ...age.Identity) (*Reader, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	r = in
	if head, err := in.Peek(len(intro)); err == nil && string(head) == intro {
		if len(identities) == 0 {
			return nil, ErrEncrypted
		}
		if r, err = age.Decrypt(in, identities...); err != nil {
			return nil, fmt.Errorf("archive: the archive cannot be decrypted: %w", err)
		}
	}
	d, err := zstd.NewReader(r, zstd.WithDecoderMaxMemory(1<<30), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	out := &Reader{tar: tar.NewReader(d), zstd: d, sum: sha256.New()}
	name, text, err := out.next()
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, ErrTruncated
	case err != nil:
		return nil, fmt.Errorf("archive: this is not a backup: %w", err)
	case name != headerName:
		return nil, fmt.Errorf("archive: this is not a backup: it begins with %s", name)
	}
	if err := json.Unmarshal(text, &out.header); err != nil {
		return nil, damaged(headerName, err)
	}
	if out.header.Format != format {
		return nil, fmt.Errorf("archive: the archive has layout %d and this program reads layout %d: use the program that wrote it (%s)", out.header.Format, format, out.header.Program)
	}
	return out, nil
}

// Header is what the archive is of.
func (r *Reader) Header() Header { return r.header }

// Close releases what reading took.
func (r *Reader) Close() { r.zstd.Close() }

// Each calls record for every record and file for every file, in order, each
// after its hash was verified; key and value are valid during the call only. It
// returns the seal, which it has verified against all that it read. What was
// handed out before an error is not to be used.
func (r *Reader) Each(record func(key, value []byte) error, file func(name string, data []byte) error) (Seal, error) {
	for {
		sofar := r.sum.Sum(nil)
		name, data, err := r.next()
		for err == nil && data == nil { // a content
			sofar = r.sum.Sum(nil)
			name, data, err = r.next()
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return Seal{}, ErrTruncated
		case err != nil:
			return Seal{}, err
		case name == sealName:
			return r.sealed(sofar, data)
		}
		body, err := verified(name, data)
		if err != nil {
			return Seal{}, err
		}
		switch {
		case strings.HasPrefix(name, recordsDir):
			err = r.records(name, body, record)
		case strings.HasPrefix(name, filesDir):
			r.found.Files++
			r.found.Bytes += int64(len(body))
			err = file(strings.TrimPrefix(name, filesDir), body)
		default:
			err = damaged(name, "no part of a backup has this name")
		}
		if err != nil {
			return Seal{}, err
		}
	}
}

func (r *Reader) sealed(sum, data []byte) (Seal, error) {
	var seal Seal
	if err := json.Unmarshal(data, &seal); err != nil {
		return seal, damaged(sealName, err)
	}
	r.found.SHA256 = hex.EncodeToString(sum)
	if seal != r.found {
		return seal, damaged(sealName, fmt.Sprintf("it counts %+v, the archive has %+v", seal, r.found))
	}
	if _, _, err := r.next(); !errors.Is(err, io.EOF) {
		return seal, damaged(sealName, "something follows it")
	}
	if n, err := io.Copy(io.Discard, r.zstd); n > 0 || err != nil { // also reads the checksum at the end
		return seal, damaged("the end of the archive", fmt.Sprintf("%d bytes follow it (%v)", n, err))
	}
	return seal, nil
}

func (r *Reader) records(name string, body []byte, record func(key, value []byte) error) error {
	for len(body) > 0 {
		k, n := binary.Uvarint(body)
		v, m := binary.Uvarint(body[max(0, n):])
		if n <= 0 || m <= 0 || k > uint64(len(body)) || v > uint64(len(body)) || k+v > uint64(len(body)-n-m) {
			return damaged(name, "a record does not fit in it")
		}
		body = body[n+m:]
		r.found.Records++
		r.found.Bytes += int64(k + v)
		if err := record(body[:k:k], body[k:k+v:k+v]); err != nil {
			return err
		}
		body = body[k+v:]
	}
	return nil
}

// content reads a content in parts, the size of which is that of the entry.
func (r *Reader) content(h *tar.Header) error {
	var digest [sha256.Size]byte
	size := h.Size - sha256.Size
	if _, err := io.ReadFull(r.tar, digest[:]); err != nil {
		return err
	}
	if size < 0 || h.Name != contentDir+hex.EncodeToString(digest[:]) {
		return damaged(h.Name, "it is not named by its SHA-256")
	}
	part, in := sha256.New(), &checked{r: r.tar, sum: sha256.New(), name: h.Name, digest: digest}
	part.Write([]byte(h.Name))
	part.Write(digest[:])
	out := io.TeeReader(in, part)
	keep := r.keep
	if keep == nil {
		keep = func(_ [sha256.Size]byte, _ int64, r io.Reader) error {
			_, err := io.CopyBuffer(io.Discard, r, make([]byte, 256<<10))
			return err
		}
	}
	if err := keep(digest, size, out); err != nil {
		return err
	}
	if !in.whole {
		return damaged(h.Name, "it was not read to its end")
	}
	r.sum.Write(part.Sum(nil))
	r.found.Files++
	r.found.Bytes += size
	return nil
}

// checked is a content that is verified at its end.
type checked struct {
	r      io.Reader
	sum    hash.Hash
	name   string
	digest [sha256.Size]byte
	whole  bool
}

func (c *checked) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.sum.Write(b[:n])
	if errors.Is(err, io.EOF) {
		if [sha256.Size]byte(c.sum.Sum(nil)) != c.digest {
			return n, damaged(c.name, "its bytes do not have the hash that was written with them")
		}
		c.whole = true
	}
	return n, err
}

// next reads the next entry of the tar file; a content returns no data, and is read.
func (r *Reader) next() (name string, data []byte, err error) {
	h, err := r.tar.Next()
	if err != nil {
		return "", nil, err
	}
	if strings.HasPrefix(h.Name, contentDir) {
		return h.Name, nil, r.content(h)
	}
	if h.Size > maxChunk {
		return h.Name, nil, damaged(h.Name, fmt.Sprintf("it has %d bytes", h.Size))
	}
	data, err = io.ReadAll(r.tar)
	if err != nil {
		return h.Name, nil, err
	}
	sum := sha256.New()
	sum.Write([]byte(h.Name))
	sum.Write(data)
	r.sum.Write(sum.Sum(nil))
	return h.Name, data, nil
}

// verified is a part without the hash that it begins with.
func verified(name string, data []byte) ([]byte, error) {
	if len(data) < sha256.Size {
		return nil, damaged(name, "it is too short")
	}
	body := data[sha256.Size:]
	if !bytes.Equal(data[:sha256.Size], hashed(body)) {
		return nil, damaged(name, "its bytes do not have the hash that was written with them")
	}
	return body, nil
}
