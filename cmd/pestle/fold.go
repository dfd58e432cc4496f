package main

import (
	"bytes"
	"context"
	"net/http"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
)

// A transaction of folded documents is closed when it has so many, or so many
// bytes: enough that a commit costs little, and little to do again where one of
// them is refused.
const (
	foldCount = 200
	foldBytes = 512 << 10
	// foldMemory is how many documents are remembered before all are waited for.
	foldMemory = 50_000
)

// fold puts single resources together into transactions, several of which are
// under way at a time. Two of one resource are stored in their order. It is safe
// for concurrent use.
type fold struct {
	send  func(context.Context, []folded)
	ctx   context.Context
	group errgroup.Group

	mu    sync.Mutex
	list  []folded
	bytes int
	seen  map[string]bool // what was added since all was waited for
}

// folded is a document with the request that stores it.
type folded struct {
	document
	method, path string
	text         []byte
}

func newFold(ctx context.Context, atOnce int, send func(context.Context, []folded)) *fold {
	f := &fold{ctx: ctx, send: send, seen: map[string]bool{}}
	f.group.SetLimit(max(1, atOnce))
	return f
}

// add takes a document. It blocks while enough others are under way.
func (f *fold) add(d folded) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if d.method == http.MethodPut {
		if f.seen[d.path] || len(f.seen) >= foldMemory {
			f.settle()
		}
		f.seen[d.path] = true
	}
	f.list = append(f.list, d)
	f.bytes += len(d.text)
	if len(f.list) >= foldCount || f.bytes >= foldBytes {
		f.cut()
	}
}

// wait stores all that was added.
func (f *fold) wait() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.settle()
}

func (f *fold) settle() {
	f.cut()
	_ = f.group.Wait() // no function of the group fails
	clear(f.seen)
}

func (f *fold) cut() {
	list := f.list
	if len(list) == 0 {
		return
	}
	f.list, f.bytes = nil, 0
	f.group.Go(func() error {
		f.send(f.ctx, list)
		return nil
	})
}

// foldedOf is the request that stores a resource as it is.
func foldedOf(d document, r *fhir.Resource) folded {
	f := folded{document: d, method: http.MethodPost, path: r.Type(), text: r.JSON()}
	if r.ID() != "" {
		f.method, f.path = http.MethodPut, r.Type()+"/"+r.ID()
	}
	return f
}

// transactionOf is a Bundle that stores all.
func transactionOf(list []folded) []byte {
	var b bytes.Buffer
	b.WriteString(`{"resourceType":"Bundle","type":"transaction","entry":[`)
	for i, f := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"resource":`)
		b.Write(f.text)
		b.WriteString(`,"request":`)
		b.Write(fhir.Obj("method", f.method, "url", f.path).JSON())
		b.WriteByte('}')
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// together stores documents in one transaction. Where it is refused each half is
// tried by itself, down to the documents that are to blame.
func (l *loader) together(ctx context.Context, list []folded) {
	if len(list) == 1 {
		l.alone(ctx, list[0])
		return
	}
	answer := l.request(ctx, http.MethodPost, server.Bases[0], transactionOf(list))
	if answer.Code < http.StatusBadRequest {
		l.stored.Add(int64(len(list)))
		return
	}
	l.together(ctx, list[:len(list)/2])
	l.together(ctx, list[len(list)/2:])
}

func (l *loader) alone(ctx context.Context, f folded) {
	l.count(f.document, false, l.request(ctx, f.method, server.Bases[0]+"/"+f.path, f.text))
}
