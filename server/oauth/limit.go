package oauth

import "github.com/pestle-fhir/pestle/server/limit"

// Rate is how many requests are taken in a second, and how many at once.
type Rate = limit.Rate

// limits bound the requests of each client and from each address. That of an
// address is asked first of all. That of a client is asked when its signature is
// verified: what anybody may say in its name does not count against it.
type limits struct{ clients, addresses *limit.Limiter }

func newLimits(client, address Rate) limits {
	return limits{limit.New(client), limit.New(address)}
}
