package terminology

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestHostileDefinitions: definitions that come with a call are worked on in bounded
// time, whatever they are like: the call is answered, or refused with words.
func TestHostileDefinitions(t *testing.T) {
	ops := map[string]fhir.Operation{}
	for _, op := range Operations(New(Config{}), nil) {
		if !op.Instance {
			ops[op.Type+"/"+op.Name] = op
		}
	}
	var deep strings.Builder // each code below the one before, by a property
	for i := range 30_000 {
		fmt.Fprintf(&deep, `{"code":"c%d","property":[{"code":"parent","valueCode":"c%d"}]},`, i, i-1)
	}
	system := `{"name":"tx-resource","resource":{"resourceType":"CodeSystem","url":"urn:deep","content":"complete","caseSensitive":true,"concept":[` + strings.TrimSuffix(deep.String(), ",") + `]}},`
	set := func(url, compose string) string {
		return fmt.Sprintf(`{"name":"tx-resource","resource":{"resourceType":"ValueSet","url":%q,"status":"active","compose":%s}},`, url, compose)
	}
	var wide, chain strings.Builder // each of 12 value sets includes the next 20 times; 5,000 each the next
	for i := range 12 {
		wide.WriteString(set(fmt.Sprintf("urn:wide%d", i), `{"include":[`+strings.TrimSuffix(strings.Repeat(fmt.Sprintf(`{"valueSet":["urn:wide%d"]},`, i+1), 20), ",")+`]}`))
	}
	wide.WriteString(set("urn:wide12", `{"include":[{"system":"urn:deep"}]}`))
	for i := range 5000 {
		chain.WriteString(set(fmt.Sprintf("urn:chain%d", i), fmt.Sprintf(`{"include":[{"valueSet":["urn:chain%d"]}]}`, i+1)))
	}
	codings := strings.TrimSuffix(strings.Repeat(`{"system":"urn:deep","code":"wrong"},`, 3000), ",")
	for name, c := range map[string]struct{ op, parameters string }{
		"deep is-a":       {"ValueSet/expand", system + set("urn:v", `{"include":[{"system":"urn:deep","filter":[{"property":"concept","op":"is-a","value":"c0"}]}]}`) + `{"name":"url","valueUri":"urn:v"},{"name":"count","valueInteger":5}`},
		"deep generalize": {"ValueSet/expand", system + set("urn:v", `{"include":[{"system":"urn:deep","filter":[{"property":"concept","op":"generalizes","value":"c29999"}]}]}`) + `{"name":"url","valueUri":"urn:v"},{"name":"count","valueInteger":5}`},
		"wide":            {"ValueSet/validate-code", system + wide.String() + `{"name":"url","valueUri":"urn:wide0"},{"name":"coding","valueCoding":{"system":"urn:other","code":"x"}}`},
		"wide expansion":  {"ValueSet/expand", system + wide.String() + `{"name":"url","valueUri":"urn:wide0"},{"name":"count","valueInteger":5}`},
		"chain":           {"ValueSet/expand", chain.String() + `{"name":"url","valueUri":"urn:chain0"}`},
		"codings":         {"ValueSet/validate-code", system + set("urn:v", `{"include":[{"system":"urn:deep"}]}`) + `{"name":"url","valueUri":"urn:v"},{"name":"codeableConcept","valueCodeableConcept":{"coding":[` + codings + `]}}`},
		"itself":          {"ValueSet/expand", set("urn:v", `{"include":[{"valueSet":["urn:v"]}]}`) + `{"name":"url","valueUri":"urn:v"}`},
		"long regex":      {"ValueSet/expand", system + set("urn:v", `{"include":[{"system":"urn:deep","filter":[{"property":"code","op":"regex","value":"`+strings.Repeat("(a|b)*", 1000)+`"}]}]}`) + `{"name":"url","valueUri":"urn:v"}`},
	} {
		body, err := fhir.Parse([]byte(`{"resourceType":"Parameters","parameter":[` + c.parameters + `]}`))
		require.NoError(t, err, name)
		op := ops[c.op]
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		begun := time.Now()
		_, err = op.Handle(ctx, &fhir.Call{Body: body, Time: begun})
		cancel()
		assert.Less(t, time.Since(begun), 30*time.Second, name)
		var e *fhir.Error
		if err != nil {
			assert.True(t, errors.As(err, &e), "%s: %v", name, err)
		}
		t.Log(name, time.Since(begun).Round(time.Millisecond), err != nil)
	}
}
