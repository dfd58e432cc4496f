// Package transport is what lies between the network and the FHIR interface: TLS
// with certificates that are read again when their files change, proxies in front
// of the server, and requests whose length can be understood in two ways.
package transport

import (
	"net/http"
	"strconv"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// strictTransport tells browsers to come by TLS alone for two years: RFC 6797.
const strictTransport = "max-age=63072000"

// Handler answers for what cannot be served on this connection, and hands
// everything else on with the client's address in RemoteAddr. With proxies, a
// request in clear text is taken from them and from this machine alone.
func Handler(proxies Proxies, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if Faulty(r.Header) {
			w.Header().Set("Connection", "close")
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Second)) // an error says that w is not a connection
			refuse(w, http.StatusBadRequest, fhir.Issue{
				Severity: fhir.Err, Code: fhir.Structure, Message: "It is not clear where the body of the request ends.",
				Expected: "Content-Length or, in HTTP/1.1, Transfer-Encoding: chunked", Found: "both, an encoding in HTTP/1.0, or a length that is not a number",
				Fix: "Send the one or the other; a proxy must not add the second.",
			})
			return
		}
		if peer := addressOf(r.RemoteAddr); len(proxies) > 0 && r.TLS == nil && peer.IsValid() && !peer.IsLoopback() && !proxies.Has(peer) {
			refuse(w, http.StatusForbidden, fhir.Issue{
				Severity: fhir.Err, Code: fhir.Forbidden, Message: "The server takes requests in clear text from its proxies alone.", Fix: "Send the request to the server's public address.",
			})
			return
		}
		if proxies.resolve(r) {
			w.Header().Set("Strict-Transport-Security", strictTransport)
		}
		next.ServeHTTP(w, r)
	})
}

func refuse(w http.ResponseWriter, status int, issue fhir.Issue) {
	text := fhir.Outcome([]fhir.Issue{issue}).JSON()
	h := w.Header()
	h.Set("Content-Type", "application/fhir+json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}
