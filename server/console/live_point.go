package console

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// pointFormat is that of the instant of a point.
const pointFormat = "2006-01-02T15:04:05.000Z"

// settled is an instant of which nothing changes any more: a millisecond before the last
// commit. What is being committed has a time already and is not shown yet, so that the
// queue as of now would be another one a moment later.
func (s *Server) settled() string {
	last := time.Unix(0, 0)
	if s.config.Last != nil {
		if at := s.config.Last(); !at.IsZero() {
			last = at
		}
	}
	return last.Add(-time.Millisecond).UTC().Format(pointFormat)
}

// difference is how a queue differs from an earlier one: versions by id, "" of what has
// gone. With a settled instant it is the point to which a stream has told: a page that
// comes back is told of everything after it, once.
type difference map[string]string

func differences(before, now map[string]string) difference {
	d := difference{}
	for id, version := range now {
		if before[id] != version {
			d[id] = version
		}
	}
	for id := range before {
		if now[id] == "" {
			d[id] = ""
		}
	}
	return d
}

// onto makes rows what they were at the point.
func (d difference) onto(rows map[string]string) {
	for id, version := range d {
		if version == "" {
			delete(rows, id)
		} else {
			rows[id] = version
		}
	}
}

// String is the part of a point behind its instant: ";id/version" for each row.
func (d difference) String() string {
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(d)) {
		b.WriteString(";" + id + "/" + d[id])
	}
	return b.String()
}

// mostTold is how many bytes of a point tell what has been told: it is a header of the
// request by which a browser comes back. Where there is more, as after a transaction of
// hundreds, that browser is told of it again.
const mostTold = 2048

// point is the point at which a queue has rows, by an instant that was settled before they
// were read; false where the person may not see it.
func (v *visit) point(typ string, pairs []string, base string, rows map[string]string) (string, bool) {
	then, ok := v.rowsAt(typ, pairs, base)
	told := differences(then, rows).String()
	if len(told) > mostTold {
		told = ""
	}
	return base + told, ok
}

// readPoint reads the instant and the difference of a point.
func readPoint(point string) (base string, told difference, err error) {
	base, rest, more := strings.Cut(point, ";")
	if _, err = time.Parse(time.RFC3339, base); err != nil || !more {
		return base, nil, err
	}
	told = difference{}
	for part := range strings.SplitSeq(rest, ";") {
		id, version, _ := strings.Cut(part, "/")
		if !fhir.IsID(id) || version != "" && !fhir.IsID(version) {
			return "", nil, errors.New("a point is an instant, and ;id/version for each row that was told since")
		}
		told[id] = version
	}
	return base, told, nil
}
