package store

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// inspect has all bytes of a resource inspected that it holds as base64.
func (db *DB) inspect(ctx context.Context, r *fhir.Resource) (err error) {
	if db.opts.Inspect == nil {
		return nil
	}
	eachPrimitive(r.Root(), nil, func(n fhir.Node, holder *r4.Type, p *r4.Property) {
		if err != nil || p.Type != "base64Binary" || strings.HasPrefix(n.Name(), "_") {
			return
		}
		e := db.opts.Inspect(ctx, decoded(strings.Join(strings.Fields(n.Text()), "")))
		if errors.As(e, new(base64.CorruptInputError)) || errors.Is(e, io.ErrUnexpectedEOF) {
			e = fhir.E("inspect", fhir.Structure, fhir.Issue{Message: "This is not base64.", Expected: "base64 (RFC 4648)"})
		}
		if e != nil {
			err = placedAt(e, n.Expression())
		}
	})
	return err
}

// placedAt says in the issues of an error that have no place where they are.
func placedAt(err error, expression string) error {
	e, known := asError(err)
	if !known {
		return err
	}
	placed := *e
	placed.Issues = slices.Clone(e.Issues)
	for i := range placed.Issues {
		if placed.Issues[i].Expression == "" {
			placed.Issues[i].Expression = expression
		}
	}
	return &placed
}

// inspecting has what is read inspected at the same time: its end is that of the
// inspection.
func (db *DB) inspecting(ctx context.Context, r io.Reader) *inspected {
	ctx, cancel := context.WithCancel(ctx)
	out, in := io.Pipe()
	i := &inspected{r: r, w: in, cancel: cancel, done: make(chan error, 1)}
	go func() {
		err := db.opts.Inspect(ctx, out)
		if err != nil {
			_ = out.CloseWithError(err)
		} else {
			_, err = io.Copy(io.Discard, out) // what need not be inspected
		}
		i.done <- err
	}()
	return i
}

type inspected struct {
	r      io.Reader
	w      *io.PipeWriter
	cancel func()
	done   chan error
}

func (i *inspected) Read(b []byte) (int, error) {
	n, err := i.r.Read(b)
	if n > 0 {
		if _, e := i.w.Write(b[:n]); e != nil {
			return 0, e
		}
	}
	if err == io.EOF {
		_ = i.w.Close()
		e := <-i.done
		i.done <- e // for a further call
		if e != nil {
			return n, e
		}
	}
	return n, err
}

// close ends the inspection of what is not read to its end.
func (i *inspected) close() {
	_ = i.w.CloseWithError(io.ErrUnexpectedEOF)
	i.cancel()
	i.done <- <-i.done
}
