package store

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
)

// extracted checks that every index row of a resource is there and holds for the
// commits for which it should, by extracting its versions again.
func (c *checker) extracted(typ, ref string, r rid, versions []*fhir.Version) {
	if c.a.Stale {
		return
	}
	rows, err := c.rows(typ, r, versions)
	if err != nil {
		c.wrong(ref, "%s: %v", ref, err)
		c.a.Partial = true
		return
	}
	c.a.Rows += len(rows)
	for _, row := range rows {
		c.row(ref, row)
	}
}

// row checks that one row is stored as it was extracted.
func (c *checker) row(ref string, want kv.Op) {
	value, ok, err := c.v.r.Get(want.Key)
	switch {
	case err != nil:
		c.wrong(ref, "%s: its %s cannot be read: %v", ref, rowName(want.Key), err)
	case !ok:
		c.wrong(ref, "%s: its %s is missing, so searches do not find it", ref, rowName(want.Key))
	case !bytes.Equal(c.asOf(value), want.Value):
		c.wrong(ref, "%s: its %s ends %s, the versions say %s, so searches find it at the wrong time", ref, rowName(want.Key), ending(value), ending(want.Value))
	}
	if ok {
		c.a.Derived[paramOf(want.Key)] = c.a.Derived[paramOf(want.Key)].with(want.Key)
	}
}

// asOf is the value of a row as it was at the commit of the audit.
func (c *checker) asOf(value []byte) []byte {
	if len(value) == seqLen && fhir.Seq(getUint(value)) > c.a.AsOf {
		return holds
	}
	return value
}

func ending(value []byte) string {
	switch len(value) {
	case 0:
		return "never"
	case seqLen:
		return fmt.Sprintf("with commit %d", getUint(value))
	}
	return fmt.Sprintf("with %x, which is not a commit", value)
}

// splitKey takes the key of an index row apart; ok is false where it cannot be
// one.
func splitKey(key []byte) (typ, param string, entry []byte, r rid, from fhir.Seq, ok bool) {
	t, rest, one := bytes.Cut(key[min(1, len(key)):], []byte{0})
	p, rest, two := bytes.Cut(rest, []byte{0})
	if !one || !two || len(rest) < ridLen+seqLen {
		return "", "", nil, 0, 0, false
	}
	entry, r, from = splitRow(rest, 0)
	return string(t), string(p), entry, r, from, true
}

// rowName describes an index row.
func rowName(key []byte) string {
	_, param, entry, _, from, ok := splitKey(key)
	if !ok {
		return fmt.Sprintf("index row %x", key)
	}
	return fmt.Sprintf("index row of %s %q from commit %d", param, entry, from)
}

// paramOf is the prefix of the parameter of an index row, as text; "" where the
// key is none of a row.
func paramOf(key []byte) string {
	typ, param, _, _, _, ok := splitKey(key)
	if !ok {
		return ""
	}
	return string(keyParam(typ, param))
}

func (s rowSum) with(key []byte) rowSum {
	h := fnv.New64a()
	_, _ = h.Write(key) // it never fails
	return rowSum{s.N + 1, s.Sum + h.Sum64()}
}

// index adds up the rows that are stored. Where they are not those that were
// extracted, there are too many: what is missing is found and not added up.
func (c *checker) index() (through bool, err error) {
	a := c.a
	through, err = c.between([]byte{tableIndex}, after([]byte{tableCustom}), func(key, _ []byte) error {
		_, _, _, _, from, ok := splitKey(key)
		if key[0] == tableCustom && !a.Own[ownPrefix(key)] {
			c.unknown(key)
			return nil
		}
		if !ok || from <= a.AsOf {
			a.Stored[paramOf(key)] = a.Stored[paramOf(key)].with(key)
		}
		return nil
	})
	if !through || err != nil || a.Partial || a.Stale {
		return through, err
	}
	for param, sum := range a.Stored {
		gone := strings.HasPrefix(param, string(tableCustom)) && !a.Own[ownPrefix([]byte(param))]
		if sum != a.Derived[param] && !gone {
			a.Strays = append(a.Strays, []byte(param))
		}
	}
	slices.SortFunc(a.Strays, bytes.Compare)
	return true, nil
}

// strays names the rows that no version has, of the parameters of which there are
// too many.
func (c *checker) strays() (through bool, err error) {
	for len(c.a.Strays) > 0 {
		prefix := c.a.Strays[0]
		through, err := c.each(cmpOr(prefix, []byte{tableIndex}), func(key, _ []byte) error {
			if paramOf(key) == string(prefix) {
				return c.stray(key)
			}
			return nil
		})
		if !through || err != nil {
			return false, err
		}
		c.a.Strays, c.a.Next = c.a.Strays[1:], nil
	}
	return true, nil
}

// cmpOr is the first that is not empty.
func cmpOr(a, b []byte) []byte {
	if len(a) > 0 {
		return a
	}
	return b
}

// stray checks that a version has given an index row.
func (c *checker) stray(key []byte) error {
	typ, _, _, r, from, ok := splitKey(key)
	if !ok {
		c.wrong("", "the index has a row %x that cannot be read", key)
		return nil
	}
	if from > c.a.AsOf {
		return nil
	}
	versions, err := c.v.versions(typ, r)
	if err != nil {
		return err
	}
	if versions = upTo(versions, c.a.AsOf); len(versions) == 0 {
		c.wrong(c.named(place{typ, r, 0}), "the index has a row without a resource: the %s is of %s number %d, which does not exist, so searches fail", rowName(key), typ, r)
		return nil
	}
	if belongs, err := c.belongs(typ, r, versions, key); belongs || err != nil {
		return err
	}
	ref := versions[0].Ref()
	c.wrong(ref, "%s: it has an %s that no version of it gives, so searches find it wrongly", ref, rowName(key))
	return nil
}

// maxKnown is for how many resources the rows are kept.
const maxKnown = 1000

// belongs reports whether a row is one of those that the versions give.
func (c *checker) belongs(typ string, r rid, versions []*fhir.Version, key []byte) (bool, error) {
	of := string(keyVersions(typ, r))
	if c.known[of] == nil {
		rows, err := c.rows(typ, r, versions)
		if err != nil {
			return false, err
		}
		if c.known == nil || len(c.known) == maxKnown {
			c.known = map[string]map[string]bool{}
		}
		c.known[of] = map[string]bool{}
		for _, row := range rows {
			c.known[of][string(row.Key)] = true
		}
	}
	return c.known[of][string(key)], nil
}
