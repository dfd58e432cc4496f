package main

// hashTable finds a seed and size under which no two names fall together; see
// r4.Type.Property. A byte of the table holds 1 + the place of the name, so that
// there is room for 255 names.
func hashTable(names []string) (seed uint32, size int) {
	if len(names) > 254 {
		panic("r4: a type has more than 254 properties")
	}
	for size = 2; ; size *= 2 {
		if size < 2*len(names) {
			continue
		}
		for seed := uint32(1); seed < 4000; seed++ {
			if apart(names, seed, size) {
				return seed, size
			}
		}
	}
}

// apart reports whether every name has a place of its own.
func apart(names []string, seed uint32, size int) bool {
	taken := make([]bool, size)
	for _, name := range names {
		at := hash(name, seed) & uint32(size-1)
		if taken[at] {
			return false
		}
		taken[at] = true
	}
	return true
}

// hash is the one of package r4, which cannot be imported before its tables
// are written; a test there looks up every property.
func hash(name string, seed uint32) uint32 {
	h := seed
	for i := 0; i < len(name); i++ {
		h = (h ^ uint32(name[i])) * 0x01000193
	}
	return h ^ h>>15
}
