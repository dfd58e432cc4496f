package server_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
)

// diary is an audit log in memory, which takes nothing while broken is set.
type diary struct {
	mu     sync.Mutex
	list   []*fhir.Access
	broken error
	// unknown is set where Takes does not know that it is broken.
	unknown bool
}

func (d *diary) Record(_ context.Context, list ...*fhir.Access) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.broken != nil {
		return d.broken
	}
	d.list = append(d.list, list...)
	return nil
}

func (d *diary) Takes() error {
	if d.unknown {
		return nil
	}
	return d.broken
}

// said writes what was recorded since the last time, a line each.
func (d *diary) said() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var lines []string
	for _, a := range d.list {
		line := fmt.Sprintf("%s %d by %s", a.Interaction, a.Status, a.By.Agent)
		for _, s := range a.Shown {
			line += fmt.Sprintf("; %s/%s/%s of %s", s.Type, s.ID, s.VersionID, strings.Join(s.Patients, "+"))
		}
		lines = append(lines, line)
	}
	d.list = nil
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func audited(t testing.TB, d *diary) http.Handler {
	h := newHandler(t, func(c *server.Config) {
		c.Audit, c.Authenticator, c.Issuer = d, byBearer{}, issuing{}
		c.Operations = []fhir.Operation{{Name: "look", Type: "Patient", Instance: true, Idempotent: true, Handle: func(context.Context, *fhir.Call) (*fhir.Reply, error) {
			return &fhir.Reply{Resource: fhir.Obj("resourceType", "Bundle", "type", "collection", "entry", fhir.List(
				fhir.Obj("resource", fhir.Obj("resourceType", "Task", "id", "t", "status", "ready", "intent", "order", "for", fhir.Obj("reference", "Patient/b"))),
				fhir.Obj("resource", fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(fhir.Obj("name", "x", "resource", fhir.Obj("resourceType", "Patient", "id", "c"))))),
			)).Resource()}, nil
		}}}
	})
	for _, r := range []string{`Patient/a {"resourceType":"Patient","id":"a","gender":"male"}`, `Patient/b {"resourceType":"Patient","id":"b","gender":"male","birthDate":"1980-01-01"}`,
		`Task/t {"resourceType":"Task","id":"t","status":"ready","intent":"order","for":{"reference":"Patient/a"}}`,
		`Task/u {"resourceType":"Task","id":"u","status":"ready","intent":"order","for":{"reference":"http://example.com/fhir/Patient/b"}}`,
		`Binary/x {"resourceType":"Binary","id":"x","contentType":"text/plain","data":"aGVsbG8="}`,
		`Patient/gone {"resourceType":"Patient","id":"gone"}`} {
		address, body, _ := strings.Cut(r, " ")
		require.Equal(t, 201, call(h, "PUT", "/fhir/"+address, body, "Authorization", "Bearer writer").Code)
	}
	require.Equal(t, 200, call(h, "DELETE", "/fhir/Patient/gone", "", "Authorization", "Bearer writer").Code)
	require.Empty(t, d.said(), "the versions hold who wrote them")
	return h
}

// issuing gives whoever asks a token.
type issuing struct{}

func (issuing) Serves(path string) bool {
	return path == "/token" || path == "/revoke" || path == "/introspect"
}

func (issuing) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	fhir.Identify(r.Context(), fhir.Principal{Agent: "app", Client: "app"})
}

// byBearer is who the token says, with all scopes; clinic may read Patients
// alone, and nobody is not known.
type byBearer struct{}

func (byBearer) Authenticate(r *http.Request) (auth.Identity, error) {
	who := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch who {
	case "", "nobody":
		return auth.Identity{}, fhir.E("authenticate", fhir.Login, fhir.Issue{Message: "Who?"})
	case "clinic":
		return auth.Identity{Requester: fhir.Principal{Agent: who}, Scopes: auth.ParseScopes("system/Patient.r")}, nil
	}
	return auth.Identity{Requester: fhir.Principal{Agent: who}, Scopes: auth.Full}, nil
}

func (byBearer) Challenge(error) string { return `Bearer realm="fhir"` }

