package reimbursement

import (
	"cmp"
	"fmt"
	"io"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
)

// WriteTo writes the export as a Bundle: the totals first, then each Claim with
// its ClaimResponse behind it. The same export gives the same bytes.
func (e *Export) WriteTo(w io.Writer) (int64, error) {
	out := &counter{w: w}
	totals, err := e.Totals.Resource()
	if err != nil {
		return 0, err
	}
	id := pharmacy.ID("Bundle", e.Totals.ID)
	out.print(`{"resourceType":"Bundle","id":"%s","identifier":{"system":"urn:ietf:rfc:3986","value":"urn:uuid:%s"},"type":"collection","timestamp":%s,"entry":[`,
		id, id, totals.Get("date").Raw())
	out.entry("", e.Totals)
	err = e.each(func(x submission, claim, response *fhir.Version) error {
		out.marked(x, claim)
		out.entry(",", response)
		return out.err
	})
	out.print("]}")
	return out.n, cmp.Or(err, out.err)
}

// counter writes and counts, and keeps the first error.
type counter struct {
	w   io.Writer
	n   int64
	err error
}

func (c *counter) Write(b []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.w.Write(b)
	c.n, c.err = c.n+int64(n), err
	return n, err
}

func (c *counter) print(format string, args ...any) { fmt.Fprintf(c, format, args...) }

func (c *counter) entry(before string, v *fhir.Version) {
	c.print(`%s{"fullUrl":"urn:uuid:%s","resource":%s}`, before, v.ID, v.JSON)
}

// marked writes the entry of a claim; one that came too late for its month, or
// was amended or withdrawn after a run had submitted it, says so.
func (c *counter) marked(x submission, v *fhir.Version) {
	var marks []any
	if x.late {
		marks = append(marks, fhir.Obj("url", extLate, "valueString", x.month.String()))
	}
	if x.was != nil {
		mark := extAmended
		if x.withdrawn {
			mark = extWithdrawn
		}
		marks = append(marks, fhir.Obj("url", mark, "valueReference", fhir.Obj("reference", x.was.Ref()+"/_history/"+x.was.VersionID)))
	}
	if marks == nil {
		c.entry(",", v)
		return
	}
	c.print(`,{"extension":%s,"fullUrl":"urn:uuid:%s","resource":%s}`, fhir.List(marks...).JSON(), v.ID, v.JSON)
}
