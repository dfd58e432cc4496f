// Package content keeps what is too large for the key-value store, such as scanned
// documents: each content once, in a file or an object that is named by its SHA-256.
//
// A file is encrypted and authenticated in chunks of 64 KiB, in the format of age
// (https://age-encryption.org/v1), so that a range is read without the rest and what is
// damaged is never returned. Its key is encrypted with a key that follows from the
// engine's own key ([KeyOf]); so is its name, since the digest of a known document would
// tell that it is there. Of a database that is not encrypted both keys are known to
// everybody, and the format is the same.
//
// A file is written beside its place, flushed to the disk and moved there, before anything
// refers to it: what a crash leaves is at worst a file to which nothing refers.
package content

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"

	"filippo.io/age"

	"github.com/pestle-fhir/pestle/fhir"
)

// Place keeps files under names of 64 hexadecimal digits.
type Place interface {
	// Put keeps a file that is on the disk, under a name, and returns when it would
	// survive a crash of the machine. What is there already is replaced by it; it is
	// the same. The file may be moved away.
	Put(ctx context.Context, name string, file *os.File) error
	// Open opens what is kept under a name: [fs.ErrNotExist] where there is nothing.
	Open(ctx context.Context, name string) (File, error)
	// Each visits all names in their order.
	Each(ctx context.Context, visit func(name string) error) error
	// Remove removes what is kept under a name, if anything is.
	Remove(ctx context.Context, name string) error
}

// File is an open one. It serves several goroutines.
type File interface {
	io.ReaderAt
	io.Closer
	Size() int64 // in bytes
}

// ErrDamaged says that a content is not what was written.
var ErrDamaged = errors.New("content: what is kept is damaged")

// Store keeps contents at a place.
type Store struct {
	place    Place
	incoming string // folder of files that are being written
	key      Key
	room     func(bytes int64) error
	sync     func(*os.File) error // of a file, for tests
}

// Options say how contents are kept. The zero value works.
type Options struct {
	Key Key // the zero Key for what is not encrypted
	// Room reports whether the disk has room for so many bytes; nil where nobody asks.
	Room func(bytes int64) error
}

// New keeps contents at a place. Files that are being written are in the folder
// incoming.
func New(place Place, incoming string, o Options) *Store {
	if o.Key.files == nil {
		o.Key = KeyOf(nil)
	}
	return &Store{place: place, incoming: incoming, key: o.Key, room: o.Room, sync: (*os.File).Sync}
}

// Clean removes what an earlier process has left of files that it was writing. Nobody
// may be writing any.
func (s *Store) Clean() error { return os.RemoveAll(s.incoming) }

// roomEvery is how many bytes are written before it is asked whether there is room for
// as many more.
const roomEvery = 8 << 20

// Put keeps what r returns up to its end. When it knows which content it is, and before
// that can be found at the place, it calls claim. fresh reports whether it was not there
// before. After an error nothing is kept that was not.
func (s *Store) Put(ctx context.Context, r io.Reader, claim func(fhir.Content)) (c fhir.Content, fresh bool, err error) {
	if err := os.MkdirAll(s.incoming, 0o700); err != nil {
		return c, false, err
	}
	file, err := os.CreateTemp(s.incoming, "*")
	if err != nil {
		return c, false, err
	}
	defer func() {
		err = errors.Join(err, ignoring(file.Close(), os.ErrClosed), ignoring(os.Remove(file.Name()), fs.ErrNotExist))
	}()
	if c, err = s.write(ctx, file, r); err != nil {
		return c, false, err
	}
	claim(c)
	name := s.key.name(c.SHA256)
	fresh = s.missing(ctx, name)
	return c, fresh, s.place.Put(ctx, name, file)
}

func ignoring(err, known error) error {
	if errors.Is(err, known) {
		return nil
	}
	return err
}

