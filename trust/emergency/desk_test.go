package emergency_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/trust/emergency"
)

// tasks are the Tasks of a state, by id.
type tasks map[string]*fhir.Version

func (t tasks) Current(_, id string) (*fhir.Version, error)  { return t[id], nil }
func (t tasks) Bare(_, id string) (*fhir.Version, error)     { return t[id], nil }
func (t tasks) First(_, id string) (*fhir.Version, error)    { return t[id], nil }
func (t tasks) Newest(string, string, int) ([]string, error) { return nil, nil }
func (t tasks) Find(string, string) (ids []string, err error) {
	for id := range t {
		ids = append(ids, id)
	}
	return ids, nil
}

// TestLoad: what was opened is open after a restart, to who opened it, as long as it
// lasts; what the operation does not make opens nothing, and stops nothing.
func TestLoad(t *testing.T) {
	now := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	task := func(by, writer, patient, end string) *fhir.Version {
		text := `{"resourceType":"Task","status":"requested","intent":"order","code":{"coding":[{"system":"https://pestle-fhir.github.io/CodeSystem/log","code":"break-glass"}]},"for":{"reference":"` + patient +
			`"},"requester":{"identifier":{"value":"` + by + `"}},"reasonCode":{"coding":[{"code":"BTG"}]},"restriction":{"period":{"end":"` + end + `"}}}`
		return &fhir.Version{Type: "Task", ID: "x", VersionID: "1", Method: fhir.Create, JSON: []byte(text), Requester: fhir.Principal{Agent: writer}}
	}
	d := &emergency.Desk{Clock: func() time.Time { return now }}
	require.NoError(t, d.Load(tasks{
		"good":    task("ann", "ann", "Patient/a", "2026-11-30T09:10:00.000Z"),
		"over":    task("ann", "ann", "Patient/b", "2026-11-30T09:00:00.000Z"),
		"another": task("ann", "eve", "Patient/c", "2026-11-30T09:10:00.000Z"),
		"nobody":  task("ann", "ann", "", "2026-11-30T09:10:00.000Z"),
		"short":   task("ann", "ann", "P", "2026-11-30T09:10:00.000Z"),
		"group":   task("ann", "ann", "Group/c", "2026-11-30T09:10:00.000Z"),
		"long":    task("ann", "ann", "Patient/"+strings.Repeat("x", 65), "2026-11-30T09:10:00.000Z"),
		"no end":  task("ann", "ann", "Patient/d", "soon"),
	}))
	open := d.To(fhir.Principal{Agent: "ann"})
	require.Len(t, open, 1)
	require.Equal(t, "a BTG", open[0].Patient+" "+open[0].Purpose)
	require.Empty(t, d.To(fhir.Principal{Agent: "eve"}))
	now = now.Add(10 * time.Minute)
	require.Empty(t, d.To(fhir.Principal{Agent: "ann"}))
}
