package store

import (
	"bytes"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store/kv"
)

// answering notes the stored SearchParameters that answer, whose rows are checked: those
// that do when the audit begins, as long as they do. What one of them has lost meanwhile
// is being made again, and the next audit checks it.
func (c *checker) answering(first bool) {
	if c.v.stored == nil {
		c.a.Own = nil
		return
	}
	now := map[string]bool{}
	var list []*search.Definition
	for _, one := range c.v.stored.List {
		of := *one.Of
		of.Types = nil
		for _, w := range one.Work {
			prefix := string(keyParam(w.Type, of.Param.Code))
			if !one.Gone && w.Phase == answering && (first || c.a.Own[prefix]) {
				now[prefix], of.Types = true, append(of.Types, w.Type)
			}
		}
		if len(of.Types) > 0 {
			list = append(list, &of)
		}
	}
	c.a.Own, c.own = now, search.NewCustom(list)
}

// rows are the index rows that the versions of a resource have, in both tables.
func (c *checker) rows(typ string, r rid, versions []*fhir.Version) ([]kv.Op, error) {
	rows, err := timeline(allEntries(c.ctx), typ, r, versions)
	if err != nil || len(c.own.Params(typ)) == 0 {
		return rows, err
	}
	own, err := timeline(storedEntries(c.own), typ, r, versions)
	return append(rows, own...), err
}

// ownPrefix is the prefix of the stored SearchParameter that a row is of, or the rows with a
// prefix, also where these are for a modifier.
func ownPrefix(key []byte) string {
	typ, rest, _ := bytes.Cut(key[1:], []byte{0})
	param, _, _ := bytes.Cut(rest, []byte{0})
	code, _, _ := bytes.Cut(param, []byte{':'})
	return string(keyParam(string(typ), string(code)))
}

// unknown tells of a row in the table of stored SearchParameters that is of none: not even
// of one whose rows are being made or removed.
func (c *checker) unknown(key []byte) {
	prefix := ownPrefix(key)
	typ, code, _ := strings.Cut(prefix[1:len(prefix)-1], "\x00")
	if c.v.stored != nil && slices.ContainsFunc(c.v.stored.List, func(one *parameter) bool { return one.Of.Param.Code == code }) || c.told[prefix] {
		return
	}
	if c.told == nil {
		c.told = map[string]bool{}
	}
	c.told[prefix] = true
	c.wrong("", "the index has rows of %s by the search parameter %s, which no SearchParameter defines", typ, search.NameOf(code))
}
