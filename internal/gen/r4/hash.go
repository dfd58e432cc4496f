package main

// hashTable finds a seed and size under which no two names fall together; see
// r4.Type.Property. A byte holds 1 + the place of the name, 0 is free.
func hashTable(names []string) (seed uint32, index string) {
	if len(names) > 254 {
		panic("r4: a type has more than 254 properties")
	}
	for size := 2; ; size *= 2 {
		if size < 2*len(names) {
			continue
		}
		for seed := uint32(1); seed < 4000; seed++ {
			if table, ok := place(names, seed, size); ok {
				return seed, table
			}
		}
	}
}

func place(names []string, seed uint32, size int) (string, bool) {
	table := make([]byte, size)
	for i, name := range names {
		at := hash(name, seed) & uint32(size-1)
		if table[at] != 0 {
			return "", false
		}
		table[at] = byte(i + 1)
	}
	return string(table), true
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
