//go:build cluster

package cluster

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// input is an operation on one key: a read of its versions, a write that holds for the
// versions that it names, or a create that makes the resource where there is none.
type input struct {
	key      string
	kind     string // read, write, create
	versions [2]int // of the resources of the key; a counter has one
}

// output is what was answered.
type output struct {
	unknown  bool
	done     bool // the write held
	versions [2]int
	id       string // of a create
}

// state is that of a key.
type state struct {
	versions [2]int
	id       string
}

// model says what a single server with one commit after the other would answer.
var model = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		by := map[string][]porcupine.Operation{}
		for _, o := range history {
			by[o.Input.(input).key] = append(by[o.Input.(input).key], o)
		}
		var out [][]porcupine.Operation
		for _, list := range by {
			out = append(out, list)
		}
		return out
	},
	Init: func() any { return state{versions: [2]int{1, 1}} },
	Step: func(was, in, out any) (bool, any) {
		s, i, o := was.(state), in.(input), out.(output)
		switch i.kind {
		case "read":
			return o.unknown || o.versions[0] == s.versions[0] && (o.versions[1] == 0 || o.versions[1] == s.versions[1]), s
		case "write":
			holds := i.versions == s.versions
			next := s
			if holds {
				next.versions[0]++
				if next.versions[1] > 0 {
					next.versions[1]++
				}
			}
			return o.unknown || o.done == holds, next
		}
		if o.unknown {
			if s.id == "" {
				s.id = "?"
			}
			return true, s
		}
		switch {
		case s.id == "" && o.done, s.id == "?" && !o.done:
			s.id = o.id
			return true, s
		}
		return !o.done && s.id == o.id, s
	},
	DescribeOperation: func(in, out any) string { return fmt.Sprintf("%+v -> %+v", in, out) },
}

// history is what clients did.
type history struct {
	mu    sync.Mutex
	began time.Time
	list  []porcupine.Operation
}

// note notes an operation. One whose outcome is not known may happen at any time to come;
// and a read of which nothing is known says nothing.
func (h *history) note(client int, in input, call time.Time, out output) {
	if out.unknown && in.kind == "read" {
		return
	}
	end := time.Since(h.began).Nanoseconds()
	if out.unknown {
		end = math.MaxInt64
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, porcupine.Operation{ClientId: client, Input: in, Call: call.Sub(h.began).Nanoseconds(), Output: out, Return: end})
}
