package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// heapMemory is what the memory that the runtime manages is kept within as long
// as no more is in use. The runtime alone lets garbage grow to the size of what
// is in use, and more in the buffers of a compaction, which are large and short
// of life.
const heapMemory = 224 << 20

// boundMemory keeps garbage small until it is stopped: all that the runtime
// manages within memory, or, where more than that is in use, within half
// as much again as what is, so that collection never takes most of the processors. It leaves
// the settings of an operator, GOGC and GOMEMLIMIT, alone.
func boundMemory(memory int64) (stop func()) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	var mu sync.Mutex
	stopped := false
	percent, own := debug.SetGCPercent(garbage), debug.SetMemoryLimit(-1)
	limit := own
	afterCollections(func() bool {
		mu.Lock()
		defer mu.Unlock()
		if next := memoryLimit(memory); next != limit && !stopped {
			limit = next
			debug.SetMemoryLimit(limit)
		}
		return !stopped
	})
	return func() {
		mu.Lock()
		defer mu.Unlock()
		stopped = true
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(own)
	}
}

// garbage is how much may lie about before a collection, in percent of what is in
// use, as long as that fits.
const garbage = 200

// memoryLimit is the limit for what is in use now, in steps of 16 MB.
func memoryLimit(memory int64) int64 {
	const step = 16 << 20
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"}, {Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/heap/unused:bytes"}}
	metrics.Read(sample)
	value := func(i int) int64 { return int64(sample[i].Value.Uint64()) } //nolint:gosec // bytes of this machine
	live, beside := value(0), value(1)-value(2)-value(3)-value(4)-value(5)
	return max(memory, (live+live/2+beside+step-1)/step*step)
}

// afterCollections calls f now and after each collection, as long as it returns
// true.
func afterCollections(f func() bool) {
	type mark struct{ _ [64]byte } // collected each time
	var again func(*mark)
	again = func(m *mark) {
		if f() {
			runtime.SetFinalizer(m, again)
		}
	}
	again(new(mark))
}
