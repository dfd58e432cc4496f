package store

import (
	"sync"

	"github.com/pestle-fhir/pestle/fhir"
)

// hot keeps the versions that were written or read lately, each parsed at most
// once: guards, operations and followers read the same few again and again. A
// version never changes but by a purge, after which it is not kept, and which one is current at a sequence is always read, so
// nothing in it can be stale; only what is durable is added. The zero value is
// empty; nil keeps nothing.
type hot struct {
	mu         sync.Mutex
	young, old map[place]*fhir.Version
	size       int            // bytes of young
	hits       uint64         // of get
	misses     uint64         // likewise
	barred     map[place]bool // purged: who reads an older state may still have the content
}

// Bounds of what is kept: young becomes old when it has so many bytes, and the
// old ones are forgotten. One that is large is not kept.
const (
	hotSize    = 4 << 20
	hotVersion = 256 << 10
	hotEntry   = 512 // bytes of a version beside its JSON, about
)

// get returns a version, nil where it is not kept.
func (h *hot) get(p place) *fhir.Version {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if v := h.young[p]; v != nil {
		h.hits++
		return v
	}
	v := h.old[p]
	if v == nil {
		h.misses++
		return nil
	}
	h.hits++
	h.put(p, v)
	return v
}

// asked is how often a version was kept that was asked for, and how often not.
func (h *hot) asked() (hits, misses uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hits, h.misses
}

// add keeps a version that is durable.
func (h *hot) add(p place, v *fhir.Version) {
	if h == nil || len(v.JSON) > hotVersion {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.put(p, v)
}

// forget drops versions that were purged, and keeps them no more.
func (h *hot) forget(purged []place) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range purged {
		if h.barred == nil {
			h.barred = map[place]bool{}
		}
		h.barred[p] = true
		delete(h.young, p)
		delete(h.old, p)
	}
}

func (h *hot) put(p place, v *fhir.Version) {
	if h.barred[p] {
		return
	}
	if h.young == nil || h.size >= hotSize {
		h.young, h.old, h.size = map[place]*fhir.Version{}, h.young, 0
	}
	h.young[p] = v
	h.size += len(v.JSON) + hotEntry
}

// fresh are versions that are not durable yet: others may come to be in their
// places.
type fresh map[place]*fhir.Version
