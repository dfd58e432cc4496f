package content

import (
	"cmp"
	"io"
	"sync"
)

// windowSize is how many bytes are decrypted at a time.
const windowSize = 256 << 10

// window reads ahead: whoever reads on in small steps has a chunk decrypted once.
type window struct {
	at   io.ReaderAt
	size int64

	mu   sync.Mutex
	from int64
	held []byte // what is at from
}

// ReadAt is that of [io.ReaderAt].
func (w *window) ReadAt(p []byte, off int64) (n int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for n < len(p) {
		if off >= w.size {
			return n, io.EOF
		}
		if off < w.from || off >= w.from+int64(len(w.held)) {
			if err := w.load(off / windowSize * windowSize); err != nil {
				return n, err
			}
		}
		m := copy(p[n:], w.held[off-w.from:])
		n, off = n+m, off+int64(m)
	}
	return n, nil
}

func (w *window) load(from int64) error {
	b := w.held[:0]
	if cap(b) == 0 {
		b = make([]byte, 0, min(windowSize, w.size))
	}
	w.held = nil
	b = b[:min(int64(cap(b)), w.size-from)]
	if n, err := w.at.ReadAt(b, from); n < len(b) {
		return cmp.Or(err, io.ErrUnexpectedEOF)
	}
	w.from, w.held = from, b
	return nil
}
