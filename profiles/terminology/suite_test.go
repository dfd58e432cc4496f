package terminology

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/inputs"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

// TestSuite asks the questions of HL7's terminology ecosystem tests and compares
// the answers as their own runner does, but for sentences: what is compared is
// every member of an answer that is not marked as optional, and nothing may be
// there that is not expected. The definitions of a suite come with each request,
// as the runner sends them.
func TestSuite(t *testing.T) {
	dir := filepath.Join(oracle.Dir(t), "suites", "tx")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no suites/tx in the shared data")
	}
	type test struct {
		Name, Operation, Request, Response, Profile, Mode string
		Flat                                              string          `json:"response:flat"`
		Language                                          string          `json:"Accept-Language"`
		Code                                              string          `json:"http-code"`
		Header                                            json.RawMessage `json:"header"`
	}
	var list struct {
		Suites []struct {
			Name  string
			Setup []string
			Tests []test
		}
	}
	require.NoError(t, json.Unmarshal(readFile(t, dir, "test-cases.json"), &list))
	s := New(Config{})
	ops := map[string]fhir.Operation{}
	for _, op := range Operations(s, nil) {
		if !op.Instance {
			ops[op.Type+"/"+op.Name] = op
		}
	}
	addresses := map[string]string{"expand": "ValueSet/expand", "lookup": "CodeSystem/lookup", "validate-code": "ValueSet/validate-code", "cs-validate-code": "CodeSystem/validate-code", "batch-validate": "ValueSet/batch-validate-code"}
	passed, total := 0, 0
	var misses []string
	for _, suite := range list.Suites {
		for _, c := range suite.Tests {
			total++
			op, ok := ops[addresses[c.Operation]]
			require.True(t, ok, c.Operation)
			files := suite.Setup
			body := assemble(t, dir, c.Request, c.Profile, files)
			got, status := asked(t, &op, body, c.Language)
			want := plainJSON(t, readFile(t, dir, c.Response))
			if c.Flat != "" {
				want = plainJSON(t, readFile(t, dir, c.Flat))
			}
			why := ""
			if class := c.Code; class == "4xx" != (status >= 400) {
				why = fmt.Sprintf("status %d", status)
			} else {
				why = unlike(want, asR5(got), "")
			}
			if why == "" {
				passed++
				continue
			}
			misses = append(misses, c.Name)
			if testing.Verbose() {
				fmt.Printf("MISS %s: %s\n", c.Name, why)
			}
		}
	}
	oracle.Report(t, "tx-ecosystem", passed, total, misses)
}

func readFile(t *testing.T, dir, name string) []byte {
	text, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return bytes.TrimPrefix(text, []byte("\ufeff"))
}

// assemble is the request with the parameters of its profile and the definitions.
func assemble(t *testing.T, dir, request, profile string, setup []string) *fhir.Resource {
	var body map[string]any
	require.NoError(t, json.Unmarshal(readFile(t, dir, request), &body))
	list, _ := body["parameter"].([]any)
	if profile != "" {
		var more map[string]any
		require.NoError(t, json.Unmarshal(readFile(t, dir, profile), &more))
		for _, p := range more["parameter"].([]any) {
			if p.(map[string]any)["name"] != "uuid" { // a key for caches
				list = append(list, p)
			}
		}
	}
	for _, name := range setup {
		var r any
		require.NoError(t, json.Unmarshal(readFile(t, dir, name), &r))
		list = append(list, map[string]any{"name": "tx-resource", "resource": r})
	}
	body["parameter"] = list
	text, err := json.Marshal(body)
	require.NoError(t, err)
	r, err := fhir.Parse(text)
	require.NoError(t, err)
	return r
}

func asked(t *testing.T, op *fhir.Operation, body *fhir.Resource, language string) (map[string]any, int) {
	call := &fhir.Call{Body: body, Base: "http://pestle/fhir", Time: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), Language: language}
	err := inputs.Refuse(op, call, false)
	if err == nil {
		reply, failed := op.Handle(context.Background(), call)
		if failed == nil {
			return plainJSON(t, reply.Resource.JSON()), 200
		}
		err = failed
	}
	var e *fhir.Error
	require.True(t, errors.As(err, &e), err)
	return plainJSON(t, fhir.Outcome(e.Issues).JSON()), 400
}

func plainJSON(t *testing.T, text []byte) map[string]any {
	var v map[string]any
	require.NoError(t, json.Unmarshal(text, &v))
	return v
}

