package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Options say how scripts are run.
type Options struct {
	Client *http.Client // nil for one that does not unpack answers
	// Update writes the responses that come into the scripts.
	Update bool
	// Loose holds a server that is not this one to statuses and to the types
	// of the resources in its answers, not to wording.
	Loose bool
}

// Run runs the scripts that match the pattern, each as a subtest against a
// server of its own: start gives its FHIR base URL.
func Run(t *testing.T, pattern string, start func(*testing.T) (base string), o Options) {
	files, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, files, "no scripts at %s", pattern)
	for _, file := range files {
		script, err := Load(file)
		require.NoError(t, err)
		t.Run(script.Name, func(t *testing.T) { script.Run(t, start(t), o) })
	}
}

// Run runs one script against a server.
func (s *Script) Run(t *testing.T, base string, o Options) {
	if o.Client == nil {
		o.Client = &http.Client{Transport: &http.Transport{DisableCompression: true}}
	}
	n := newNames(strings.TrimRight(base, "/"))
	for i := range s.Steps {
		time.Sleep(2 * time.Millisecond) // instants have milliseconds: no two steps share one
		step := &s.Steps[i]
		request, err := n.fill(step.Request)
		require.NoError(t, err, "%s: %s", s.Name, step.Name)
		got := ""
		if step.Times > 1 {
			got = many(t, o.Client, n, request, step.Times)
		} else {
			got = n.hide(step.Name, one(t, o.Client, n, request))
		}
		switch {
		case o.Update:
			step.Want = got
		case o.Loose:
			compareLoosely(t, step, got)
		default:
			require.Equal(t, step.Want, got, "%s: %s", s.Name, step.Name)
		}
	}
	if o.Update {
		require.NoError(t, s.Save())
	}
}

// one sends a request and gives the response as text.
func one(t testing.TB, client *http.Client, n *names, request string) string {
	response, body, err := send(client, n, request)
	require.NoError(t, err)
	return render(request, response, body)
}

// many sends a request several times at once and counts the statuses.
func many(t testing.TB, client *http.Client, n *names, request string, times int) string {
	var mu sync.Mutex
	var group sync.WaitGroup
	counts := map[string]int{}
	for range times {
		group.Go(func() {
			response, _, err := send(client, n, request)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				counts[err.Error()]++
				return
			}
			counts[response.Status]++
		})
	}
	group.Wait()
	var lines []string
	for status, count := range counts {
		lines = append(lines, fmt.Sprintf("%d x %s\n", count, status))
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func send(client *http.Client, n *names, request string) (*http.Response, []byte, error) {
	head, body, _ := strings.Cut(request, "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	method, path, _ := strings.Cut(lines[0], " ")
	address := n.base + path
	if rest, ok := strings.CutPrefix(path, "~"); ok {
		address = n.root + rest
	} else if strings.HasPrefix(path, "http") {
		address = path
	}
	var content io.Reader
	if body = strings.TrimSuffix(body, "\n"); body != "" {
		content = strings.NewReader(body)
	}
	r, err := http.NewRequest(method, address, content)
	if err != nil {
		return nil, nil, err
	}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		r.Header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	response, err := client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return response, text, err
}

// usualType is the Content-Type that is not worth a line.
const usualType = "application/fhir+json; fhirVersion=4.0; charset=utf-8"

// shown are the headers that a response is held to, where it has them.
var shown = []string{
	"Content-Type", "Content-Encoding", "ETag", "Last-Modified", "Location", "Content-Location", "Allow",
	"WWW-Authenticate", "Retry-After", "Access-Control-Allow-Origin", "Access-Control-Allow-Methods",
}

func render(request string, r *http.Response, body []byte) string {
	var b strings.Builder
	b.WriteString(r.Status + "\n")
	names := shown
	for _, mirrored := range []string{"X-Request-ID", "X-Correlation-ID"} {
		if strings.Contains(request, "\n"+mirrored+":") {
			names = append(slices.Clone(names), mirrored)
		}
	}
	for _, name := range names {
		for _, value := range r.Header.Values(name) {
			if value != usualType {
				b.WriteString(name + ": " + value + "\n")
			}
		}
	}
	if len(body) > 0 {
		b.WriteString("\n" + string(indented(hideWording(body))))
		if body[len(body)-1] != '\n' {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func indented(body []byte) []byte {
	var out bytes.Buffer
	if json.Indent(&out, body, "", "  ") != nil {
		return body
	}
	return out.Bytes()
}
