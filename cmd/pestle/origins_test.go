package main

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir/search"
)

func TestOrigins(t *testing.T) {
	own := func(publicURL, listens string) func(string) bool {
		addr, err := net.ResolveTCPAddr("tcp", listens)
		require.NoError(t, err)
		names := new(search.Names)
		for _, o := range origins(publicURL, addr) {
			names.AddOrigin(o)
		}
		return names.Own
	}
	public := own("https://fhir.example.org", "127.0.0.1:8080")
	for _, base := range []string{"https://fhir.example.org/fhir", "http://fhir.example.org/FHIR/R4", "https://FHIR.example.org:443/fhir",
		"http://127.0.0.1:8080/fhir", "http://localhost:8080/FHIR/R4", "http://[::1]:8080/fhir"} {
		require.True(t, public(base), base)
	}
	for _, base := range []string{"https://fhir.example.org/r4", "https://fhir.example.org:8443/fhir", "http://localhost:8081/fhir",
		"https://clinic.example/fhir", "https://fhir.example.org/other/fhir", "https://evil@fhir.example.org/fhir", "ftp://fhir.example.org/fhir", "fhir.example.org/fhir", ""} {
		require.False(t, public(base), base)
	}
	below := own("https://example.org/pestle/", "127.0.0.1:8080")
	require.True(t, below("https://example.org/pestle/fhir"))
	require.False(t, below("https://example.org/fhir"))
	every := own("", "0.0.0.0:8080")
	require.True(t, every("http://127.0.0.1:8080/fhir"))
	require.False(t, own("", "192.0.2.1:8080")("http://localhost:8080/fhir"), "it does not listen there")
}