// asR5 has the properties of an expansion be where R5 has them, as the runner does.
func asR5(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		if list, ok := v.([]any); ok {
			for i := range list {
				list[i] = asR5(list[i])
			}
		}
		return v
	}
	for k := range m {
		m[k] = asR5(m[k])
	}
	var rest []any
	list, _ := m["extension"].([]any)
	for _, x := range list {
		x := x.(map[string]any)
		if x["url"] != propertyExtension && x["url"] != declaredExtension {
			rest = append(rest, x)
			continue
		}
		p := map[string]any{}
		for _, part := range x["extension"].([]any) {
			part := part.(map[string]any)
			for k, v := range part {
				switch {
				case k == "url":
				case part["url"] == "value":
					p[k] = v
				default:
					p[part["url"].(string)] = v
				}
			}
		}
		old, _ := m["property"].([]any)
		m["property"] = append(old, p)
	}
	delete(m, "extension")
	if rest != nil {
		m["extension"] = rest
	}
	return m
}

// unlike says where an answer differs from what is expected; "" for nowhere.
func unlike(want, got any, at string) string {
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s: want an object, got %v", at, got)
		}
		optional := map[string]bool{"text": true, "message": true, "diagnostics": true, "location": true, "language": true, "id": true, "meta": true}
		if list, ok := want["$optional-properties$"].([]any); ok {
			for _, name := range list {
				optional[name.(string)] = true
			}
		}
		for _, k := range slices.Sorted(maps.Keys(want)) {
			if strings.HasPrefix(k, "$") || optional[k] && got[k] == nil || textual(k) {
				continue
			}
			if got[k] == nil {
				if list, ok := want[k].([]any); ok && allOptional(list) || isOptional(want[k]) || onlyText(want[k]) {
					continue
				}
				return fmt.Sprintf("%s.%s: missing %s", at, k, brief(want[k]))
			}
			if why := unlike(want[k], got[k], at+"."+k); why != "" {
				return why
			}
		}
		for _, k := range slices.Sorted(maps.Keys(got)) {
			if _, there := want[k]; !there && !optional[k] && !textual(k) {
				return fmt.Sprintf("%s.%s: unexpected %s", at, k, brief(got[k]))
			}
		}
	case []any:
		got, ok := got.([]any)
		if !ok {
			return at + ": want a list"
		}
		return unlikeLists(want, got, at)
	case string:
		if strings.HasPrefix(want, "$choice:") {
			if slices.Contains(strings.Split(strings.Trim(strings.TrimPrefix(want, "$choice:"), "$"), "|"), fmt.Sprint(got)) {
				return ""
			}
		} else if strings.HasPrefix(want, "$") || want == got {
			return ""
		}
		return fmt.Sprintf("%s: want %s, got %v", at, want, got)
	default:
		if fmt.Sprint(want) != fmt.Sprint(got) {
			return fmt.Sprintf("%s: want %v, got %v", at, want, got)
		}
	}
	return ""
}

// textual are the members that hold sentences.
func textual(name string) bool { return name == "text" || name == "diagnostics" }

func onlyText(v any) bool {
	m, ok := v.(map[string]any)
	return ok && len(m) == 1 && m["text"] != nil
}

func allOptional(list []any) bool {
	return !slices.ContainsFunc(list, func(v any) bool { return !isOptional(v) })
}

func isOptional(v any) bool {
	m, ok := v.(map[string]any)
	if !ok {
		return false
	}
	return m["$optional$"] != nil || m["name"] == "message" || m["url"] == "http://hl7.org/fhir/StructureDefinition/operationoutcome-message-id" ||
		m["code"] == "informational"
}

// unlikeLists compares lists whose order does not count.
func unlikeLists(want, got []any, at string) string {
	left := slices.Clone(got)
	sort.SliceStable(want, func(i, j int) bool { return !isOptional(want[i]) && isOptional(want[j]) })
	for _, w := range want {
		first := ""
		found := false
		for i, g := range left {
			why := unlike(w, g, at)
			if why == "" {
				left, found = slices.Delete(left, i, i+1), true
				break
			}
			if first == "" && sameName0(w, g) {
				first = why
			}
		}
		if !found && !isOptional(w) {
			if first != "" {
				return first
			}
			return at + ": missing " + brief(w)
		}
	}
	left = slices.DeleteFunc(left, isOptional)
	if len(left) > 0 {
		return at + ": unexpected " + brief(left[0])
	}
	return ""
}

func sameName0(a, b any) bool {
	x, ok := a.(map[string]any)
	y, ok2 := b.(map[string]any)
	return ok && ok2 && x["name"] == y["name"] && x["code"] == y["code"]
}

func brief(v any) string {
	text, _ := json.Marshal(v)
	return string(text[:min(len(text), 300)])
}
