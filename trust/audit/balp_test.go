package audit_test

import (
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/profiles/uk"
	"github.com/pestle-fhir/pestle/trust/audit"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// acts are events of each kind, by the name of the golden file.
func acts() map[string]*audit.Event {
	list := map[string]*audit.Event{}
	add := func(name, interaction, method, target string, status int, edit ...func(e *audit.Event)) {
		e := event(1)
		e.Number, e.Interaction, e.Method, e.Target, e.Status, e.Address = 7, interaction, method, target, status, "10.0.0.1"
		e.Shown = e.Shown[:1]
		if status >= 400 {
			e.Shown = nil
		}
		for _, do := range edit {
			do(e)
		}
		list[name] = e
	}
	none := func(e *audit.Event) { e.Shown = nil }
	two := func(e *audit.Event) {
		e.Shown = append(e.Shown, fhir.Shown{Type: "Task", ID: "t", VersionID: "2", Patients: []string{"p2"}}, fhir.Shown{Type: "Practitioner", ID: "d", VersionID: "1"})
	}
	system := func(e *audit.Event) {
		e.By = fhir.Principal{Agent: "https://pestle-fhir.github.io/audit/operating-system-user|root", Client: "pestle"}
		e.Address, e.Method, e.Shown = "local", "", nil
	}
	add("read", "read", "GET", "/fhir/Patient/p1", 200)
	add("read-304", "read", "GET", "/fhir/Patient/p1", 304)
	add("read-404", "read", "GET", "/fhir/Patient/p1", 404)
	add("read-403", "read", "GET", "/fhir/Patient/p1", 403)
	add("read-401", "read", "GET", "/fhir/Patient/p1", 401, func(e *audit.Event) { e.By, e.Unrecorded = fhir.Principal{}, 12 })
	add("vread", "vread", "GET", "/fhir/Patient/p1/_history/1", 200)
	add("search", "search-type", "GET", "/fhir/Task?status=ready&_include=Task:patient", 200, two)
	add("search-none", "search-type", "POST", "/fhir/Patient/_search?name=%C3%A9&birthdate=2000", 200, none)
	add("history", "history-instance", "GET", "/fhir/Patient/p1/_history", 200)
	add("history-type", "history-type", "GET", "/fhir/Patient/_history", 200)
	add("create", "create", "POST", "/fhir/Patient", 201)
	add("create-conditional", "create", "POST", "/fhir/Patient If-None-Exist: identifier=a|1", 200)
	add("update", "update", "PUT", "/fhir/Patient/p1", 200)
	add("update-conditional", "update-conditional", "PUT", "/fhir/Patient?identifier=a|1", 200)
	add("patch", "patch", "PATCH", "/fhir/Patient/p1", 200)
	add("patch-refused", "patch", "PATCH", "/fhir/Patient/p1", 422)
	add("patch-conditional", "patch-conditional", "PATCH", "/fhir/Patient?identifier=a|1", 200)
	add("delete", "delete", "DELETE", "/fhir/Patient/p1", 200)
	add("delete-conditional", "delete-conditional", "DELETE", "/fhir/Patient?identifier=a|1", 204)
	add("operation", "$accept", "POST", "/fhir/Task/t/$accept", 200, two)
	add("validate", "$validate", "GET", "/fhir/Patient/p1/$validate", 200)
	add("proof", "$proof", "GET", "/fhir/AuditEvent/3/$proof", 200)
	add("access-report", "$access-report", "GET", "/fhir/Patient/p1/$access-report", 200)
	add("emergency", "$break-glass", "POST", "/fhir/Patient/p1/$break-glass", 201, func(e *audit.Event) { e.By.Purpose = "BTG" })
	add("export", "$export-month", "POST", "/fhir/Claim/$export-month", 200)
	add("transaction", "transaction", "POST", "/fhir", 200)
	add("batch", "batch", "POST", "/fhir", 200)
	add("intake", "intake", "POST", "/fhir/Bundle", 200)
	add("metrics", "metrics", "GET", "/metrics", 200, none)
	add("sign-in", "sign-in", "POST", "/token", 200, none)
	add("sign-in-refused", "sign-in", "POST", "/token", 401)
	add("introspect", "introspect", "POST", "/introspect", 200, none)
	add("revoke", "revoke", "POST", "/revoke", 200, none)
	add("authorize", "authorize", "GET", "/authorize?client_id=a", 302, none)
	add("launch", "launch", "POST", "/launch", 201, none)
	add("command-begun", "command", "", "backup --to b", 202, system)
	add("command", "command", "POST", "/admin/backup", 200, system)
	add("command-failed", "command", "POST", "/admin/backup", 422, system)
	add("retention", "delete-retained", "", "events 1 to 5000, kept as long as they must be", 200, system)
	add("recovered", "recovered", "", "pestle.example/log/audit\n5000\nAAAA\n", 200, system)
	return list
}

// TestRendered compares the AuditEvents of each kind of act with golden files,
// validates them against R4 and the profiles that they say they meet, and wants that
// Basic Audit is claimed where it has a profile for the act, and nowhere else.
func TestRendered(t *testing.T) {
	basic := map[string]string{
		"read": "PatientRead", "read-304": "PatientRead", "vread": "PatientRead", "search": "PatientQuery", "search-none": "Query",
		"create": "PatientCreate", "update": "PatientUpdate", "patch": "PatientUpdate", "delete": "PatientDelete",
	}
	validator := profiles.New(profiles.WithLibrary(uk.Library()))
	names := map[string]bool{}
	for name, e := range acts() {
		for part := range max(1, len(e.Patients())) {
			r := site.Render(e, part)
			for _, issue := range validator.Validate(t.Context(), r, "https://fhir.hl7.org.uk/StructureDefinition/UKCore-AuditEvent") {
				require.False(t, issue.IsError(), "%s: %s: %s\n%s", name, issue.Expression, issue.Text(), r.JSON())
			}
			want := []string{"https://fhir.hl7.org.uk/StructureDefinition/UKCore-AuditEvent"}
			if p := basic[name]; p != "" {
				want = append(want, "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."+p)
			}
			require.Equal(t, want, claimed(r), name)
			require.Empty(t, breaches(t, r, e), name)
			file := name + ".json"
			if part > 0 {
				file = fmt.Sprintf("%s-%d.json", name, part+1)
			}
			names[file] = true
			golden(t, file, r)
		}
	}
	files, err := os.ReadDir(filepath.Join("testdata", "rendered"))
	require.NoError(t, err)
	for _, f := range files {
		require.True(t, names[f.Name()], "%s is of no act", f.Name())
	}
}

func golden(t *testing.T, name string, r *fhir.Resource) {
	var v any
	require.NoError(t, json.Unmarshal(r.JSON(), &v))
	got, err := json.MarshalIndent(v, "", "  ")
	require.NoError(t, err)
	path := filepath.Join("testdata", "rendered", name)
	if *update {
		require.NoError(t, os.WriteFile(path, append(got, '\n'), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, strings.TrimSpace(string(want)), string(got), name)
}

func claimed(r *fhir.Resource) (list []string) {
	for p := range r.Root().Path("meta", "profile").Items() {
		list = append(list, p.Text())
	}
	return list
}

//go:embed testdata/balp.tsv
var balpTable string

// breaches are the rules of Basic Audit that an AuditEvent does not meet, of the
// profile that it says it meets.
func breaches(t *testing.T, r *fhir.Resource, e *audit.Event) (list []string) {
	list, found := nil, false
	for _, profile := range claimed(r)[1:] {
		name, patient := strings.CutPrefix(profile[strings.LastIndex(profile, ".")+1:], "Patient")
		for line := range strings.Lines(balpTable) {
			f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
			if f[0] != name {
				continue
			}
			found = true
			list = append(list, broken(r.Root(), f, patient, e)...)
		}
		require.True(t, found, "%s is in the table", profile)
	}
	return list
}

// broken are the rules of a line of the table that an AuditEvent does not meet.
func broken(r fhir.Node, f []string, patient bool, e *audit.Event) (list []string) {
	rule := func(ok bool, what string) {
		if !ok {
			list = append(list, what)
		}
	}
	rule(r.Path("type", "code").Text() == "rest" && r.Path("type", "system").Text() == "http://terminology.hl7.org/CodeSystem/audit-event-type", "type rest")
	rule(r.Get("outcome").Text() == "0", "outcome 0")
	rule(r.Get("recorded").Exists(), "recorded")
	rule(r.Get("action").Text() == f[1], "action "+f[1])
	rule(slices.Contains(strings.Fields(f[2]), r.Get("subtype").Item(0).Get("code").Text()) && r.Get("subtype").Item(0).Get("system").Text() == "http://hl7.org/fhir/restful-interaction", "subtype "+f[2])
	rule(r.Get("agent").Len() >= 2, "two agents")
	agents := map[string]fhir.Node{}
	for a := range r.Get("agent").Items() {
		rule(a.Get("who").Exists(), "who of an agent")
		rule(!a.Get("media").Exists(), "no media")
		agents[a.Path("type", "coding").Item(0).Get("code").Text()] = a
	}
	for _, code := range []string{f[3], f[4]} {
		rule(agents[code].Get("network").Exists(), "network of "+code)
	}
	users := 0
	for _, code := range strings.Fields(f[5]) {
		if a, ok := agents[code]; ok {
			users++
			rule(a.Get("requestor").Text() == "true" && !a.Get("network").Exists(), "the user asks, and has no network")
		}
	}
	rule(users == 1, "one user of "+f[5])
	count := map[string]int{}
	for n := range r.Get("entity").Items() {
		system, code := n.Path("type", "system").Text(), n.Path("type", "code").Text()
		switch role := n.Path("role", "code").Text(); {
		case code == "XrequestId":
			rule(n.Path("what", "identifier", "value").Text() == e.RequestID && system == "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType", "X-Request-Id")
			count["request"]++
		case code == "1":
			rule(role == "1" && strings.HasPrefix(n.Path("what", "reference").Text(), "Patient/"), "the patient")
			count["patient"]++
		case code == "2" && role == "24":
			raw, err := base64.StdEncoding.DecodeString(n.Get("query").Text())
			rule(err == nil && string(raw) == e.Target && !n.Get("what").Exists(), "the raw query, and no what")
			count["query"]++
		case code == "2":
			rule(slices.Contains([]string{"3", "4", "20"}, role) && n.Get("what").Exists(), "data")
			count["data"]++
		default:
			rule(false, "an entity of the type "+code)
		}
	}
	rule(count["request"] <= 1, "one request id")
	rule(count["patient"] == 1 || !patient && count["patient"] == 0, "one patient")
	for _, want := range strings.Fields(f[6]) {
		name, n, _ := strings.Cut(want, "=")
		rule(fmt.Sprint(count[name]) == n, want)
	}
	return list
}

// TestBasicAuditOfAnything wants that whatever is said to be of Basic Audit is.
func TestBasicAuditOfAnything(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	pick := func(list ...string) string { return list[rnd.IntN(len(list))] }
	claims := map[string]int{}
	for range 5000 {
		e := event(rnd.IntN(9))
		e.Number = 7
		e.Interaction = pick("read", "vread", "search-type", "search-system", "history-type", "create", "update", "update-conditional", "patch", "patch-conditional", "delete", "delete-conditional", "$accept", "batch", "command", "sign-in")
		e.Status = []int{200, 201, 202, 304, 401, 403, 404, 422, 503}[rnd.IntN(9)]
		e.Target, e.RequestID = pick("/fhir/Patient/1", "/fhir/Patient If-None-Exist: a=b", ""), pick("", "r")
		e.By.Agent, e.By.Client, e.Address = pick("", "x", "Practitioner/1"), pick("", "c"), pick("", "::1", "local")
		e.Shown = nil
		for range rnd.IntN(4) {
			s := fhir.Shown{Type: pick("Patient", "Task"), ID: pick("", "a", "b"), VersionID: pick("", "1")}
			for range rnd.IntN(3) {
				s.Patients = append(s.Patients, pick("p", "q"))
			}
			e.Shown = append(e.Shown, s)
		}
		for part := range max(1, len(e.Patients())) {
			r := site.Render(e, part)
			require.Empty(t, breaches(t, r, e), "%s", r.JSON())
			for _, p := range claimed(r)[1:] {
				claims[p]++
			}
		}
	}
	require.Len(t, claims, 10, "%v", claims)
}
