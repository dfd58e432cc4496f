package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// TestTariffIsShown reads what is loaded, the fees of a day, and the packs of
// concessions that are announced by name.
func TestTariffIsShown(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string) { require.NoError(t, os.WriteFile(at(name), []byte(text), 0o600)) }
	pestle := func(code int, args ...string) (string, string) {
		t.Helper()
		var out, problems bytes.Buffer
		got := run(append(args, "--data", at("db")), streams{in: strings.NewReader(""), out: &out, err: &problems})
		require.Equal(t, code, got, "%s%s", &out, &problems)
		return out.String(), problems.String()
	}
	month, err := tariff.ParseMonth("2026-11")
	require.NoError(t, err)
	write("Part VIIIA Nov 26.csv", string(tariff.Samples(month)[0].Data))
	write("concessions-2026-11.csv", "Medicine,Pack size,Price\nPARACETAMOL 500mg tablets,32,£1.25\nParacetamol soluble,60,£9\n")
	pestle(0, "tariff", "load", at("Part VIIIA Nov 26.csv"))

	list, _ := pestle(0, "tariff", "list")
	require.Regexp(t, `part-viiia +2026-11 +version 1 +loaded `, list)
	require.Regexp(t, `price-concessions +none is loaded`, list)
	require.Regexp(t, `fee-schedule +built in`, list)

	fees, _ := pestle(0, "fees", "show", "--day", "2026-04-30")
	require.Regexp(t, `single-activity-fee +146 pence +from 2025-04-01 +V `, fees)
	fees, _ = pestle(0, "fees", "show", "--day", "2026-05-01")
	require.Regexp(t, `single-activity-fee +152 pence +from 2026-05-01 +V `, fees)
	require.Regexp(t, `cd-fee-schedule-2 +128 pence +from 2021-04-01 +B `, fees)
	_, problems := pestle(1, "fees", "show", "--day", "May")
	require.Contains(t, problems, "is a date such as")

	done, problems := pestle(1, "tariff", "reconcile", at("concessions-2026-11.csv"))
	require.Contains(t, problems, "1 rows are left")
	require.Contains(t, done, "PARACETAMOL 500mg tablets,32,99990261000001102,£1.25\n# line 3 fits no pack by name and size; it may be:\n")
	require.Contains(t, done, "#   99990241000001103  Paracetamol 500mg soluble tablets, 60 tablet, 451p")
	write("done-2026-11.csv", done)
	_, problems = pestle(1, "tariff", "load", at("done-2026-11.csv"))
	require.Contains(t, problems, "fits no single pack")
	write("done-2026-11.csv", strings.Replace(done, "Paracetamol soluble,60,,", "Paracetamol soluble,60,99990241000001103,", 1))
	left, _ := pestle(0, "tariff", "reconcile", at("done-2026-11.csv"))
	require.NotContains(t, left, "#")
	loaded, _ := pestle(0, "tariff", "load", at("done-2026-11.csv"))
	require.Contains(t, loaded, "price-concessions of 2026-11, 2 rows")
	write("bad-2026-11.csv", "Medicine,Pack size,Price\nParacetamol 500mg tablets,32,12.50\n")
	_, problems = pestle(1, "tariff", "reconcile", at("bad-2026-11.csv"))
	require.Contains(t, problems, ":2:30: ")
	_, problems = pestle(1, "tariff", "reconcile", "--month", "2020-01", at("bad-2026-11.csv"))
	require.Contains(t, problems, "No edition of Part VIIIA")
}