// doors are the ways in which somebody is shown something, with what is recorded.
var doors = []struct {
	method, target, body string
	header               []string
	status               int
	want                 string
}{
	{"GET", "/fhir/Patient/a", "", nil, 200, "read 200 by eve; Patient/a/1 of a"},
	{"GET", "/FHIR/R4/Patient/a", "", nil, 200, "read 200 by eve; Patient/a/1 of a"},
	{"HEAD", "/fhir/Patient/a", "", nil, 200, "read 200 by eve; Patient/a/1 of a"},
	{"GET", "/fhir/Patient/a?_format=xml", "", nil, 200, "read 200 by eve; Patient/a/1 of a"},
	{"GET", "/fhir/Patient/a", "", []string{"Accept", "text/html"}, 200, "read 200 by eve; Patient/a/1 of a"},
	{"GET", "/fhir/Patient/a", "", []string{"If-None-Match", `W/"1"`}, 304, "read 304 by eve; Patient/a/1 of a"},
	{"GET", "/fhir/Patient/a?_at=2100", "", nil, 200, "read 200 by eve; Patient/a/1 of a"},
	{"GET", "/fhir/Patient/gone", "", nil, 410, "read 410 by eve; Patient/gone/2 of gone"},
	{"GET", "/fhir/Patient/none", "", nil, 404, "read 404 by eve"},
	{"GET", "/fhir/Patient/a/_history/1", "", nil, 200, "vread 200 by eve; Patient/a/1 of a"},
	{"GET", "/fhir/Binary/x", "", []string{"Accept", "*/*"}, 200, "read 200 by eve; Binary/x/1 of "},
	{"GET", "/fhir/Task/u", "", nil, 200, "read 200 by eve; Task/u/1 of b"},
	{"GET", "/fhir/Patient?gender=male", "", nil, 200, "search-type 200 by eve; Patient/a/1 of a; Patient/b/1 of b"},
	{"GET", "/fhir/Patient?gender=male&_count=1", "", nil, 200, "search-type 200 by eve; Patient/a/1 of a"},
	{"GET", "/fhir/Patient?gender=female", "", nil, 200, "search-type 200 by eve"},
	{"GET", "/fhir/Patient?gender=male&_summary=count", "", nil, 200, "search-type 200 by eve"},
	{"GET", "/fhir/Task/_search?_id=t&_include=Task:patient", "", nil, 200, "search-type 200 by eve; Task/t/1 of a; Patient/a/1 of a"},
	{"POST", "/fhir/Patient/_search", "birthdate=1980-01-01", []string{"Content-Type", "application/x-www-form-urlencoded"}, 200, "search-type 200 by eve; Patient/b/1 of b"},
	{"GET", "/fhir/Patient/a/Task", "", nil, 404, "search-type 404 by eve"},
	{"GET", "/fhir/Patient/b/*", "", nil, 200, "search-type 200 by eve; Patient/b/1 of b"},
	{"GET", "/fhir?_type=Task,Patient&gender=male", "", nil, 400, "search-system 400 by eve"},
	{"GET", "/fhir?_type=Task&_id=t&_include=Task:patient", "", nil, 200, "search-system 200 by eve; Task/t/1 of a; Patient/a/1 of a"},
	{"POST", "/fhir/_search", "_type=Patient&_id=b", []string{"Content-Type", "application/x-www-form-urlencoded"}, 200, "search-system 200 by eve; Patient/b/1 of b"},
	{"GET", "/fhir/Patient/b/$everything", "", nil, 200, "$everything 200 by eve; Patient/b/1 of b"},
	{"GET", "/fhir/Patient/b/$timeline", "", nil, 200, "$timeline 200 by eve; Task/u/1 of b; Patient/b/1 of b"},
	{"GET", "/fhir/Patient/none/$timeline", "", nil, 404, "$timeline 404 by eve"},
	{"GET", "/fhir/Patient/b/$meta", "", nil, 200, "$meta 200 by eve; Patient/b/1 of b"},
	{"POST", "/fhir/Patient/b/$meta-delete", `{"resourceType":"Parameters","parameter":[{"name":"meta","valueMeta":{"tag":[{"system":"urn:t","code":"a"}]}}]}`, nil, 200, "$meta-delete 200 by eve; Patient/b/1 of b"},
	{"GET", "/fhir/Observation/$lastn?patient=b", "", nil, 200, "$lastn 200 by eve"},
	{"GET", "/fhir/Patient/none/$everything", "", nil, 404, "$everything 404 by eve"},
	{"GET", "/fhir/Patient/gone/_history", "", nil, 200, "history-instance 200 by eve; Patient/gone/2 of gone; Patient/gone/1 of gone"},
	{"GET", "/fhir/Task/_history", "", nil, 200, "history-type 200 by eve; Task/u/1 of b; Task/t/1 of a"},
	{"GET", "/fhir/_history?_count=1", "", nil, 200, "history-system 200 by eve; Patient/gone/2 of gone"},
	{"GET", "/fhir/Patient/a/$look", "", nil, 200, "$look 200 by eve; Task/t/ of b; Patient/c/ of c"},
	{"GET", "/fhir/Patient/a/$validate", "", nil, 200, "$validate 200 by eve; Patient/a/1 of a"},
	{"GET", "/fhir/Patient/a/$validate?mode=delete", "", nil, 200, "$validate 200 by eve; Patient/a/1 of a"},
	{"POST", "/fhir/Patient", `{"resourceType":"Patient"}`, []string{"If-None-Exist", "birthdate=1980-01-01", "Prefer", "return=representation"}, 200, "create 200 by eve; Patient/b/1 of b"},
	{"PUT", "/fhir/Patient?_id=z", `{"resourceType":"Patient","id":"z"}`, nil, 201, "update-conditional 201 by eve"},
	{"DELETE", "/fhir/Patient?birthdate=1801", "", nil, 200, "delete-conditional 200 by eve"},
	{"PATCH", "/fhir/Patient/a", `[{"op":"test","path":"/gender","value":"female"}]`, []string{"Content-Type", "application/json-patch+json"}, 422, "patch 422 by eve; Patient/a/1 of a"},
	{"PATCH", "/fhir/Task/t", `[{"op":"replace","path":"/status","value":"draft"}]`, []string{"Content-Type", "application/json-patch+json"}, 200, ""},
	{"PUT", "/fhir/Patient/new", `{"resourceType":"Patient","id":"new"}`, []string{"Prefer", "return=representation"}, 201, ""},
	{"POST", "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient/a"}},{"request":{"method":"GET","url":"Patient?birthdate=1980-01-01"}},{"request":{"method":"GET","url":"Patient/none"}},{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}}]}`, nil, 200,
		"read 200 by eve; Patient/a/1 of a\nread 404 by eve\nsearch-type 200 by eve; Patient/b/1 of b"},
	{"POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"GET","url":"Patient/a"}},{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient","ifNoneExist":"birthdate=1980-01-01"}}]}`, nil, 200,
		"read 200 by eve; Patient/a/1 of a\ntransaction 200 by eve; Patient/b/1 of b"},
	{"POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}}]}`, nil, 200, ""},
	{"GET", "/fhir/Patient?birthdate=nonsense", "", nil, 400, "search-type 400 by eve"},
	{"GET", "/metrics", "", nil, 200, "metrics 200 by eve"},
	{"GET", "/fhir/Patient", "", []string{"Authorization", "Bearer clinic"}, 403, "search-type 403 by clinic"},
	{"DELETE", "/fhir/Patient/a", "", []string{"Authorization", "Bearer clinic"}, 403, "delete 403 by clinic"},
	{"GET", "/metrics", "", []string{"Authorization", "Bearer clinic"}, 403, "metrics 403 by clinic"},
	{"GET", "/fhir/Patient/a", "", []string{"Authorization", "Bearer nobody"}, 401, "unknown 401 by anonymous"},
	{"GET", "/metrics", "", []string{"Authorization", "Bearer nobody"}, 401, "metrics 401 by anonymous"},
	{"GET", "/fhir/metadata", "", nil, 200, ""},
	{"GET", "/health/live", "", nil, 200, ""},
	{"OPTIONS", "/fhir/Patient", "", nil, 204, ""},
	{"GET", "/", "", []string{"Accept", "text/html"}, 200, ""},
	{"GET", "/fhir/_ping", "", nil, 200, ""},
	{"GET", "/token", "", nil, 200, "sign-in 200 by app"},
	{"GET", "/revoke", "", nil, 200, "revoke 200 by app"},
	{"GET", "/introspect", "", nil, 200, "introspect 200 by app"},
	{"GET", "/fhir/Nonsense/a", "", nil, 404, "read 404 by eve"},
	{"GET", "/nothing/here", "", nil, 404, ""},
}

