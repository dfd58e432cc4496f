package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/auth"
)

// jobFile sends a file of an export, page by page as it is read. Each page is recorded
// in the audit log before it is sent.
func (s *Server) jobFile(c *gin.Context) error {
	x := exchangeOf(c)
	one, err := s.jobs.find(c.Param("job"), x.caller(), s.now())
	if err != nil {
		return err
	}
	if x.identity.Roles != nil && !x.identity.Roles.AllowOperation("$export", "") {
		return beyondRole("$export")
	}
	one.mu.Lock()
	e, done := one.Export, one.Done
	one.mu.Unlock()
	n, err := strconv.Atoi(c.Param("file"))
	if err != nil || e == nil || !done || n < 1 || n > len(e.Files) || strconv.Itoa(n) != c.Param("file") {
		return fhir.E("export", fhir.NotFound, fhir.Issue{Message: "The job has no such file.", Found: c.Param("file"), Fix: "The manifest at its status address lists them."})
	}
	f := e.Files[n-1]
	r, err := s.exporting(c.Request.Context(), x, e)
	if err != nil {
		return err
	}
	if f.Kind != notesFile {
		for _, p := range []byte("rs") {
			if err := x.permitSome(f.Type, auth.Permission(p)); err != nil {
				return err
			}
		}
	}
	c.Header("Content-Type", ndjson)
	c.Header("Expires", one.Expires.UTC().Format(http.TimeFormat))
	if c.Request.Method == http.MethodHead {
		c.Writer.WriteHeader(http.StatusOK)
		return nil
	}
	if f.Kind == notesFile {
		_, _ = c.Writer.Write(append(e.Notes, '\n'))
		return nil
	}
	return s.stream(c, r, f)
}

// stream writes the pages of a file. What fails after the first byte breaks the
// connection off, so that nobody takes a part for the whole.
func (s *Server) stream(c *gin.Context, r *exporter, f exportFile) error {
	x := exchangeOf(c)
	var out bytes.Buffer
	held := int64(0)
	at, begun := f.From, false
	failed := func(err error) error {
		if !begun {
			return err
		}
		s.report(c.Request, err)
		panic(http.ErrAbortHandler)
	}
	for range f.Pages {
		if errors.Is(c.Request.Context().Err(), context.Canceled) {
			panic(http.ErrAbortHandler) // nobody is left to tell
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), s.config.Timeout)
		found, next, err := r.page(ctx, at)
		if err == nil {
			if n := size(found); n > held {
				err = x.hold(ctx, n-held)
				held = n
			}
		}
		if err == nil && len(found) > 0 {
			x.shown = nil
			out.Reset()
			err = r.write(&out, f, found)
		}
		if err == nil && begun && len(found) > 0 && x.trail != nil { // the first page is recorded as every answer is
			if a, needed := s.access(c.Request, x, http.StatusOK); a != nil {
				if e := s.config.Audit.Record(ctx, a); e != nil && needed {
					err = unrecorded(e)
				}
			}
		}
		cancel()
		if err != nil {
			return failed(err)
		}
		if at = next; len(found) == 0 || out.Len() == 0 {
			continue
		}
		x.answerBy(2 * s.config.Timeout)
		if !begun {
			c.Writer.WriteHeader(http.StatusOK)
			begun = true
		}
		if _, err := c.Writer.Write(out.Bytes()); err != nil {
			return nil //nolint:nilerr // the client went away: nobody is left to tell
		}
		out.Reset()
	}
	if !begun {
		c.Writer.WriteHeader(http.StatusOK)
	}
	return nil
}

// write adds the lines of a page to a file.
func (r *exporter) write(out *bytes.Buffer, f exportFile, found []*fhir.Version) error {
	for _, v := range found {
		if (v.Damage != "") != (f.Kind == errorFile) {
			continue
		}
		r.x.show(v)
		text, err := r.line(f, v)
		if err != nil {
			return err
		}
		if err := json.Compact(out, text); err != nil {
			return err
		}
		out.WriteByte('\n')
	}
	return nil
}

func (r *exporter) line(f exportFile, v *fhir.Version) ([]byte, error) {
	switch f.Kind {
	case errorFile:
		return damagedOutcome(v).JSON(), nil
	case deletedFile:
		return fhir.Obj("resourceType", "Bundle", "type", "transaction", "entry", fhir.List(fhir.Obj(
			"request", fhir.Obj("method", "DELETE", "url", v.Ref())))).JSON(), nil
	}
	text, err := r.parts[v.Type].of(v.JSON)
	if err != nil || r.x.identity.Hidden == nil {
		return text, err
	}
	return r.x.identity.Hidden.Answer(text)
}
