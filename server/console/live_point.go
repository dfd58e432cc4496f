package console

import (
	"maps"
	"slices"
	"strings"
	"time"
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

// readPoint reads the instant and the difference of a point.
func readPoint(point string) (base string, told difference, err error) {
	base, rest, _ := strings.Cut(point, ";")
	told = difference{}
	for part := range strings.SplitSeq(rest, ";") {
		if id, version, ok := strings.Cut(part, "/"); ok {
			told[id] = version
		}
	}
	_, err = time.Parse(time.RFC3339, base)
	return base, told, err
}
