package console

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// settle is how long changes are gathered before they are told, and pulse how often
// something is sent in any case, and how soon the end of a session is seen.
const (
	settle = 200 * time.Millisecond
	lasts  = time.Hour // of a stream, where sessions do not end sooner
)

var pulse = 15 * time.Second // a variable for tests

// live tells a page how its queue changes from the instant that it shows: of each row
// that it has now, comes, changes or goes, the id and the version, and nothing else. What
// is told is the difference between the queue then and now, so that nothing is left
// out or told twice, whatever came in between.
func (s *Server) live(w http.ResponseWriter, r *http.Request) {
	person, proof, ok := s.config.SignIn.Signed(r)
	typ, pairs := queueSearch(r.URL.Query().Get("queue"))
	since := r.Header.Get("Last-Event-ID")
	if since == "" {
		since = r.URL.Query().Get("since")
	}
	base, told, err := readPoint(since)
	if !ok || typ == "" || err != nil || s.config.Wait == nil {
		http.Error(w, "There is nothing to tell.", http.StatusForbidden)
		return
	}
	v := &visit{Server: s, w: &recorder{header: http.Header{}}, r: r, person: person, who: s.config.Identity(&person, proof), started: s.now()}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	out := http.NewResponseController(w)
	rows, ok := v.rowsAt(typ, pairs, base)
	if !ok {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	told.onto(rows)
	w.WriteHeader(http.StatusOK)
	ends := time.NewTimer(lasts)
	if s.config.Idle > 0 {
		ends.Reset(s.config.Idle)
	}
	defer ends.Stop()
	point := base + told.String()
	for {
		head := s.config.Head()
		base := s.settled()
		v.who = s.config.Identity(&person, proof) // their roles may grant something else by now
		now, ok := v.rowsAt(typ, pairs, "")
		if ok && !maps.Equal(rows, now) {
			point, ok = v.point(typ, pairs, base, now)
		}
		if !ok || !s.still(r) {
			tellOver(w, out)
			return
		}
		if !send(w, rows, now, point) || out.Flush() != nil {
			return
		}
		rows = now
		if !s.moved(r, w, out, head, ends) {
			return
		}
	}
}

// still reports whether the session of a request is in force.
func (s *Server) still(r *http.Request) bool { return s.config.Still == nil || s.config.Still(r) }

// tellOver tells the page that it is told nothing more.
func tellOver(w http.ResponseWriter, out *http.ResponseController) {
	_, _ = w.Write([]byte("event: over\ndata: {}\n\n"))
	_ = out.Flush()
}

// moved waits for the next commit, and sends a sign of life meanwhile; false where the
// stream is over, as when the session has ended.
func (s *Server) moved(r *http.Request, w http.ResponseWriter, out *http.ResponseController, head fhir.Seq, ends *time.Timer) bool {
	wait := make(chan error, 1)
	go func() { wait <- s.config.Wait(r.Context(), head) }()
	beat := time.NewTicker(pulse)
	defer beat.Stop()
	for {
		select {
		case err := <-wait:
			if err != nil {
				return false
			}
			select {
			case <-time.After(settle):
				return true
			case <-r.Context().Done():
				return false
			case <-s.closed:
				return false
			}
		case <-beat.C:
			if !s.still(r) {
				tellOver(w, out)
				return false
			}
			if _, err := w.Write([]byte(":\n\n")); err != nil || out.Flush() != nil {
				return false
			}
		case <-ends.C:
			return false
		case <-s.closed:
			return false
		}
	}
}

// rowsAt are the versions of the rows of a queue by id, at an instant or now; false where
// the person may not see them.
func (v *visit) rowsAt(typ string, pairs []string, at string) (map[string]string, bool) {
	pairs = append(slices.Clone(pairs), "_count", "1000")
	if at != "" {
		pairs = append(pairs, "_at", at)
	}
	path := v.searched(typ, pairs...)
	if path == "" {
		return nil, false
	}
	a, err := v.ask(http.MethodGet, path, nil)
	if err != nil || !a.ok() {
		return nil, false
	}
	rows := map[string]string{}
	for _, r := range ofType(a.resources(), typ) {
		rows[r.ID()] = r.VersionID()
	}
	return rows, true
}

// send writes what has changed between two states of a queue; false where nobody reads.
func send(w http.ResponseWriter, before, now map[string]string, at string) bool {
	var text []byte
	for _, id := range slices.Sorted(maps.Keys(differences(before, now))) {
		text = append(text, "event: row\ndata: "...)
		text = append(text, fhir.Obj("id", id, "version", now[id], "new", before[id] == "").JSON()...)
		text = append(text, "\n\n"...)
	}
	text = append(text, ("event: now\nid: " + at + "\ndata: {\"rows\":" + strconv.Itoa(len(now)) + "}\n\n")...)
	_, err := w.Write(text)
	return err == nil
}

// Close ends the streams, so that the server can stop.
func (s *Server) Close() {
	if s != nil {
		s.once.Do(func() { close(s.closed) })
	}
}
