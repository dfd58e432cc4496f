package store

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
)

// A receipt of a plain write is small: it names the versions that the answer is of.
//
//	{"request": "…", "done": [{"applied": "created", "version": "Patient/1/_history/1"}]}

// withResults is the body of the receipt of a plain write, with what came of its changes.
func withResults(r fhir.Receipt, results []fhir.Result) []byte {
	done := make([]fhir.Value, len(results))
	for i, r := range results {
		one := fhir.Obj("applied", string(r.Applied))
		if v := r.Version; v != nil {
			one = fhir.Obj("applied", string(r.Applied), "version", v.Ref()+"/_history/"+v.VersionID)
		}
		done[i] = one
	}
	return fhir.Obj("request", fhir.RequestOf(r), "done", done).JSON()
}

// results are what came of the changes of a plain write, by its receipt.
func (v view) results(body []byte) ([]fhir.Result, error) {
	if _, err := fhir.ReplyOf(fhir.Receipt{Body: body}); err != nil {
		return nil, err // it was purged
	}
	r, err := fhir.Parse(body)
	if err != nil {
		return nil, err
	}
	var list []fhir.Result
	for n := range r.Get("done").Items() {
		one := fhir.Result{Applied: fhir.Applied(n.Get("applied").Text())}
		if name := n.Get("version").Text(); name != "" {
			if one.Version, err = v.named(name); err != nil {
				return nil, err
			}
		}
		list = append(list, one)
	}
	return list, nil
}

// named is the version of a reference such as Patient/1/_history/2, which must be there.
func (v view) named(name string) (*fhir.Version, error) {
	ref, version, _ := strings.Cut(name, "/_history/")
	typ, id, _ := strings.Cut(ref, "/")
	now, ok, err := v.identity(typ, id)
	n := parseVno(version)
	if err == nil && (!ok || n == 0 || n > now.vno) {
		err = fmt.Errorf("%w: a receipt names %s, which is not there", errCorrupt, name)
	}
	if err != nil {
		return nil, err
	}
	ver, err := v.version(typ, now.rid, n)
	return ver.Bare(), err
}

// ForgetRepeats removes the receipts of plain writes that were committed before a time: what is
// repeated later is done again. It returns how many those were.
func (db *DB) ForgetRepeats(ctx context.Context, before time.Time) (n int, err error) {
	const most = 500 // in one commit
	low := keyReceipt(fhir.PlainReceipt)
	high := after(low)
	for low != nil && err == nil {
		var old []kv.Op
		err = db.look("forget", 0, func(v view) error {
			end, err := v.firstAt(before, false)
			if err != nil {
				return err
			}
			it := v.r.Iterate(low, high, false)
			for low = nil; err == nil && it.Next(); {
				if len(old) == most {
					low = bytes.Clone(it.Key())
					break
				}
				if err = ctx.Err(); err != nil {
					break
				}
				seq, body, e := decodeReceipt(it.Value())
				if err = e; err == nil && seq < end && !bytes.Equal(body, fhir.PurgedReceipt) { // that one is in the table of purges
					old = append(old, kv.Op{Key: bytes.Clone(it.Key())})
				}
			}
			return ended(it, err)
		})
		if err == nil && len(old) > 0 {
			_, err = db.submit(&request{ctx: ctx, shelf: old, done: make(chan struct{})})
		}
		if err == nil {
			n += len(old)
		}
	}
	return n, err
}
