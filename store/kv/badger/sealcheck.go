package badger

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
)

// span is the seals that a file holds: of its first and last transaction.
type span struct{ first, last seal }

func (s *span) add(next seal) {
	if s.last.Count == 0 {
		s.first = next
	}
	s.last = next
}

// readSeal reads the seal and compares it with the record.
func (f *folder) readSeal() {
	s, there, err := readSeal(f.dir)
	recorded := f.record != nil && f.record.ID != ""
	switch {
	case err != nil:
		f.problem("%s is damaged: %v", sealName, err)
	case there && recorded && f.record.ID != s.id():
		f.problem("%s and %s are of two databases", sealName, recordName)
	case there:
		f.seal = &s
	case recorded:
		f.problem("%s is missing, which says how many transactions the database has", sealName)
	}
}

// checkSeal compares what the tables and logs hold with the seal: nothing is
// missing between them or at the end, and all is of one database.
func (f *folder) checkSeal() {
	held := f.heldSeal()
	if f.problems != nil {
		return
	}
	switch {
	case f.seal == nil && held.Count > 1: // at 1 the process was killed when it made the database
		f.problem("%s is missing, which says how many transactions the database has", sealName)
	case f.seal == nil:
	case f.record == nil && held.Count > 1:
		f.problem("%s is missing or damaged, which records what the folder consists of", recordName)
	case held.Count == 0 && f.seal.Count <= 1:
	case held.Count < f.seal.Count:
		f.problem("the newest %d of %d transactions are missing: a table or a log of writes is damaged, or an older copy", f.seal.Count-held.Count, f.seal.Count)
	case held.ID != f.seal.ID:
		f.problem("%s is of another database than the tables and logs", sealName)
	case held.Count > f.seal.Count && !f.running():
		f.problem("%s counts %d transactions and the tables hold %d: it is an older copy, or they are newer", sealName, f.seal.Count, held.Count)
	}
}

// heldSeal is the newest seal of the tables and of the logs of writes that
// continue them.
func (f *folder) heldSeal() seal {
	held := f.tableSeal
	for _, name := range f.logs() {
		logged, err := f.sealsIn(filepath.Join(f.dir, name))
		switch {
		case err != nil:
			f.problem("the log %s cannot be read: %v", name, err)
		case logged.last.Count == 0:
		case held.Count > 0 && logged.last.ID != held.ID:
			f.problem("the log %s is of another database", name)
		case logged.first.Count > held.Count+1:
			f.problem("transactions %d to %d are missing: the log of writes before %s is missing or damaged, or MANIFEST is cut and does not name the table that holds them", held.Count+1, logged.first.Count-1, name)
			held = logged.last
		case logged.last.Count > held.Count:
			held = logged.last
		}
	}
	return held
}

// logs are the logs of writes, oldest first.
func (f *folder) logs() (names []string) {
	for name := range f.files {
		if _, ok := numberOf(name, memtableExt); ok {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		m, _ := numberOf(a, memtableExt)
		n, _ := numberOf(b, memtableExt)
		return int(m) - int(n)
	})
	return names
}

// sealsIn reads the seals of a log of writes, as far as it is complete.
func (f *folder) sealsIn(path string) (s span, err error) {
	b, err := f.validLog(path)
	if err != nil || len(b) <= logHeader {
		return s, err
	}
	decrypt, err := f.decrypter(b)
	if err != nil {
		return s, err
	}
	for at := logHeader; at < len(b); {
		size, _, key, value, ok := logEntry(b[at:], at, decrypt)
		if !ok {
			return s, fmt.Errorf("an entry is damaged")
		}
		if len(key) == len(sealKey)+8 && bytes.HasPrefix(key, sealKey) {
			if next, ok := sealOf(value); ok {
				s.add(next)
			}
		}
		at += size
	}
	return s, nil
}
