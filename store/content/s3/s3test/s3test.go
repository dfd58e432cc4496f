// Package s3test is a server for tests with as much of the interface of S3 as contents
// need: objects in one bucket, each a file in a folder, sent whole or in parts. It takes
// any credentials.
package s3test

import (
	"bufio"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Server is a bucket.
type Server struct {
	// Dir is a folder for the objects.
	Dir string
	// Fail has requests fail for which it returns a status; nil for none.
	Fail func(r *http.Request) int

	mu       sync.Mutex
	uploads  int
	requests map[string]int
}

// Objects are the keys that there are, in order.
func (s *Server) Objects() (keys []string) {
	files, _ := filepath.Glob(filepath.Join(s.Dir, "object-*"))
	for _, file := range files {
		key, _ := hex.DecodeString(strings.TrimPrefix(filepath.Base(file), "object-"))
		keys = append(keys, string(key))
	}
	slices.Sort(keys)
	return keys
}

// Requests returns how many of a method there were since it was asked last.
func (s *Server) Requests(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.requests[method]
	s.requests = nil
	return n
}

// Damage changes a byte of an object.
func (s *Server) Damage(key string, at int) error {
	b, err := os.ReadFile(s.path(key))
	if err != nil {
		return err
	}
	b[at] ^= 1
	return os.WriteFile(s.path(key), b, 0o600)
}

func (s *Server) path(key string) string {
	return filepath.Join(s.Dir, "object-"+hex.EncodeToString([]byte(key)))
}

func (s *Server) part(upload string, n int) string {
	return filepath.Join(s.Dir, fmt.Sprintf("part-%s-%d", upload, n))
}

// ServeHTTP answers at /bucket/key.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	s.mu.Lock()
	if s.requests == nil {
		s.requests = map[string]int{}
	}
	s.requests[r.Method]++
	fail := s.Fail
	s.mu.Unlock()
	if fail != nil {
		if status := fail(r); status != 0 {
			refuse(w, r, status, "AccessDenied")
			return
		}
	}
	if err := s.serve(w, r, key); err != nil {
		refuse(w, r, http.StatusInternalServerError, err.Error())
	}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, key string) error {
	q := r.URL.Query()
	switch {
	case r.Method == http.MethodGet && key == "":
		s.list(w, q.Get("prefix"))
	case r.Method == http.MethodPost && q.Has("uploads"):
		s.mu.Lock()
		s.uploads++
		id := strconv.Itoa(s.uploads)
		s.mu.Unlock()
		answer(w, struct {
			XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
			UploadID string   `xml:"UploadId"`
		}{UploadID: id})
	case r.Method == http.MethodPut && q.Has("uploadId"):
		n, err := strconv.Atoi(q.Get("partNumber"))
		if err != nil {
			return err
		}
		w.Header().Set("ETag", `"part"`)
		return write(s.part(q.Get("uploadId"), n), payload(r))
	case r.Method == http.MethodPost && q.Has("uploadId"):
		if err := s.complete(q.Get("uploadId"), key); err != nil {
			return err
		}
		answer(w, struct {
			XMLName           xml.Name `xml:"CompleteMultipartUploadResult"`
			Bucket, Key, ETag string
		}{Bucket: "papers", Key: key, ETag: `"whole"`})
	case r.Method == http.MethodPut:
		w.Header().Set("ETag", `"whole"`)
		return write(s.path(key), payload(r))
	case r.Method == http.MethodDelete:
		_ = os.Remove(s.path(key)) // where it is not there, too
		w.WriteHeader(http.StatusNoContent)
	default:
		file, err := os.Open(s.path(key))
		if err != nil {
			refuse(w, r, http.StatusNotFound, "NoSuchKey")
			return nil
		}
		defer func() { _ = file.Close() }()
		info, err := file.Stat()
		if err != nil {
			return err
		}
		w.Header().Set("ETag", `"whole"`)
		http.ServeContent(w, r, "", info.ModTime(), file)
	}
	return nil
}

// write writes a file at once and as a whole.
func write(path string, r io.Reader) error {
	file, err := os.CreateTemp(filepath.Dir(path), "new-*")
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, r); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

func (s *Server) complete(upload, key string) error {
	in, out := io.Pipe()
	go func() {
		for n := 1; ; n++ {
			part, err := os.Open(s.part(upload, n))
			if err != nil {
				_ = out.Close()
				return
			}
			_, err = io.Copy(out, part)
			_ = part.Close()
			_ = os.Remove(part.Name())
			if err != nil {
				_ = out.CloseWithError(err)
				return
			}
		}
	}()
	return write(s.path(key), in)
}

func (s *Server) list(w http.ResponseWriter, prefix string) {
	type object struct {
		Key          string
		Size         int
		LastModified string
	}
	result := struct {
		XMLName     xml.Name `xml:"ListBucketResult"`
		IsTruncated bool
		Contents    []object
	}{}
	for _, key := range s.Objects() {
		if strings.HasPrefix(key, prefix) {
			result.Contents = append(result.Contents, object{key, 1, "2027-01-15T08:00:00.000Z"})
		}
	}
	answer(w, result)
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(v) // the client went away
}

func refuse(w http.ResponseWriter, r *http.Request, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, code)
	}
}

// payload is a body without the signatures that its parts may have.
func payload(r *http.Request) io.Reader {
	if !strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return r.Body
	}
	return &chunks{in: bufio.NewReader(r.Body)}
}

// chunks reads a body in parts, each after a line with its size and its signature.
type chunks struct {
	in   *bufio.Reader
	left int64
}

func (c *chunks) Read(b []byte) (int, error) {
	if c.left == 0 {
		line, err := c.in.ReadString('\n')
		if err == nil && strings.TrimSpace(line) == "" { // the end of the one before
			line, err = c.in.ReadString('\n')
		}
		if err != nil {
			return 0, err
		}
		digits, _, _ := strings.Cut(strings.TrimSpace(line), ";")
		if c.left, err = strconv.ParseInt(digits, 16, 64); err != nil {
			return 0, err
		}
		if c.left == 0 {
			_, err := io.Copy(io.Discard, c.in)
			if err == nil {
				err = io.EOF
			}
			return 0, err
		}
	}
	n, err := c.in.Read(b[:min(int64(len(b)), c.left)])
	c.left -= int64(n)
	return n, err
}