// missing reports whether nothing is kept under a name for sure.
func (s *Store) missing(ctx context.Context, name string) bool {
	f, err := s.place.Open(ctx, name)
	if err == nil {
		_ = f.Close() // it was opened for reading
	}
	return errors.Is(err, fs.ErrNotExist)
}

// write writes a file and has it on the disk.
func (s *Store) write(ctx context.Context, file *os.File, r io.Reader) (c fhir.Content, err error) {
	out := bufio.NewWriterSize(file, 256<<10)
	encrypted, err := age.Encrypt(out, s.key)
	if err != nil {
		return c, err
	}
	in := &metered{ctx: ctx, r: r, room: s.room, sum: sha256.New()}
	if _, err = io.CopyBuffer(encrypted, in, make([]byte, 64<<10)); err != nil {
		return c, err
	}
	if err := errors.Join(encrypted.Close(), out.Flush(), s.sync(file)); err != nil {
		return c, err
	}
	if in.bytes == 0 {
		return c, errors.New("content: there are no bytes to keep")
	}
	c.Size = in.bytes
	in.sum.Sum(c.SHA256[:0])
	return c, nil
}

// metered counts and hashes what is read, as long as there is room for it.
type metered struct {
	ctx   context.Context
	r     io.Reader
	room  func(int64) error
	sum   hash.Hash
	bytes int64
	asked int64 // how many bytes it was asked for
}

func (m *metered) Read(b []byte) (int, error) {
	if err := m.ctx.Err(); err != nil {
		return 0, context.Cause(m.ctx)
	}
	if m.room != nil && m.bytes >= m.asked {
		if err := m.room(roomEvery); err != nil {
			return 0, err
		}
		m.asked += roomEvery
	}
	n, err := m.r.Read(b)
	m.bytes += int64(n)
	m.sum.Write(b[:n])
	return n, err
}

// Open opens a content: [fs.ErrNotExist] where it is not there, [ErrDamaged] where it is
// seen at once that it is damaged. Reads fail at what is.
func (s *Store) Open(ctx context.Context, c fhir.Content) (io.ReadSeekCloser, error) {
	file, err := s.place.Open(ctx, s.key.name(c.SHA256))
	if err != nil {
		return nil, err
	}
	plain, size, err := age.DecryptReaderAt(file, file.Size(), s.key)
	if err == nil && size != c.Size {
		err = fmt.Errorf("it has %d bytes, and %d were written", size, c.Size)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrDamaged, err), file.Close())
	}
	return &opened{SectionReader: io.NewSectionReader(&window{at: plain, size: size}, 0, size), file: file}, nil
}

type opened struct {
	*io.SectionReader
	file File
}

func (o *opened) Close() error { return o.file.Close() }

// Verify reads a content whole. Before it reads it calls pace, which may be nil, with the
// number of bytes; that may wait, or end it with an error.
func (s *Store) Verify(ctx context.Context, c fhir.Content, pace func(bytes int) error) error {
	in, err := s.Open(ctx, c)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	sum, b := sha256.New(), make([]byte, windowSize)
	for left := c.Size; left > 0; {
		b = b[:min(left, windowSize)]
		if pace != nil {
			if err := pace(len(b)); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := io.ReadFull(in, b); err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		sum.Write(b)
		left -= int64(len(b))
	}
	if [32]byte(sum.Sum(nil)) != c.SHA256 {
		return fmt.Errorf("%w: it is another content", ErrDamaged)
	}
	return nil
}

// Each visits the digests of all contents, in no order. What else is at the place is
// passed over.
func (s *Store) Each(ctx context.Context, visit func(sha256 [32]byte) error) error {
	return s.place.Each(ctx, func(name string) error {
		digest, ok := s.key.digest(name)
		if !ok {
			return nil
		}
		return visit(digest)
	})
}

// Remove removes a content, if it is there.
func (s *Store) Remove(ctx context.Context, sha256 [32]byte) error {
	return s.place.Remove(ctx, s.key.name(sha256))
}
