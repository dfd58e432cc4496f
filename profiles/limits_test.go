package profiles

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

func patientWith(t *testing.T, names int, name string) *fhir.Resource {
	t.Helper()
	r, err := fhir.Parse([]byte(`{"resourceType":"Patient","name":[` + strings.TrimSuffix(strings.Repeat(name+",", names), ",") + `]}`))
	require.NoError(t, err)
	return r
}

func TestIssuesAreCounted(t *testing.T) {
	issues := New().Validate(context.Background(), patientWith(t, MaxIssues+7, `{"familyName":"x"}`))
	require.Len(t, issues, MaxIssues+1)
	assert.Equal(t, "7 more issues are not shown.", issues[MaxIssues].Message)
	assert.Equal(t, "Patient.name[499]", issues[MaxIssues-1].Expression)
}

func TestAnEndedContextStopsTheWork(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	issues := New().Validate(ctx, patientWith(t, 5000, `{"family":"x"}`))
	require.True(t, fhir.HasErrors(issues))
	assert.Equal(t, fhir.Timeout, issues[len(issues)-1].Code)
}

func TestConcurrentUse(t *testing.T) {
	v := New()
	r := patientWith(t, 50, `{"family":"x","period":{"start":"2021","end":"2020"}}`)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { assert.Len(t, v.Validate(context.Background(), r), 50) })
	}
	wg.Wait()
}
