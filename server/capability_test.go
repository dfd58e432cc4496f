package server_test

import (
	"context"
	"io"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/server"
)

func jsonLogger(w io.Writer) *slog.Logger { return slog.New(slog.NewJSONHandler(w, nil)) }

func TestCapabilityStatementIsValidAndComplete(t *testing.T) {
	h := newHandler(t, func(c *server.Config) {
		business(c)
		c.Authenticator = byName{}
		c.PublicURL = "https://pestle.example/"
	})
	w := call(h, "GET", "/fhir/metadata", "")
	require.Equal(t, 200, w.Code)
	statement, err := fhir.Parse(w.Body.Bytes())
	require.NoError(t, err)
	for _, issue := range validator.Validate(context.Background(), statement) {
		require.False(t, issue.IsError(), "%s: %s", issue.Expression, issue.Text())
	}
	require.Equal(t, "https://pestle.example/fhir", statement.Root().Path("implementation", "url").Text())
	rest := statement.Get("rest").Item(0)
	require.Equal(t, len(r4.ResourceTypes()), rest.Get("resource").Len())
	names := func(n fhir.Node, member string) (list []string) {
		for item := range n.Items() {
			list = append(list, item.Get(member).Text())
		}
		return list
	}
	require.Contains(t, names(rest.Get("operation"), "name"), "ready")
	for resource := range rest.Get("resource").Items() {
		typ := resource.Get("type").Text()
		require.Equal(t, []string{"read", "vread", "update", "patch", "delete", "history-instance", "create", "history-type", "search-type"},
			names(resource.Get("interaction"), "code"))
		require.Contains(t, names(resource.Get("searchParam"), "name"), "_id")
		require.Contains(t, names(resource.Get("operation"), "name"), "validate")
		if typ == "Task" {
			require.Contains(t, names(resource.Get("operation"), "definition"), "https://pestle.example/fhir/OperationDefinition/Task-release")
		}
	}
	require.JSONEq(t, w.Body.String(), call(h, "GET", "/fhir/metadata", "").Body.String())
	require.Contains(t, call(h, "GET", "/FHIR/R4/metadata", "").Body.String(), "https://pestle.example/FHIR/R4")
}
