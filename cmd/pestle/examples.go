package main

import (
	"time"

	"github.com/pestle-fhir/pestle/examples"
)

// exampleBodies are what the OpenAPI documents show as bodies: the examples, and an order
// as a clinic sends it.
func exampleBodies(now time.Time) map[string][]byte {
	bodies := examples.Resources(now)
	if order, err := sandboxMessage(now); err == nil { // which fails where there is no randomness alone
		bodies["$process-message"] = order.JSON()
	}
	return bodies
}
