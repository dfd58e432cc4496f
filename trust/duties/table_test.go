package duties_test

import (
	"context"
	"net/url"
	"strings"
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
	assert.Equal(t, []string{"dispense after accept", "adjust after submit", "purge after propose", "review after break-glass", "grant after -", "check after approve", "approve after prescribe", "destroy after witness", "count after witness", "register after witness", "close after ask", "refund after ask"}, enforced)
	assert.Equal(t, []string{"check after assemble", "grant after -"}, open)
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
	assert.ErrorContains(t, table.Separate(records{}, "dispense", "CD2", person, "1"), "needs another person")
	assert.ErrorContains(t, table.Separate(records{}, "dispense", "CD3", person, "https://fhir.nhs.uk/Id/sds-user-id|1"), "needs another person")
	for name, err := range map[string]error{
		"a suffix":     table.Separate(records{}, "dispense", "CD2", person, "https://fhir.nhs.uk/Id/sds-user-id|11"),
		"a longer one": table.Separate(records{}, "dispense", "CD2", fhir.Principal{Agent: "sds-user-id|11", OnBehalf: "FA565", Roles: person.Roles}, "sds-user-id|1"),
		"another type": table.Separate(records{}, "dispense", "CD2", person, "Practitioner/1"),
		"another":      table.Separate(records{}, "dispense", "CD2", person, "2"),
		"nobody":       table.Separate(records{}, "dispense", "CD2", person, ""),
		"no CD":        table.Separate(records{}, "dispense", "", person, "1"),
		"Schedule 4":   table.Separate(records{}, "dispense", "CD4", person, "1"),
		"open":         table.Separate(records{}, "grant", "client", person, "1"),
		"a system":     table.Separate(records{}, "dispense", "CD2", fhir.Principal{Agent: "sds-user-id|1", OnBehalf: "FA565"}, "1"),
		"of a sandbox": table.Separate(records{}, "dispense", "CD2", fhir.Principal{Agent: "1", Unbound: true, Roles: []string{"pharmacist"}}, "1"),
	} {
		assert.NoError(t, err, name)
	}
}

// TestOnePersonByTwoNames: a reference to an entry of the directory and the
// identifier in it are of one person, and so are absolute and relative references.
func TestOnePersonByTwoNames(t *testing.T) {
	table, err := duties.Builtin()
	require.NoError(t, err)
	table.Own = func(base string) bool { return base == "https://here.example/fhir" }
	state := records{
		"Practitioner/p":     version("x", `{"resourceType":"Practitioner","id":"p","identifier":[{"system":"https://fhir.nhs.uk/Id/sds-user-id","value":"1"}]}`),
		"PractitionerRole/r": version("x", `{"resourceType":"PractitionerRole","id":"r","identifier":[{"system":"https://fhir.nhs.uk/Id/sds-role-profile-id","value":"9"}],"practitioner":{"reference":"Practitioner/p"}}`),
	}
	one := []string{"Practitioner/p", "https://here.example/fhir/Practitioner/p", "sds-user-id|1", "https://fhir.nhs.uk/Id/sds-user-id|1", "PractitionerRole/r", "sds-role-profile-id|9"}
	for _, agent := range one {
		who := fhir.Principal{Agent: agent, OnBehalf: "FA565", Roles: []string{"pharmacist"}}
		for _, earlier := range one[:4] {
			assert.Error(t, table.Separate(state, "dispense", "CD2", who, earlier), "%s after %s", agent, earlier)
		}
		for _, other := range []string{"Practitioner/pp", "Practitioner/1", "https://there.example/fhir/Practitioner/p", "sds-user-id|11", "sds-user-id|9"} {
			assert.NoError(t, table.Separate(state, "dispense", "CD2", who, other), "%s after %s", agent, other)
		}
	}
}

type records map[string]*fhir.Version

func (r records) Current(typ, id string) (*fhir.Version, error) { return r[typ+"/"+id], nil }
func (r records) Bare(typ, id string) (*fhir.Version, error)    { return r[typ+"/"+id], nil }
func (r records) First(typ, id string) (*fhir.Version, error)   { return r[typ+"/"+id], nil }

func (r records) Newest(string, string, int) ([]string, error) { return nil, nil }

// Find answers "identifier=system|value".
func (r records) Find(typ, query string) (ids []string, err error) {
	system, value, _ := strings.Cut(strings.TrimPrefix(query, "identifier="), "%7C")
	for ref, v := range r {
		id, ok := strings.CutPrefix(ref, typ+"/")
		resource, err := v.Resource()
		if err != nil {
			return nil, err
		}
		for n := range resource.Get("identifier").Items() {
			if ok && url.QueryEscape(n.Get("system").Text()) == system && n.Get("value").Text() == value {
				ids = append(ids, id)
			}
		}
	}
	return ids, nil
}

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
