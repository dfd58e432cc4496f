package duties_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/trust/duties"
)

// TestOpenDuties lists those that are not enforced, each with its reason.
func TestOpenDuties(t *testing.T) {
	table, err := duties.Builtin()
	require.NoError(t, err)
	var open, enforced []string
	for _, d := range table.Duties() {
		assert.NotEmpty(t, d.Note)
		if d.Enforced {
			enforced = append(enforced, d.Act+" after "+d.Earlier)
		} else {
			open = append(open, d.Act+" after "+d.Earlier)
		}
	}
	assert.Equal(t, []string{"dispense after accept", "adjust after submit", "grant after -"}, enforced)
	assert.Equal(t, []string{"check after assemble", "check after prescribe", "destroy after witness", "register after witness", "refund after request", "grant after -", "purge after request"}, open)
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"a\tb\tc":                         "t:1: expected act, about, earlier",
		"a\tb\tc\tmaybe\tn":               "enforced or open",
		"check\t-\tassemble\tenforced\tn": `does not record who did "assemble" before "check"`,
		"# c\na\tb\tc\topen\t":            "t:2: expected",
	} {
		_, err := duties.Parse("t", []byte(text))
		assert.ErrorContains(t, err, want, text)
	}
}

func TestSeparate(t *testing.T) {
	table, err := duties.Builtin()
	require.NoError(t, err)
	person := fhir.Principal{Agent: "sds-user-id|1", OnBehalf: "FA565", Roles: []string{"pharmacist"}}
	assert.ErrorContains(t, table.Separate("dispense", "CD2", person, "1"), "needs another person")
	assert.ErrorContains(t, table.Separate("dispense", "CD3", person, "https://fhir.nhs.uk/Id/sds-user-id|1"), "needs another person")
	for name, err := range map[string]error{
		"another":      table.Separate("dispense", "CD2", person, "2"),
		"nobody":       table.Separate("dispense", "CD2", person, ""),
		"no CD":        table.Separate("dispense", "", person, "1"),
		"Schedule 4":   table.Separate("dispense", "CD4", person, "1"),
		"open":         table.Separate("check", "", person, "1"),
		"a system":     table.Separate("dispense", "CD2", fhir.Principal{Agent: "sds-user-id|1", OnBehalf: "FA565"}, "1"),
		"of a sandbox": table.Separate("dispense", "CD2", fhir.Principal{Agent: "1", Unbound: true, Roles: []string{"pharmacist"}}, "1"),
	} {
		assert.NoError(t, err, name)
	}
}

type records map[string]*fhir.Version

func (r records) Current(typ, id string) (*fhir.Version, error) { return r[typ+"/"+id], nil }
func (r records) First(typ, id string) (*fhir.Version, error)   { return r[typ+"/"+id], nil }
func (records) Find(string, string) ([]string, error)           { return nil, nil }

func version(by, text string) *fhir.Version {
	r, err := fhir.Parse([]byte(text))
	if err != nil {
		panic(err)
	}
	return &fhir.Version{Type: r.Type(), ID: r.ID(), Method: fhir.Update, JSON: []byte(text), Requester: fhir.Principal{Agent: by}}
}

// TestGuard: nobody prices anew what they sent, or gives themselves a role.
func TestGuard(t *testing.T) {
	table, err := duties.Builtin()
	require.NoError(t, err)
	state := records{
		"Claim/c":        version("sds-user-id|1", `{"resourceType":"Claim","id":"c"}`),
		"Practitioner/p": version("x", `{"resourceType":"Practitioner","id":"p","identifier":[{"system":"https://fhir.nhs.uk/Id/sds-user-id","value":"1"}]}`),
	}
	answer := version("", `{"resourceType":"ClaimResponse","id":"a","request":{"reference":"Claim/c"}}`)
	role := version("", `{"resourceType":"PractitionerRole","id":"r","practitioner":{"reference":"Practitioner/p"},"code":[{"text":"pharmacist"}]}`)
	moved := version("", `{"resourceType":"PractitionerRole","id":"r","practitioner":{"reference":"Practitioner/p"},"code":[{"text":"pharmacist"}],"telecom":[{"value":"1"}]}`)
	named := version("", `{"resourceType":"PractitionerRole","id":"r","practitioner":{"identifier":{"value":"1"}}}`)
	for _, c := range []struct {
		name, who      string
		before, after  *fhir.Version
		claim, refused bool
	}{
		{"adjust", "1", answer, answer, false, true},
		{"adjust, another", "2", answer, answer, false, false},
		{"amend", "1", answer, answer, true, false},
		{"first answer", "1", nil, answer, false, false},
		{"grant", "1", nil, role, false, true},
		{"grant by an identifier", "1", nil, named, false, true},
		{"grant, another", "2", nil, role, false, false},
		{"telephone", "1", role, moved, false, false},
		{"telephone, and more", "1", named, moved, false, true},
	} {
		tx := &fhir.Transaction{Requester: fhir.Principal{Agent: "sds-user-id|" + c.who, OnBehalf: "FA565", Roles: []string{"superintendent"}}}
		if c.claim {
			tx.Changes = []fhir.Change{{Type: "Claim"}}
		}
		for _, tx.Derived = range []bool{true, false} {
			err := table.Guard(context.Background(), state, tx, c.before, c.after)
			if c.refused {
				assert.ErrorContains(t, err, "needs another person", c.name)
			} else {
				assert.NoError(t, err, c.name)
			}
		}
	}
}
