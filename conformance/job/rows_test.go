package job

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

// TestRows runs the rows in testdata/rows against the binary, those of a file against
// one server. A row is requests with what their answers say:
//
//	METHOD path [JSON]     below the FHIR base; ~/path below the root
//	  Name: value          a header; Host is the name that the server is called by
//	= 200                  the status
//	~ text                 is in the answer, headers ("Name: value") or body
//	! text                 is not
//
// $base and $root are the addresses of the server, $id is Type/id of what the last request
// created, $self, $next, $previous, $first and $last are the links of the last Bundle,
// $status is the last Content-Location.
func TestRows(t *testing.T) {
	files, err := filepath.Glob("testdata/rows/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		require.NoError(t, err)
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Setenv("PESTLE_POLICY", "r4")
			s := start(t, t.TempDir())
			for _, f := range archive.Files {
				t.Run(f.Name, func(t *testing.T) {
					names := map[string]string{"base": s.base, "root": strings.TrimSuffix(s.base, "/fhir")}
					for _, step := range rowSteps(t, string(f.Data)) {
						step.run(t, names)
					}
				})
			}
		})
	}
}

// rowStep is a request of a row.
type rowStep struct {
	method, path, body string
	header             http.Header
	status             string
	with, without      []string
}

func rowSteps(t *testing.T, text string) (steps []*rowStep) {
	var s *rowStep
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "" || line[0] == '#':
		case strings.HasPrefix(line, "  "):
			name, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
			require.True(t, ok, line)
			s.header.Add(name, value)
		case strings.HasPrefix(line, "= "):
			s.status = line[2:]
		case strings.HasPrefix(line, "~ "):
			s.with = append(s.with, line[2:])
		case strings.HasPrefix(line, "! "):
			s.without = append(s.without, line[2:])
		default:
			fields := strings.SplitN(line, " ", 3)
			require.GreaterOrEqual(t, len(fields), 2, line)
			s = &rowStep{method: fields[0], path: fields[1], header: http.Header{}}
			if len(fields) > 2 {
				s.body = fields[2]
			}
			steps = append(steps, s)
		}
	}
	for _, s := range steps {
		require.NotEmpty(t, s.status, "%s %s expects nothing", s.method, s.path)
	}
	return steps
}

func (s *rowStep) run(t *testing.T, names map[string]string) {
	fill := func(text string) string {
		return os.Expand(text, func(name string) string {
			if value, ok := names[name]; ok {
				return value
			}
			return "$" + name
		})
	}
	path := fill(s.path)
	switch {
	case strings.HasPrefix(path, "~"):
		path = names["root"] + path[1:]
	case !strings.HasPrefix(path, "http"):
		path = names["base"] + path
	}
	body := fill(s.body)
	r, err := http.NewRequest(s.method, path, strings.NewReader(body))
	require.NoError(t, err)
	for name, values := range s.header {
		for _, value := range values {
			r.Header.Add(name, fill(value))
		}
	}
	r.Host = r.Header.Get("Host")
	if s.body != "" && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(r)
	require.NoError(t, err)
	data, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	var answer bytes.Buffer
	for name, values := range res.Header {
		for _, value := range values {
			fmt.Fprintf(&answer, "%s: %s\n", name, value)
		}
	}
	answer.Write(data)
	told := fmt.Sprintf("%s %s\n%.3000s", s.method, path, answer.String())
	require.Equal(t, s.status, fmt.Sprint(res.StatusCode), told)
	for _, text := range s.with {
		require.Contains(t, answer.String(), fill(text), told)
	}
	for _, text := range s.without {
		require.NotContains(t, answer.String(), fill(text), told)
	}
	if m := locatedID.FindStringSubmatch(res.Header.Get("Location")); m != nil {
		names["id"] = m[1]
	}
	if at := res.Header.Get("Content-Location"); at != "" {
		names["status"] = at
	}
	var bundle struct {
		Link []struct{ Relation, URL string }
	}
	if json.Unmarshal(data, &bundle) == nil {
		for _, link := range bundle.Link {
			names[link.Relation] = link.URL
		}
	}
}

var locatedID = regexp.MustCompile(`/([A-Z][A-Za-z]+/[A-Za-z0-9.-]+)/_history/`)
