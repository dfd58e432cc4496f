package server

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// admit comes before every interaction: it reads the body, weighs it, and takes
// a place among the requests that are answered. A body that is still on its way
// holds no place, and the time limit begins when it is in. The request that is
// returned has the limit; [exchange.dismiss] ends it.
func (s *Server) admit(r *http.Request, x *exchange) (*http.Request, error) {
	x.claim = s.ledger.open(x.client(r))
	x.effort = x.claim
	var err error
	if x.text, err = s.receive(r, x); err != nil {
		return r, err
	}
	if err := x.claim.enter(); err != nil {
		return r, err
	}
	if x.claim.used > heavyBody {
		if err := x.claim.toil(r.Context()); err != nil {
			return r, err
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.config.Timeout)
	x.limited, x.cancel = fhir.AtMoment(ctx, s.now()), cancel // all of it is judged as of one time
	return r.WithContext(x.limited), nil
}

// dismiss returns what the request held.
func (x *exchange) dismiss() {
	if x.cancel != nil {
		x.cancel()
	}
	if x.brought != nil {
		x.brought.release()
	}
	if x.claim != nil {
		x.claim.close()
	}
	x.claim, x.text, x.brought = nil, nil, nil
}

// deadline bounds how long the rest of the body may take. An error says that
// there is no connection.
func (x *exchange) deadline(at time.Time) { _ = x.connection.SetReadDeadline(at) }

// answerBy bounds how long the client may take to read the answer.
func (x *exchange) answerBy(limit time.Duration) {
	_ = x.connection.SetWriteDeadline(time.Now().Add(limit))
}

// client is who shares a part of the memory: the caller as the token names them,
// else the machine that the request comes from.
func (x *exchange) client(r *http.Request) string {
	if agent := x.identity.Requester.Agent; agent != "" && agent != anonymous {
		return agent
	}
	return x.host(r)
}

// host is the machine that a request comes from, as the network names it.
func (x *exchange) host(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// hold reserves memory for the rest of the request, or of the request whose
// Bundle the entry is in.
func (x *exchange) hold(ctx context.Context, bytes int64) error {
	if x.claim == nil {
		return nil
	}
	return x.claim.take(ctx, bytes)
}

// nodeWeight is about how many bytes each value of a resource in flight takes
// besides its text: in the tree, in what validation notes about it, in the index
// and in the answer.
const nodeWeight = 96

// Of a body with more than fewBytes, a value takes bytesPerValue bytes at least
// on average: in resources of real life it is about 25, and 19 in a list of codes.
const (
	bytesPerValue = 12
	fewBytes      = 64 << 10
)

// tooMany refuses a body whose tree would be out of all proportion.
func tooMany(values, most int) error {
	return fhir.E("decode", fhir.TooLong, fhir.Issue{
		Message:  "The body has more values than the server takes in one request.",
		Expected: "at most about " + number(most) + " values", Found: "at least " + number(values),
		Fix: "Send the content in several requests.",
	})
}

func number(n int) string { return strconv.Itoa(n) }
