package fhirpath

import "sync"

// cacheSize bounds how many expressions [Cached] keeps. All R4 invariants and
// search parameters together are some 1,500.
const cacheSize = 4096

var cache struct {
	sync.RWMutex
	exprs map[string]*Expr
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
	if len(cache.exprs) >= cacheSize || cache.exprs == nil {
		cache.exprs = make(map[string]*Expr)
	}
	cache.exprs[src] = e
	return e, nil
}
