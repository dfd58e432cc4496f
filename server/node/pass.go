package node

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// patience is how long a request waits for a leader, where there is none.
const patience = 3 * time.Second

// pass has the leader answer, with the token of the client, and answers what it does
// once this node holds what was written.
func (n *Node) pass(w http.ResponseWriter, r *http.Request, s Stack) {
	if r.Header.Get("Upgrade") != "" {
		refuse(w, "Connections of this kind are kept by the server that takes writes.", "Connect to that server; /health says which it is.")
		return
	}
	waits, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	for {
		leader, changed := n.Seat.Leader()
		if leader != "" {
			answer, err := n.send(r, leader, changed)
			if err == nil {
				n.relay(w, r, answer, s)
				return
			}
			if !unsent(err) {
				n.Logger.WarnContext(r.Context(), "a request that was passed on was not answered", "leader", leader, "error", err)
				unknown(w, r)
				return
			}
		}
		select {
		case <-changed:
		case <-time.After(200 * time.Millisecond): // where a leader is named that cannot be reached
		case <-waits.Done():
		}
		if waits.Err() != nil {
			refuse(w, "No server takes writes at this moment. Nothing was written; reads and searches go on.", "Send the request again in a moment.")
			return
		}
	}
}

// send sends a request to the leader. It is given up when another node may lead.
func (n *Node) send(r *http.Request, leader string, changed <-chan struct{}) (*http.Response, error) {
	at, err := url.Parse(leader)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	out := r.Clone(ctx)
	out.RequestURI, out.Host = "", r.Host
	out.URL.Scheme, out.URL.Host = at.Scheme, at.Host
	dropHopHeaders(out.Header)
	out.Header.Set(headerPassed, "1")
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		if before := r.Header.Values("X-Forwarded-For"); len(before) > 0 {
			host = strings.Join(before, ", ") + ", " + host
		}
		out.Header.Set("X-Forwarded-For", host)
	}
	if r.Body != nil {
		out.Body = io.NopCloser(r.Body) // it may be sent once more where nobody has read it
	}
	if r.ContentLength == 0 {
		out.Body = nil
	}
	answered := make(chan struct{})
	go func() {
		for {
			select {
			case <-answered:
				return
			case <-ctx.Done():
				return
			case <-changed:
				now := ""
				if now, changed = n.Seat.Leader(); now != leader {
					cancel(errMoved)
					return
				}
			}
		}
	}()
	answer, err := n.Client.Do(out)
	close(answered)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	answer.Body = &ending{answer.Body, func() { cancel(nil) }}
	return answer, nil
}

// errMoved ends a request to a node that leads no more.
var errMoved = errors.New("node: another node may lead now")

// ending calls a function when a body is closed.
type ending struct {
	io.ReadCloser
	end func()
}

func (e *ending) Close() error {
	defer e.end()
	return e.ReadCloser.Close()
}

// unsent reports whether nothing of a request has reached the leader.
func unsent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// relay answers what the leader has answered.
func (n *Node) relay(w http.ResponseWriter, r *http.Request, answer *http.Response, s Stack) {
	defer func() { _ = answer.Body.Close() }()
	if written := answer.Header.Get(headerSequence); written != "" {
		if err := s.Holds(r.Context(), written); err != nil { // the client can send it with its next request
			n.Logger.WarnContext(r.Context(), "a write that was passed on is not held here yet", "error", err)
		}
	}
	dropHopHeaders(answer.Header)
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.StatusCode)
	if _, err := io.Copy(w, answer.Body); err != nil {
		panic(http.ErrAbortHandler) // what is not whole must not look as if it were
	}
}

// hopHeaders are of one connection alone (RFC 9110 section 7.6.1).
var hopHeaders = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

func dropHopHeaders(h http.Header) {
	for _, value := range h.Values("Connection") {
		for name := range strings.SplitSeq(value, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	for _, name := range hopHeaders {
		h.Del(name)
	}
}

// unknown answers where nobody can say what became of a request.
func unknown(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		refuse(w, "The server that takes writes did not answer. Nothing was written.", "Send the request again in a moment.")
		return
	}
	refuse(w, "It is not known whether this was written: the server that takes writes did not answer.",
		"Send it again with the same X-Request-ID, which makes it happen once; where it had none, read first what it was to write.")
}

// refuse answers 503, which may be tried again.
func refuse(w http.ResponseWriter, message, fix string) {
	text := fhir.Outcome([]fhir.Issue{{Severity: fhir.Err, Code: fhir.NoStore, Message: message, Fix: fix}}).JSON()
	h := w.Header()
	h.Set("Content-Type", "application/fhir+json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Retry-After", "1")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write(text)
}