func TestAudit(t *testing.T) {
	d := &diary{}
	for _, c := range doors {
		h := audited(t, d)
		name := c.method + " " + c.target + " " + strings.Join(c.header, " ")
		w := call(h, c.method, c.target, c.body, append([]string{"Authorization", "Bearer eve"}, c.header...)...)
		require.Equal(t, c.status, w.Code, "%s: %s", name, w.Body)
		require.Equal(t, c.want, d.said(), name)
	}
}

// TestAuditFailsClosed wants that nothing of patients is answered while nothing is
// recorded, in no form, and that everything else is.
func TestAuditFailsClosed(t *testing.T) {
	for _, known := range []bool{true, false} { // before the request is carried out, or not until its answer
		t.Run(fmt.Sprint("known=", known), func(t *testing.T) { failsClosed(t, known) })
	}
}

func failsClosed(t *testing.T, known bool) {
	d := &diary{}
	h := audited(t, d)
	d.broken = errors.New("sync: Planted cause")
	d.unknown = !known
	for _, c := range doors {
		name := c.method + " " + c.target + " " + strings.Join(c.header, " ")
		header := append([]string{"Authorization", "Bearer eve"}, c.header...)
		if !known && !slices.Contains(header, "Accept") {
			header = append(header, "Accept-Encoding", "gzip")
		}
		w := call(h, c.method, c.target, c.body, header...)
		shows := strings.Contains(c.want, ";") || strings.Contains(c.want, " 200 by") && !strings.Contains(c.want, "metrics") && !strings.HasSuffix(c.want, " by app")
		if strings.Contains(c.body, `"batch"`) || strings.Contains(c.want, "$validate") {
			shows = true
		}
		if !shows {
			if w.Code == 503 {
				require.Contains(t, w.Body.String(), "record", name)
			}
			continue
		}
		if c.method != "HEAD" && !strings.Contains(c.body, `"batch"`) {
			require.Equal(t, 503, w.Code, "%s: %s", name, w.Body)
			require.Contains(t, w.Body.String(), "cannot record at present", name)
		}
		for _, content := range []string{"1980", `"male"`, "aGVsbG8", "hello"} {
			require.NotContains(t, w.Body.String(), content, name)
		}
		require.NotContains(t, w.Body.String(), "Planted")
		require.Empty(t, w.Header().Get("Etag"), name)
		require.Empty(t, w.Header().Get("Location"), name)
	}
	require.Equal(t, 201, call(h, "POST", "/fhir/Patient", `{"resourceType":"Patient"}`, "Authorization", "Bearer writer").Code, "its version holds who wrote it")
	for _, path := range []string{"/fhir/metadata", "/", "/fhir/_ping", "/health", "/metrics", "/token", "/fhir/OperationDefinition"} {
		require.Equal(t, 200, call(h, "GET", path, "", "Authorization", "Bearer eve", "Accept", "text/html").Code, path)
	}
	require.Equal(t, 403, call(h, "GET", "/fhir/Patient", "", "Authorization", "Bearer clinic").Code)
	require.Equal(t, 200, call(h, "GET", "/fhir/OperationDefinition/Resource-validate", "", "Authorization", "Bearer eve").Code)
	d.broken = nil
	require.Equal(t, 200, call(h, "GET", "/fhir/Patient/b", "", "Authorization", "Bearer eve").Code, "it lifts")
}

