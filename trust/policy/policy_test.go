package policy_test

import (
	"bytes"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/trust/policy"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// TestMatrix asks for every role x type x letter and every operation of the
// table, and compares the answers with the reviewed matrix.
func TestMatrix(t *testing.T) {
	table, err := policy.Builtin()
	require.NoError(t, err)
	operations := slices.DeleteFunc(append(table.Operations(), "Task/$unknown"), func(op string) bool { return op == "$process-message" }) // which the events are of
	events := []string{"", "prescription-order", "prescription-order-update", "dispense-notification", "prescription-order-response", "unknown"}
	var out bytes.Buffer
	for _, role := range table.Names() {
		g := table.Of(role)
		for _, typ := range append(r4.ResourceTypes(), "*", "Unknown") {
			letters := ""
			for _, letter := range "cruds" {
				if g.Allow(typ, byte(letter)) {
					letters += string(letter)
				}
			}
			if letters != "" {
				out.WriteString(role + " " + typ + " " + letters + "\n")
			}
		}
		for _, op := range operations {
			if g.AllowOperation(op, "") {
				out.WriteString(role + " " + op + "\n")
			}
		}
		for _, event := range events {
			if g.AllowOperation("$process-message", event) {
				out.WriteString(role + " $process-message " + event + "\n")
			}
		}
		if g.SeesAll() {
			out.WriteString(role + " sees all\n")
		}
	}
	const golden = "testdata/matrix.txt"
	if *update {
		require.NoError(t, os.WriteFile(golden, out.Bytes(), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), out.String())
}

// TestNoPatients wants that who administers the server reads nobody's record,
// and that who audits it changes nothing.
func TestNoPatients(t *testing.T) {
	table, err := policy.Builtin()
	require.NoError(t, err)
	administrator, auditor := table.Of("administrator"), table.Of("auditor")
	for _, typ := range r4.ResourceTypes() {
		for _, letter := range "cud" {
			assert.False(t, auditor.Allow(typ, byte(letter)), "auditor %s.%c", typ, letter)
		}
	}
	for _, typ := range []string{"Patient", "MedicationRequest", "MedicationDispense", "Task", "Claim", "Observation", "Bundle", "AuditEvent", "Binary"} {
		for _, letter := range "cruds" {
			assert.False(t, administrator.Allow(typ, byte(letter)), "administrator %s.%c", typ, letter)
		}
	}
}

func TestSeveralRoles(t *testing.T) {
	table, err := policy.Builtin()
	require.NoError(t, err)
	both := table.Of("finance", "auditor", "nobody-knows")
	assert.True(t, both.AllowOperation("Claim/$close-month", ""))
	assert.True(t, both.Allow("Observation", 'r'))
	assert.True(t, both.SeesAll())
	assert.False(t, both.SeesNone())
	assert.True(t, table.Of("administrator").SeesNone())
	assert.False(t, table.Of("administrator", "finance").SeesNone())
	assert.True(t, table.Of("nobody-knows").SeesNone())
	assert.False(t, both.Allow("Observation", 'u'))
	assert.False(t, table.Of("nobody-knows").Allow("Patient", 'r'))
	assert.False(t, table.Of().Allow("ValueSet", 'r'))
	assert.False(t, policy.Grants{}.AllowOperation("Task/$accept", ""))
}

func TestParse(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"no role":   {"# nothing\n", "t has no role"},
		"fields":    {"a\tPatient", "t:1: expected role, on, letters and a note"},
		"type":      {"a\tsees\town\na\tPatience\tr", `t:2: "Patience" is not a resource type`},
		"letters":   {"a\tsees\town\na\tPatient\tsr", `t:2: letters are of cruds, in this order`},
		"empty":     {"a\tsees\town\na\tPatient\t", `t:2: letters are of cruds`},
		"sees":      {"a\tPatient\tr", "role a has no line that says what it sees"},
		"sight":     {"a\tsees\tmine", "t:1: sees is own, all or none"},
		"group":     {"a\tsees\town\na\t@g\tr", "t:2: there is no group @g"},
		"in group":  {"group\t@g\tPatient Patience", `t:1: "Patience" is not`},
		"operation": {"a\tsees\town\na\tTask/$accept\tr", "t:2: an operation has the letter x"},
		"event":     {"a\tsees\town\na\t$process-message?evnt=a\tx", "t:2: an operation is limited by ?event="},
		"no event":  {"a\tsees\town\na\t$process-message?event=\tx", "t:2: an operation is limited by ?event="},
		"any event": {"a\tsees\town\na\t$process-message?event=*\tx", "t:2: an operation is limited by ?event="},
		"is":        {"a\tsees\town\na\tis\tb", `role a is "b", which is not a role`},
		"circle":    {"a\tsees\town\na\tis\tb\nb\tsees\town\nb\tis\ta", "role a is b, which is a again"},
		"itself":    {"a\tsees\town\na\tis\ta", "role a is a, which is a again"},
	} {
		_, err := policy.Parse("t", []byte(c.text))
		require.Error(t, err, name)
		assert.Contains(t, err.Error(), c.want, name)
	}
	_, err := policy.Parse("t", []byte("a\tPatience\tr\nb\tsees\town\nb\tX\tr"))
	require.Error(t, err)
	assert.Equal(t, 3, strings.Count(err.Error(), "\n")+1, "every problem is named")
	table, err := policy.Parse("t", []byte("\ufeffgroup\t@g\tPatient Task\r\na\tsees\town\tnote\r\na\t@g\tr\r\na\tPatient\tcs\r\nb\tsees\tall\r\nb\tis\ta\r\n"))
	require.NoError(t, err)
	assert.True(t, table.Of("b").Allow("Patient", 'c'))
	assert.True(t, table.Of("b").Allow("Task", 'r'))
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("a\tsees\town\na\tPatient\tr\n"))
	f.Add([]byte("group\t@g\tPatient\nx\tis\ty\ny\tsees\tnone\n$\t$\t$"))
	f.Fuzz(func(t *testing.T, data []byte) {
		table, err := policy.Parse("f", data)
		if err == nil {
			require.NoError(t, table.Print(&bytes.Buffer{}))
		}
	})
}
