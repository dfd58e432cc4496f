package main

import (
	"bytes"
	"context"
	"net/http"
	"regexp"
	"strconv"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
)

// A transaction of folded documents is closed when it has so many, or so many
// bytes: enough that a commit costs little, and little to do again where one of
// them is refused.
const (
	foldCount = 100
	foldBytes = 256 << 10
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

// together stores documents in one transaction. Where it is refused, those that
// the answer blames are set aside, and each half of the others is tried: an answer
// may blame only the first of many.
func (l *loader) together(ctx context.Context, list []folded) {
	switch len(list) {
	case 0:
		return
	case 1:
		l.alone(ctx, list[0])
		return
	}
	answer := l.request(ctx, http.MethodPost, server.Bases[0], transactionOf(list))
	if answer.Code < http.StatusBadRequest {
		l.stored.Add(int64(len(list)))
		return
	}
	good, bad := parted(list, answer.Body.Bytes())
	l.apart(ctx, bad)
	l.together(ctx, good[:len(good)/2])
	l.together(ctx, good[len(good)/2:])
}

// apart sets documents aside for another try: most lack what others bring. In the
// last one each is sent alone, so that it is told what is wrong with it.
func (l *loader) apart(ctx context.Context, list []folded) {
	for _, f := range list {
		if !l.postpone(f.document) {
			l.alone(ctx, f)
		}
	}
}

var entryPlace = regexp.MustCompile(`^Bundle\.entry\[(\d+)\]`)

// parted are the documents of a refused transaction that its OperationOutcome
// does not blame, and those that it does. An outcome that blames anything but
// entries tells nothing.
func parted(list []folded, outcome []byte) (good, bad []folded) {
	r, err := fhir.Parse(outcome)
	if err != nil {
		return list, nil
	}
	blamed := map[int]bool{}
	for issue := range r.Get("issue").Items() {
		if s := issue.Get("severity").Text(); s != "error" && s != "fatal" {
			continue
		}
		place := entryPlace.FindStringSubmatch(issue.Get("expression").Item(0).Text())
		if place == nil {
			return list, nil
		}
		i, err := strconv.Atoi(place[1])
		if err != nil || i >= len(list) {
			return list, nil
		}
		blamed[i] = true
	}
	for i, f := range list {
		if blamed[i] {
			bad = append(bad, f)
		} else {
			good = append(good, f)
		}
	}
	return good, bad
}

func (l *loader) alone(ctx context.Context, f folded) {
	l.count(f.document, false, l.request(ctx, f.method, server.Bases[0]+"/"+f.path, f.text))
}
