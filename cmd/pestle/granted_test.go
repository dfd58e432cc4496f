package main

import (
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/trust/policy"
)

// ofTheServer are the operations of the table of roles that the server has itself, beside those
// that the parts of the business hand over; Basic/$nhs-resend is in the binaries with the tag nhs.
var ofTheServer = []string{"Basic/$nhs-resend", "$check", "$checkpoint", "$clients", "$definitions", "$directory", "$export", "$import", "$log-consistency", "$messages", "$metrics", "$open-receipt", "$prices-load", "$proof", "$server", "$tariff-load", "$users", "$validate"}

// TestEveryOperationIsInTheRoles: each operation that the parts of the business hand over
// is granted to a role by its own name, or anybody who reads its type may call it, which
// testdata/by-reading.txt lists by role for review. Each name in the table of roles is an
// operation of the server. So the reviewed matrix of the table, which asks for every name
// in it, misses none.
func TestEveryOperationIsInTheRoles(t *testing.T) {
	app, err := openApp(appConfig{Data: t.TempDir(), Profiles: profileOptions{Policy: "r4"}}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer func() { require.NoError(t, app.close()) }()
	table, err := policy.Builtin()
	require.NoError(t, err)
	granted := table.Operations()
	var there, byReading []string
	for _, op := range append(app.operations(), demoOperations()...) {
		name, typ := strings.TrimPrefix(op.Type+"/$"+op.Name, "/"), op.Type
		if typ == "" {
			typ = "*"
		}
		there = append(there, name)
		if op.Open {
			byReading = append(byReading, "everybody "+name)
			continue
		}
		if op.ByName || op.ByRole || !op.Idempotent {
			if !slices.Contains(granted, name) {
				byReading = append(byReading, "nobody "+name)
			}
			continue
		}
		for _, role := range table.Names() {
			if g := table.Of(role); g.Allow(typ, 'r') && !g.AllowOperation(name, "") {
				byReading = append(byReading, fmt.Sprintf("%s %s", role, name))
			}
		}
	}
	for _, name := range granted {
		assert.True(t, slices.Contains(there, name) || slices.Contains(ofTheServer, name), "%s is granted, and is no operation", name)
	}
	slices.Sort(byReading)
	byReading = slices.Compact(byReading)
	const golden = "testdata/by-reading.txt"
	got := strings.Join(byReading, "\n") + "\n"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

// TestLabelsAreForThoseWhoLabel: who reads a Task by their role, and does not label
// medicines, asks for no label of it, as data or on paper.
func TestLabelsAreForThoseWhoLabel(t *testing.T) {
	w := newGlassWorld(t)
	task := "Task/" + w.one("Task", "code=prescription-order&patient="+w.patient).ID()
	for _, who := range []string{"3 customer-service", "5 auditor", "6 finance", "9 clinic-system of X99CL"} {
		for _, path := range []string{task + "/$label", task + "/$label?as=pdf", task + "/$tracking-status"} {
			for _, method := range []string{"GET", "POST"} {
				code, body := w.send(who, method, path, "")
				require.Equal(t, 403, code, "%s %s %s: %s", who, method, path, body)
			}
		}
	}
	code, body := w.send("1 pharmacist", "GET", task+"/$label", "")
	require.NotEqual(t, 403, code, body)
}
