package notices

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// TestReadTemplates: every mistake is named by its line.
func TestReadTemplates(t *testing.T) {
	const good = "2026-01-01\towing\temail\t48\tA subject\tDear {name}, {expected}\n"
	_, err := ReadTemplates("# a comment\n\n" + good)
	require.NoError(t, err)
	for from, to := range map[string]string{
		"2026-01-01": "yesterday", "owing": "colour", "email": "pigeon", "\t48\t": "\t0\t", "\t48": "\t169", "A subject": "-", "{name}": "{medicine}", "{expected}": "{link}", "Dear {name}, {expected}": "",
		"Dear ": "Dear }", ", {": ", {{", "\towing": "\towing\tmore",
	} {
		_, err := ReadTemplates(strings.Replace(good, from, to, 1))
		assert.ErrorContains(t, err, "line 1: ", "%q for %q", to, from)
	}
	_, err = ReadTemplates(good + good)
	require.ErrorContains(t, err, "line 2: there is a line of this kind")
	_, err = ReadTemplates(good[:4] + "\n" + strings.Replace(good, "48", "x", 1))
	require.ErrorContains(t, err, "line 1: ")
	require.ErrorContains(t, err, "line 2: ", "all at once")
	_, err = ReadTemplates("")
	require.Error(t, err)
}

// TestBuiltinTemplates: each kind is told by email and by text, and no template names what
// only the pharmacy knows.
func TestBuiltinTemplates(t *testing.T) {
	table, err := BuiltinTemplates()
	require.NoError(t, err)
	for _, k := range Kinds() {
		for _, c := range []Channel{Email, Text} {
			_, ok := table.For(k, c, nhs.ReadDate("2026-11-30"))
			assert.True(t, ok, "%s by %s", k, c)
			_, ok = table.For(k, c, nhs.ReadDate("2025-11-30"))
			assert.False(t, ok, "before its day")
		}
	}
	for _, s := range table.Samples(nhs.ReadDate("2026-11-30")) {
		assert.NotContains(t, s.Written.Subject+s.Written.Text, "{")
		for _, word := range []string{"medicine", "tablet", "capsule"} {
			assert.NotContains(t, strings.ToLower(s.Written.Subject+s.Written.Text), word)
		}
	}
}

// TestNewerTemplates: the newest row that has begun counts.
func TestNewerTemplates(t *testing.T) {
	table, err := ReadTemplates("2026-06-01\towing\ttext\t2\t-\tnew\n2026-01-01\towing\ttext\t1\t-\told\n")
	require.NoError(t, err)
	for day, want := range map[string]string{"2026-05-31": "old", "2026-06-01": "new"} {
		row, ok := table.For(Owing, Text, nhs.ReadDate(day))
		require.True(t, ok)
		assert.Equal(t, want, row.Text)
	}
	assert.Equal(t, 2*time.Hour, table.longest())
}

// TestWrite: a line without its value is left out, and a value is one line that is no
// template.
func TestWrite(t *testing.T) {
	row := Template{Subject: "For {name}", Text: "Dear {name}\nExpected: {expected}\nBy {courier}"}
	assert.Equal(t, Written{"For Jo {link}", "Dear Jo {link}\nBy Van 1 Bcc: a@example.com"}, row.Write(map[string]string{"name": "Jo {link}", "courier": "Van 1\r\nBcc: a@example.com", "link": "secret"}))
	assert.Len(t, plain(strings.Repeat("é", 400)), longestValue)
}

// TestAddresses: which of a patient's telecom a message goes to.
func TestAddresses(t *testing.T) {
	now := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	method := func(code string) string {
		return `"extension":[{"url":"` + extContact + `","extension":[{"url":"PreferredContactMethod","valueCodeableConcept":{"coding":[{"system":"` + csContact + `","code":"` + code + `"}]}}]}],`
	}
	const both = `{"system":"phone","value":"07700 900123"},{"system":"email","value":"a@example.com"}`
	for _, c := range []struct{ before, telecom, want string }{
		{"", both, "text +447700900123, email a@example.com"},
		{"", `{"system":"phone","value":"07700900123","rank":2},{"system":"email","value":"a@example.com","rank":1}`, "email a@example.com, text +447700900123"},
		{"", `{"system":"email","value":"a@example.com"},{"system":"email","value":"b@example.com","rank":9}`, "email b@example.com, email a@example.com"},
		{method("4"), both, "email a@example.com, text +447700900123"},
		{method("8"), both, "email a@example.com"},
		{method("1"), both, "text +447700900123, email a@example.com"},
		{"", `{"system":"email","value":"a@example.com","use":"old"},{"system":"email","value":"b@example.com","period":{"end":"2026-11-29"}},{"system":"email","value":"c@example.com","period":{"start":"2026-12-01T00:00:00Z"}},{"system":"email","value":"d@example.com","period":{"start":"2026","end":"2026-11-30"}}`, "email d@example.com"},
		{"", `{"system":"email","value":"Jo <a@example.com>"},{"system":"email","value":"a@example.com, b@example.com"},{"system":"email","value":"a@example.com\r\nBcc: b@example.com"},{"system":"email","value":"none"},{"system":"email"}`, ""},
		{"", `{"system":"phone","value":"01632 960001"},{"system":"phone","value":"07012 345678"},{"system":"phone","value":"07600 123456"},{"system":"phone","value":"0770090012"},{"system":"phone","value":"077009001234"},{"system":"phone","value":"ask his mother"},{"system":"phone","value":"+1 7700 900123"}`, ""},
		{"", `{"system":"phone","value":"07624 123456"},{"system":"sms","value":"+44 (0)7700 900123"},{"system":"sms","value":"0044 7700-900123"},{"system":"fax","value":"07700 900123"}`, "text +447624123456, text +447700900123, text +447700900123"},
	} {
		r, err := fhir.Parse([]byte(`{"resourceType":"Patient",` + c.before + `"telecom":[` + c.telecom + `]}`))
		require.NoError(t, err)
		var got []string
		for _, a := range addresses(r, func(Channel) bool { return true }, now) {
			got = append(got, string(a.Channel)+" "+a.To)
		}
		assert.Equal(t, c.want, strings.Join(got, ", "), c.telecom)
	}
}

// FuzzTemplates: what is read can be written, with no brace of the template left.
func FuzzTemplates(f *testing.F) {
	f.Add(templatesTSV)
	f.Add("2026-01-01\towing\ttext\t2\t-\t{name} {expected}\n")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := ReadTemplates(text)
		if err != nil {
			return
		}
		for _, row := range table {
			w := row.Write(samples)
			require.False(t, strings.ContainsAny(w.Subject+w.Text, "{}"), "%q", row.Text)
		}
	})
}

// FuzzAddress: an address is never more than one, and never ends a header.
func FuzzAddress(f *testing.F) {
	f.Add("a@example.com")
	f.Add("a@example.com\r\nBcc: b@example.com")
	f.Add(`"a b"@example.com`)
	f.Add("07700 900123")
	f.Fuzz(func(t *testing.T, text string) {
		if a := address(text); a != "" {
			require.False(t, strings.ContainsAny(a, "\r\n,;<> "), "%q", a)
		}
		if m := mobile(text); m != "" {
			require.Len(t, m, 13)
			require.True(t, strings.HasPrefix(m, "+447"))
		}
	})
}
