package server

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/klauspost/compress/gzhttp"

	"github.com/pestle-fhir/pestle/fhir"
)

// A document is a content of a Binary that is too large for its JSON: it comes in and
// goes out in parts, and is kept by [Contents].

// brought is the content that a request has brought. Nobody removes it before release.
type brought struct {
	content fhir.Content
	release func()
}

// uploadMemory is what one upload needs at a time: what is read, encrypted and written.
const uploadMemory = 1 << 20

// bringsContent reports whether the body of a request is the content of a Binary by
// itself, and not a resource in one of FHIR's formats.
func (s *Server) bringsContent(r *http.Request, x *exchange) bool {
	switch x.interaction {
	case "create", "update", "update-conditional":
	default:
		return false
	}
	if s.config.Contents == nil || x.nested || x.resourceType != "Binary" || r.Header.Get("Content-Type") == "" {
		return false
	}
	_, err := s.contentCodec(r.Header.Get("Content-Type"))
	return err != nil
}

// receiveContent returns a body that is small, and keeps another one as it arrives.
func (s *Server) receiveContent(r *http.Request, x *exchange) ([]byte, error) {
	if r.ContentLength > s.config.MaxContent {
		return nil, s.contentTooLarge()
	}
	packed := &paced{from: r.Body, exchange: x, start: time.Now(), limit: s.config.Timeout}
	body, err := unpacked(r, packed)
	if err != nil {
		return nil, packed.explain(r, "The body is not gzip, as its Content-Encoding says.", err)
	}
	const cut = "The body could not be read to its end."
	head := make([]byte, fhir.LargeContent)
	for n := 0; n < len(head); {
		m, err := body.Read(head[n:])
		n += m
		if errors.Is(err, io.EOF) {
			packed.done()
			return head[:n], nil
		}
		if err != nil {
			return nil, packed.explain(r, cut, err)
		}
	}
	if err := x.claim.take(r.Context(), uploadMemory); err != nil {
		return nil, err
	}
	in := &uploaded{r: io.MultiReader(bytes.NewReader(head), body), most: s.config.MaxContent, tooLarge: s.contentTooLarge}
	content, release, err := s.config.Contents.KeepContent(r.Context(), in)
	switch {
	case in.err != nil && errors.As(in.err, new(*fhir.Error)):
		return nil, in.err
	case in.err != nil:
		return nil, packed.explain(r, cut, in.err)
	case err != nil:
		return nil, err
	}
	x.brought = &brought{content, release}
	packed.done()
	return nil, nil
}

func (s *Server) contentTooLarge() error {
	return fhir.E("decode", fhir.TooLong, fhir.Issue{
		Message: "The content is larger than the server takes.", Expected: fmt.Sprintf("at most %d bytes, unpacked", s.config.MaxContent),
		Fix: "Send it in several Binaries, such as a page in each.",
	})
}

// uploaded is a body that knows why it ended early, and how large it may be.
type uploaded struct {
	r        io.Reader
	most     int64
	tooLarge func() error
	err      error
}

func (s *uploaded) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	if s.most -= int64(n); s.most < 0 {
		err = s.tooLarge()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// contentOf opens what a Binary holds.
func (s *Server) contentOf(c *gin.Context, r *fhir.Resource) (*document, int64, error) {
	if content, refers := fhir.ContentOf(r.Root()); refers && s.config.Contents != nil {
		in, err := s.config.Contents.OpenContent(context.WithoutCancel(c.Request.Context()), content)
		return &document{ReadSeekCloser: in}, content.Size, err
	}
	data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(r.Get("data").Text()), ""))
	return &document{ReadSeekCloser: unclosed{bytes.NewReader(data)}}, int64(len(data)), err
}

// document is a content that knows why it could not be read.
type document struct {
	io.ReadSeekCloser
	failed error
}

func (d *document) Read(b []byte) (int, error) {
	n, err := d.ReadSeekCloser.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		d.failed = err
	}
	return n, err
}

type unclosed struct{ io.ReadSeeker }

func (unclosed) Close() error { return nil }

// brokenOff ends an answer that cannot be completed: nobody takes a part for the whole.
func (s *Server) brokenOff(c *gin.Context, err error) error {
	if !c.Writer.Written() {
		return err
	}
	s.report(c.Request, err)
	panic(http.ErrAbortHandler)
}

// sendWhole answers with a Binary that has the data to which it refers, in parts. It
// reports false for what is answered as it is: another format than FHIR's, what does not
// refer to a content, what is a part of a Bundle, and what the caller is not shown whole.
func (s *Server) sendWhole(c *gin.Context, text []byte) (bool, error) {
	x := exchangeOf(c)
	if x.nested || s.config.Contents == nil || x.format.codec == &htmlCodec || x.interaction != "read" && x.interaction != "vread" {
		return false, nil
	}
	if hidden := x.identity.Hidden; hidden != nil && hidden.Replace("Binary") != nil {
		return false, nil
	}
	r, err := fhir.Parse(text)
	if err != nil {
		return false, err
	}
	content, refers := fhir.ContentOf(r.Root())
	if !refers {
		return false, nil
	}
	mark := "data" + rand.Text()
	body, err := x.format.encode(fhir.WithData(r, mark).JSON())
	if err != nil {
		return false, err
	}
	head, tail, found := bytes.Cut(body, []byte(mark))
	if !found {
		return false, fmt.Errorf("server: the data of a Binary is not in %s", x.format.codec.Name)
	}
	in, err := s.config.Contents.OpenContent(context.WithoutCancel(c.Request.Context()), content)
	if err != nil {
		return false, err
	}
	defer func() { _ = in.Close() }()
	h := c.Writer.Header()
	h.Set("Content-Type", x.format.contentType())
	h.Set("Content-Length", strconv.FormatInt(int64(len(head)+len(tail))+(content.Size+2)/3*4, 10))
	h.Set(gzhttp.HeaderNoCompression, "1") // it is as long as it is said to be
	c.Writer.WriteHeader(http.StatusOK)
	if c.Request.Method == http.MethodHead {
		return true, nil
	}
	w := &steady{ResponseWriter: c.Writer, x: x, limit: s.config.Timeout}
	if _, err := w.Write(head); err != nil {
		return true, nil //nolint:nilerr // the client went away: nobody is left to tell
	}
	d := &document{ReadSeekCloser: in}
	encoder := base64.NewEncoder(base64.StdEncoding, w)
	if _, err := io.CopyBuffer(encoder, onlyReader{d}, make([]byte, 96<<10)); err == nil && encoder.Close() == nil {
		_, _ = w.Write(tail)
	}
	if d.failed != nil {
		return true, s.brokenOff(c, d.failed)
	}
	return true, nil
}

type onlyReader struct{ io.Reader }

// steady is an answer of any size: its reader has the time for each part of it that there
// is for a whole answer of the usual size.
type steady struct {
	gin.ResponseWriter
	x     *exchange
	limit time.Duration
	set   time.Time
}

func (w *steady) Write(b []byte) (int, error) {
	if now := time.Now(); now.Sub(w.set) > time.Second {
		w.set = now
		w.x.answerBy(2 * w.limit)
	}
	return w.ResponseWriter.Write(b)
}
