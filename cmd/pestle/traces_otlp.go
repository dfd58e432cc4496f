//go:build otlp

package main

import (
	"net/http"

	"github.com/pestle-fhir/pestle/internal/tracing"
)

// newExporter sends traces to a collector.
func newExporter(client *http.Client, address string, headers http.Header) (exporter, error) {
	e := &tracing.Exporter{Client: client, Address: address, Header: headers, Version: version()}
	e.Start()
	return e, nil
}
