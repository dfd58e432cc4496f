package store

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
)

// Damage is a part of the database that cannot be read.
type Damage struct {
	Where    string   // block 3 of 40 of the table 000012.sst
	Versions []string // Patient/1/_history/2: what it holds of resources, at most [MaxWrong]
	Content  string   // of a content: what is the matter with it, such as "is missing"; it is of all Versions. "" for a part of the engine
}

// String says what is damaged, for the log and the operator.
func (d Damage) String() string {
	switch {
	case d.Content != "":
		return d.Where + " " + d.Content + "; it is that of " + strings.Join(d.Versions, ", ")
	case len(d.Versions) == 0:
		return d.Where + " is damaged; it holds no version of a resource"
	}
	return d.Where + " is damaged; it may hold " + strings.Join(d.Versions, ", ")
}

// Verify reads everything that is on disk, and all contents, and returns what of it is damaged or missing. It
// calls pace with the number of bytes before it reads them; that may wait, or end
// the verification with an error.
func (db *DB) Verify(ctx context.Context, pace func(bytes int) error) (all []Damage, err error) {
	found, err := db.engine.Verify(ctx, pace)
	if err != nil {
		return nil, err
	}
	if len(found) > 0 {
		err = db.look("verify", 0, func(v view) error {
			all, err = v.damages(ctx, found)
			return err
		})
		if err != nil {
			return all, err
		}
	}
	contents, err := db.verifyContents(ctx, pace)
	return append(all, contents...), err
}

// damages names the versions whose keys are within what is damaged, by the log
// as far as it can be read.
func (v view) damages(ctx context.Context, found []kv.Damage) ([]Damage, error) {
	all := make([]Damage, len(found))
	for i, d := range found {
		all[i].Where = d.Where
	}
	ids := map[string]idNames{}
	for seq := fhir.Seq(1); seq <= v.at; seq++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		record, err := v.record(seq)
		if err != nil {
			continue // it is damaged itself
		}
		for _, p := range record.versions {
			key := keyVersion(p.typ, p.rid, p.vno)
			for i, d := range found {
				if bytes.Compare(d.Low, key) <= 0 && bytes.Compare(key, d.High) < 0 && len(all[i].Versions) < MaxWrong {
					if ids[p.typ] == nil {
						ids[p.typ] = v.idsByNumber(p.typ)
					}
					all[i].Versions = append(all[i].Versions, ids[p.typ].named(p))
				}
			}
		}
	}
	return all, nil
}

// idsByNumber are the ids of the resources of a type, as far as they can be read.
func (v view) idsByNumber(typ string) idNames {
	names := idNames{}
	prefix := keyIdentity(typ, "")
	it := v.r.Iterate(prefix, after(prefix), false)
	for it.Next() {
		if now, err := decodeIdentity(it.Value()); err == nil {
			names[now.rid] = string(it.Key()[len(prefix):])
		}
	}
	_ = it.Close() // what cannot be read is named by its number
	return names
}

type idNames map[rid]string

// id is the id of the resource with a number, or says the number.
func (n idNames) id(r rid) string {
	if id, known := n[r]; known {
		return id
	}
	return fmt.Sprintf("(number %d)", r)
}

func (n idNames) named(p place) string {
	return fmt.Sprintf("%s/%s/_history/%s", p.typ, n.id(p.rid), p.vno)
}

// Findings are the versions that a damaged part may hold, or the part where it
// holds none.
func (d Damage) Findings() (all []Finding) {
	if len(d.Versions) == 0 {
		return []Finding{{Text: d.String(), Unreadable: true}}
	}
	for _, v := range d.Versions {
		if d.Content != "" {
			all = append(all, Finding{Resource: v, Text: v + ": " + d.Where + " " + d.Content, Unreadable: true})
			continue
		}
		all = append(all, Finding{Resource: v, Text: d.Where + " is damaged; it may hold " + v, Unreadable: true})
	}
	return all
}
