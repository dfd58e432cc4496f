package store

import (
	"fmt"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store/kv"
)

// record adds a version to the log entry and to the history of its type.
func (a *applier) record(typ string, now identity) error {
	n, ok := a.counts[typ]
	if !ok {
		n, ok = a.known[typ]
	}
	if !ok {
		var err error
		if n, err = countVersions(a.out, typ); err != nil {
			return err
		}
	}
	a.counts[typ] = n + 1
	at := fhir.LogPlace{Seq: now.seq, Place: len(a.log.versions)}
	a.out.Set(keyHistory(typ, at), historyRecord{now.rid, now.vno, n + 1}.encode())
	a.log.versions = append(a.log.versions, place{typ, now.rid, now.vno})
	return nil
}

// countVersions gives how many versions of a type there are.
func countVersions(r kv.Reader, typ string) (uint64, error) {
	table := keyTable(tableHistory, typ)
	it := r.Iterate(table, after(table), true)
	var h historyRecord
	var err error
	if it.Next() {
		h, err = decodeHistory(it.Value())
	}
	if e := it.Close(); err == nil {
		err = e
	}
	return h.total, err
}

// settle gives the changes whose resource another change of the transaction
// made the version that it made.
func (a *applier) settle() {
	for i := range a.p.steps {
		if first := a.p.steps[i].same; first >= 0 {
			a.commit.Results[i].Version = a.commit.Results[first].Version
		}
	}
}

// finish writes the log entry, the head, the cursor and the receipt.
func (a *applier) finish() error {
	if len(a.log.versions) > 0 {
		a.log.millis = a.head.millis
		a.log.total = a.last.total + uint64(len(a.log.versions))
		a.log.chain = a.log.link(a.last.chain, a.sums)
		a.out.Set(keyLog(a.head.seq), a.log.encode())
		a.out.Set(keyHead, a.head.encode())
		if a.p.learned != "" {
			a.out.Set(keyName(a.p.learned), encodeSeq(a.head.seq))
		}
	}
	if r := a.p.tx.Receipt; r.Plain && len(a.log.versions) > 0 {
		a.out.Set(keyReceipt(r.Key), encodeReceipt(a.head.seq, withResults(r, a.commit.Results)))
	} else if r.Key != "" && !r.Plain {
		a.out.Set(keyReceipt(r.Key), encodeReceipt(a.head.seq, r.Body))
	}
	return a.cursor()
}

// countAll gives how many versions there are up to a commit.
func countAll(r kv.Reader, at fhir.Seq) (uint64, error) {
	if at == 0 {
		return 0, nil
	}
	c, err := view{r: r, at: at}.record(at)
	return c.total, err
}

func (a *applier) cursor() error {
	c := a.p.tx.Cursor
	if c.Name == "" {
		return nil
	}
	stands, err := view{r: a.out, at: a.head.seq}.cursor(c.Name)
	if err != nil {
		return err
	}
	if stands != c.Was {
		return fhir.E("commit", fhir.Conflict, fhir.Issue{
			Message:  fmt.Sprintf("The cursor %s has been moved by another follower.", c.Name),
			Expected: fmt.Sprint(c.Was), Found: fmt.Sprint(stands),
		})
	}
	if c.Seq > a.head.seq {
		return fhir.E("commit", fhir.Invalid, fhir.Issue{
			Message:  fmt.Sprintf("The cursor %s would stand behind the end of the log.", c.Name),
			Expected: fmt.Sprintf("at most %d", a.head.seq), Found: fmt.Sprint(c.Seq),
		})
	}
	a.out.Set(keyCursor(c.Name), encodeSeq(c.Seq))
	return nil
}
