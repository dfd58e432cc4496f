package purge_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/trust/purge"
)

// TestOverride: what is kept still is erased on a ground that two people name. The
// record of filled is of 2017-03-01: it is kept as an adult's until 2025-03-01, and its
// prescription as that of a controlled drug until 2024-03-01.
func TestOverride(t *testing.T) {
	both, adult := time.Date(2024, 2, 29, 9, 0, 0, 0, time.UTC), time.Date(2025, 2, 28, 9, 0, 0, 0, time.UTC)
	w := filled(t)
	refused := func(who fhir.Principal, at time.Time, kind fhir.Code, want string, pairs ...string) {
		t.Helper()
		_, err := w.call(who, at, pairs...)
		require.Equal(t, kind, fhir.KindOf(err), err)
		require.ErrorContains(t, err, want)
		require.Empty(t, w.purged())
	}
	refused(first, adult, fhir.BusinessRule, "is kept until 2025-03-01: adult, 8 years. Found: Bundle/message. Propose it again after that day. Before it, two people may erase it who both name a ground as override: legal-obligation, unlawful.", "reason", "x")
	refused(first, adult, fhir.ValueCode, "There is no such ground", "reason", "x", "override", "because")
	refused(first, both, fhir.BusinessRule, "MedicationRequest/m is kept until 2024-03-01: controlled-drugs, 7 years", "reason", "x", "override", "unlawful")
	refused(first, now, fhir.BusinessRule, "there is nothing to override", "reason", "x", "override", "unlawful")
	refused(first, time.Date(2020, 12, 31, 9, 0, 0, 0, time.UTC), fhir.ValueCode, "There is no such ground", "reason", "x", "override", "unlawful")

	task, err := w.call(first, both, "reason", "order 17/2024", "override", "legal-obligation")
	require.NoError(t, err)
	require.Contains(t, task.Get("description").Text(), "with 9 versions before the time to keep it is over, on the ground legal-obligation: ")
	require.Contains(t, task.Get("description").Text(), "adult until 2025-03-01")
	require.Contains(t, task.Get("description").Text(), "controlled-drugs until 2024-03-01")
	ref := "Task/" + task.ID()
	refused(second, both, fhir.BusinessRule, "Whoever confirms names the ground", "proposal", ref)
	refused(second, both, fhir.BusinessRule, "Whoever confirms names the ground", "proposal", ref, "override", "unlawful")
	refused(first, both, fhir.Forbidden, "another person", "proposal", ref, "override", "legal-obligation")
	_, err = w.call(second, both, "proposal", ref, "override", "legal-obligation")
	require.NoError(t, err)
	require.ElementsMatch(t, members, w.purged())
	ids, err := w.db.State(context.Background()).Find("AuditEvent", "subtype="+purge.LogSystem+"|purge")
	require.NoError(t, err)
	v, err := w.db.Read(context.Background(), "AuditEvent", ids[0])
	require.NoError(t, err)
	require.Contains(t, string(v.JSON), `"outcomeDesc":"override legal-obligation: order 17/2024"`)
}

// TestOverrideIsNotSlippedIn: a proposal without a ground is not confirmed with one.
func TestOverrideIsNotSlippedIn(t *testing.T) {
	w := filled(t)
	ref := w.proposed(now)
	_, err := w.call(second, now, "proposal", ref, "override", "unlawful")
	require.ErrorContains(t, err, "or none where it has none")
	require.Empty(t, w.purged())
}

// TestParseOverrides names what is wrong with a table.
func TestParseOverrides(t *testing.T) {
	r, err := purge.BuiltinRetention()
	require.NoError(t, err)
	for text, want := range map[string]string{
		"a\t*\t2021-01-01":          "line 1: expected ground, classes",
		"a b\t*\t2021-01-01\tx":     "line 1: expected ground, classes",
		"a\tking\t2021-01-01\tx":    `there is no class "king"`,
		"# c\na\tadult\tsoon\tx":    `line 2: "soon" is not a date`,
		"a\tadult\t2021-01-01\t":    "line 1: expected ground, classes",
		"a\t\t2021-01-01\tfor ever": "line 1: expected ground, classes",
	} {
		_, err := purge.ParseOverrides(text, r)
		require.ErrorContains(t, err, want, text)
	}
	o, err := purge.ParseOverrides("a\tadult\t2021-01-01\tx\na\t-\t2026-01-01\tended\n", r)
	require.NoError(t, err)
	require.True(t, o.Allows("a", "adult", now.AddDate(-1, 0, 0)))
	require.False(t, o.Allows("a", "child", now.AddDate(-1, 0, 0)))
	require.False(t, o.Allows("a", "adult", now), "the newest line that has begun")
	require.False(t, o.Allows("", "adult", now))
}
