package fhirpath

import "sync"

// cacheSize bounds the source text of the expressions that [Cached] keeps, in
// bytes; compiled, one takes some 70 times as much at worst. All R4 invariants
// and search parameters together are some 1,500 expressions of 65 kB.
const cacheSize = 1 << 20

var cache struct {
	sync.RWMutex
	exprs map[string]*Expr
	size  int // bytes of their source text
}

// Cached is [Compile] that remembers the expressions it compiled. When the
// cache is full it starts anew, so that expressions from outside cannot fill
// the memory.
func Cached(src string) (*Expr, error) {
	cache.RLock()
	e := cache.exprs[src]
	cache.RUnlock()
	if e != nil {
		return e, nil
	}
	e, err := Compile(src)
	if err != nil {
		return nil, err
	}
	cache.Lock()
	defer cache.Unlock()
	if cache.size += len(src); cache.size > cacheSize || cache.exprs == nil {
		cache.exprs, cache.size = make(map[string]*Expr), len(src)
	}
	cache.exprs[src] = e
	return e, nil
}
