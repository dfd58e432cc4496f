package node

import (
	"net/http"
	"strings"
)

// The headers of a request and an answer between nodes and their clients.
const (
	// headerConsistency asks with "strong" for a state that has all that was
	// acknowledged before, by whichever node: the leader answers.
	headerConsistency = "Pestle-Consistency"
	// headerPassed is on what a node has passed on, which goes no further.
	headerPassed = "Pestle-Passed"
	// headerSequence is where in the log a write is: see docs/consistency.md.
	headerSequence = "Pestle-Sequence"
)

// ServeHTTP answers here what can be, and has the leader answer everything else.
func (n *Node) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := n.stack.Load()
	strong := r.Header.Get(headerConsistency) == "strong"
	switch {
	case s.leads && strong && !n.Seat.Sure():
		refuse(w, "It is not certain that this server still takes the writes, so it cannot answer with "+headerConsistency+": strong. Nothing was read or written.", "Send the request again in a moment.")
	case s.leads, !strong && n.here(r) && s.Knows(r):
		s.ServeHTTP(w, r)
	case r.Header.Get(headerPassed) != "":
		refuse(w, "The server to which this was passed on takes no writes any more. Nothing was written.", "Send the request again in a moment.")
	default:
		n.pass(w, r, s.Stack)
	}
}

// here reports whether a request is a read that a node answers from what it holds.
func (n *Node) here(r *http.Request) bool {
	read := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
	path, base := r.URL.Path, ""
	for _, b := range n.Bases {
		if path == b || strings.HasPrefix(path, b+"/") {
			base = b
		}
	}
	if base == "" {
		return read && (path == "/" || path == "/metrics" || strings.HasPrefix(path, "/health") || strings.HasPrefix(path, "/docs") || strings.HasPrefix(path, "/.well-known/"))
	}
	if strings.Contains(path, "/$") || strings.Contains(r.Header.Get("Prefer"), "respond-async") {
		return false // an operation, or a job of the server
	}
	return read || r.Method == http.MethodPost && strings.HasSuffix(path, "/_search")
}
