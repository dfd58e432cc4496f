package view

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

// suite is a file of the tests of SQL on FHIR.
type suite struct {
	Title     string            `json:"title"`
	Resources []json.RawMessage `json:"resources"`
	Tests     []struct {
		Title         string           `json:"title"`
		View          json.RawMessage  `json:"view"`
		Expect        []map[string]any `json:"expect"`
		ExpectError   any              `json:"expectError"`
		ExpectColumns []string         `json:"expectColumns"`
	} `json:"tests"`
}

// TestOracleViews runs the tests of SQL on FHIR v2: those of PESTLE_SQL_ON_FHIR, or the
// shared ones.
func TestOracleViews(t *testing.T) {
	dir := os.Getenv("PESTLE_SQL_ON_FHIR")
	if dir == "" {
		dir = filepath.Join(oracle.Dir(t), "suites", "sql-on-fhir")
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	passed, total := 0, 0
	var misses []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var s suite
		require.NoError(t, json.Unmarshal(text, &s), file)
		for i := range s.Tests {
			test := &s.Tests[i]
			total++
			columns, rows, err := ran(test.View, s.Resources)
			switch {
			case test.ExpectError != nil:
				if err == nil {
					err = fmt.Errorf("it should fail")
				} else {
					err = nil
				}
			case err == nil && test.ExpectColumns != nil && !slices.Equal(columns, test.ExpectColumns):
				err = fmt.Errorf("the columns are %v, not %v", columns, test.ExpectColumns)
			case err == nil && !same(rows, test.Expect):
				err = fmt.Errorf("the rows are %v, not %v", rows, test.Expect)
			}
			if err == nil {
				passed++
				continue
			}
			misses = append(misses, s.Title+": "+test.Title)
			t.Logf("%s: %s: %v", s.Title, test.Title, err)
		}
	}
	oracle.Report(t, "sql-on-fhir", passed, total, misses)
}

func ran(definition json.RawMessage, resources []json.RawMessage) (columns []string, rows []map[string]any, err error) {
	d, err := fhir.Parse(definition)
	if err != nil {
		return nil, nil, err
	}
	v, err := Compile(d.Root())
	if err != nil {
		return nil, nil, err
	}
	for _, c := range v.Columns {
		columns = append(columns, c.Name)
	}
	runner := v.Runner(time.Now())
	for _, text := range resources {
		r, err := fhir.Parse(text)
		if err != nil {
			return nil, nil, err
		}
		err = runner.Rows(context.Background(), r, func(row Row) error {
			var out bytes.Buffer
			if err := Formats[0].Row(&out, v.Columns, row); err != nil {
				return err
			}
			one := map[string]any{}
			if err := json.Unmarshal(out.Bytes(), &one); err != nil {
				return err
			}
			rows = append(rows, one)
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	return columns, rows, nil
}

// same compares rows without their order.
func same(found, want []map[string]any) bool {
	text := func(rows []map[string]any) (list []string) {
		for _, r := range rows {
			b, _ := json.Marshal(r) // it was JSON before
			list = append(list, string(b))
		}
		slices.Sort(list)
		return list
	}
	return slices.Equal(text(found), text(want))
}
