package fhirpath

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestLimits: what would not end, or would fill the memory, is stopped with an
// error that says so, and soon.
func TestLimits(t *testing.T) {
	patient := ResourceItem(readResource(t, "testdata/patient.json"))
	for _, src := range []string{
		"1.repeatAll($this)",
		"1.repeat(iif($this < 2000000000, $this + 1, {}))",
		"descendants().select(%resource.descendants()).select(%resource.descendants()).select(%resource.descendants()).count()",
		"descendants().aggregate('x' & $total & $total & $total & $total, 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx')",
		"descendants().descendants().aggregate($total.replace('x', 'xxxxxxxxxx'), 'xx')",
		"descendants().aggregate($total.combine($total).combine($total), 1)",
		"descendants().aggregate($total & $total.toChars().join('--'), 'ab')",
		"descendants().aggregate($total.replaceMatches('.', '$0$0$0$0$0'), 'ab')",
		"descendants().aggregate($total.encode('hex').encode('base64'), 'ab')",
	} {
		began := time.Now()
		_, err := MustCompile(src).Eval(t.Context(), patient, &Env{MaxSteps: 200_000})
		var failure *fhir.Error
		require.ErrorAs(t, err, &failure, src)
		require.Equal(t, fhir.TooCostly, failure.Kind, src)
		require.Less(t, time.Since(began), 30*time.Second, src)
	}
}

// TestLargeNumbers: figures that grow without bound become empty.
func TestLargeNumbers(t *testing.T) {
	for _, src := range []string{
		"(1|2|3|4|5|6|7|8|9|10|11|12|13|14).aggregate($total * $total, 12345.678)",
		"10.0.power(1000000000)", "2.5.power(900)", "0.1.power(-100000)", "9.9.power(0.1).power(100000)",
		"@2000-01-01 + 999999999999999 years", "@2000-01-01 - 1000000 days", "@2000-01-01T00:00:00Z + 99999999999999999 milliseconds",
		"(1|2|3|4|5|6|7|8|9|10|11|12|13|14).aggregate($total / 3 * $total, 12345.678)",
	} {
		c, err := MustCompile(src).Eval(t.Context(), Item{}, nil)
		require.NoError(t, err, src)
		require.Empty(t, c, src)
	}
}

// TestLargeLiterals: numbers in resources cannot blow up either.
func TestLargeLiterals(t *testing.T) {
	r, err := fhir.Parse([]byte(`{"resourceType":"Observation","valueQuantity":{"value":1e999999999,"unit":"x"},"component":[{"valueQuantity":{"value":1e-99999}}]}`))
	require.NoError(t, err)
	for _, src := range []string{"value.value > 1", "value.value + 1", "value > 1 'mg'", "component.value.value = 0", "component.value ~ 0 '1'", "value.value.toString()", "value.value | component.value.value"} {
		_, err := MustCompile(src).Eval(t.Context(), ResourceItem(r), nil)
		require.NoError(t, err, src)
	}
}

func TestNesting(t *testing.T) {
	for _, src := range []string{
		strings.Repeat("(", 100_000), strings.Repeat("-", 100_000) + "1", strings.Repeat("a(", 1000), strings.Repeat("iif(true,", 1000),
		"1" + strings.Repeat("+1", 100_000), "a" + strings.Repeat(".a", 100_000), "a" + strings.Repeat("[0]", 100_000), strings.Repeat("x", MaxSource+1),
		strings.Repeat("a.where(", 300) + "true" + strings.Repeat(")", 300),
	} {
		_, err := Compile(src)
		require.Error(t, err)
		require.Less(t, len(err.Error()), 1000)
	}
	e, err := Compile("1" + strings.Repeat("+1", 4000))
	require.NoError(t, err)
	c, err := e.Eval(t.Context(), Item{}, nil)
	require.NoError(t, err)
	require.Equal(t, "4001", c[0].String())
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := MustCompile("1.repeat(iif($this < 2000000000, $this + 1, {}))").Eval(ctx, Item{}, &Env{MaxSteps: 1 << 40})
	var failure *fhir.Error
	require.ErrorAs(t, err, &failure)
	require.Equal(t, fhir.Timeout, failure.Kind)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Less(t, time.Since(began), 5*time.Second)
}

// TestConcurrent: one expression serves many goroutines and several types.
func TestConcurrent(t *testing.T) {
	patient := ResourceItem(readResource(t, "testdata/patient.json"))
	bundle := ResourceItem(readResource(t, "testdata/bundle.json"))
	e := MustCompile("name.given.first().matches('^P') | entry.resource.value.exists() | id.count()")
	var group sync.WaitGroup
	failures := make(chan error, 64)
	for i := range 16 {
		group.Go(func() {
			for range 500 {
				focus, want := patient, "[true false 1]"
				if i%2 == 1 {
					focus, want = bundle, "[true 0]"
				}
				c, err := e.Eval(context.Background(), focus, nil)
				if got := fmt.Sprint([]Item(c)); err != nil || got != want {
					failures <- errors.Join(err, fmt.Errorf("%s, not %s", got, want))
					return
				}
			}
		})
	}
	group.Wait()
	close(failures)
	for err := range failures {
		t.Error(err)
	}
}
