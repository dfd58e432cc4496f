package fhir

import (
	"sync"
	"unsafe"
)

// Keep has the version parse its JSON once, and remember what [Made] makes of it,
// as long as the version is held: it is for versions that are read many times. It
// must be called before others have the version. Copies share what is kept.
func (v *Version) Keep() {
	if v.Method != Delete && v.Damage == "" {
		v.kept = &kept{json: unsafe.SliceData(v.JSON)}
	}
}

// Bare returns the version without what it keeps, for those who hold it long.
func (v *Version) Bare() *Version {
	if v == nil || v.kept == nil {
		return v
	}
	bare := *v
	bare.kept = nil
	return &bare
}

// kept is what was made of the JSON of a version. It is safe for concurrent use.
type kept struct {
	json *byte // where the JSON begins that it is made of

	parsed   sync.Once
	resource *Resource
	err      error

	mu   sync.Mutex
	made map[any]any // by type
}

// keeps reports whether what is kept is of the version's JSON.
func (v *Version) keeps() bool { return v.kept != nil && v.kept.json == unsafe.SliceData(v.JSON) }

func (k *kept) parse(json []byte) (*Resource, error) {
	k.parsed.Do(func() { k.resource, k.err = Parse(json) })
	return k.resource, k.err
}

// Made returns what f makes of a version: one T for each version that was kept,
// see [Version.Keep]. It must follow from the version alone, and must not be
// changed afterwards.
func Made[T any](v *Version, f func(*Version) (T, error)) (T, error) {
	if !v.keeps() {
		return f(v)
	}
	key := any((*T)(nil))
	v.kept.mu.Lock()
	had, ok := v.kept.made[key].(T)
	v.kept.mu.Unlock()
	if ok {
		return had, nil
	}
	made, err := f(v)
	if err != nil {
		return made, err
	}
	v.kept.mu.Lock()
	defer v.kept.mu.Unlock()
	if v.kept.made == nil {
		v.kept.made = map[any]any{}
	}
	v.kept.made[key] = made
	return made, nil
}