// TestUnknownCallersDoNotFillTheLog: their refusals are recorded up to a bound,
// and counted beyond it.
func TestUnknownCallersDoNotFillTheLog(t *testing.T) {
	d := &diary{}
	now := time.Unix(1_790_000_000, 0)
	h := newHandler(t, func(c *server.Config) {
		c.Audit, c.Authenticator, c.Clock = d, byBearer{}, func() time.Time { return now }
	})
	for range 1000 {
		require.Equal(t, 401, call(h, "GET", "/fhir/Patient/a", "").Code)
	}
	require.Len(t, d.list, 100)
	now = now.Add(time.Second)
	require.Equal(t, 401, call(h, "GET", "/fhir/Patient/a", "").Code)
	require.Equal(t, 900, d.list[100].Unrecorded)
	require.Equal(t, "/fhir/Patient/a", d.list[100].Target)
}

// TestAuditEscaped: of whom something is does not depend on how its JSON is
// escaped.
func TestAuditEscaped(t *testing.T) {
	d := &diary{}
	h := audited(t, d)
	for name, reference := range map[string]string{"slash": `Patient\/a`, "letter": `P\u0061tient/a`, "first": `\u0050atient\u002fa`} {
		task := `{"resourceType":"Task","id":"` + name + `","status":"ready","intent":"order","for":{"reference":"` + reference + `"}}`
		require.Equal(t, 201, call(h, "PUT", "/fhir/Task/"+name, task, "Authorization", "Bearer writer").Code)
		d.said()
		require.Equal(t, 200, call(h, "GET", "/fhir/Task/"+name, "", "Authorization", "Bearer eve").Code)
		require.Equal(t, "read 200 by eve; Task/"+name+"/1 of a", d.said())
		patient := `{"resourceType":"Patient","id":"` + name + `","link":[{"type":"seealso","other":{"reference":"` + reference + `"}}]}`
		require.Equal(t, 201, call(h, "PUT", "/fhir/Patient/"+name, patient, "Authorization", "Bearer writer").Code)
		d.said()
		require.Equal(t, 200, call(h, "GET", "/fhir/Patient/"+name, "", "Authorization", "Bearer eve").Code)
		require.Contains(t, d.said(), "read 200 by eve; Patient/"+name+"/1 of "+name)
	}
}
