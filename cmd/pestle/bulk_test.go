package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/trust/policy"
)

// bulkServer is a server of a world that keeps its jobs and records who is shown what.
func bulkServer(t testing.TB, w *orgWorld) http.Handler {
	s, err := server.New(server.Config{Repository: w.app.repository, Validator: w.app.validator, Operations: w.app.operations(), Intakes: w.app.intakes(),
		Authenticator: byOrg{}, PublicURL: "http://pharmacy.test", Secret: []byte("secret"), Logger: slog.New(slog.DiscardHandler),
		Audit: w.app.audit, Shelf: store.NewShelf(w.app.engine)})
	require.NoError(t, err)
	t.Cleanup(s.Close) // before the database is closed
	return s.Handler()
}

type bulkManifest struct {
	TransactionTime     time.Time
	Request             string
	RequiresAccessToken bool
	Output, Deleted     []bulkFile
	Error               []bulkFile
}

type bulkFile struct {
	Type, URL string
	Count     int
}

func bulkAsk(h http.Handler, token, method, path, body string, header ...string) *httptest.ResponseRecorder {
	return askRole(h, token, method, strings.TrimPrefix(path, "http://pharmacy.test"), body, header...)
}

// exportedBulk kicks an export off and waits for its manifest.
func exportedBulk(t testing.TB, h http.Handler, token, path string) (bulkManifest, string) {
	r := bulkAsk(h, token, "GET", path, "", "Prefer", "respond-async")
	require.Equal(t, 202, r.Code, "%s: %s", path, r.Body)
	status := r.Header().Get("Content-Location")
	require.Contains(t, status, "http://pharmacy.test/fhir/_async/")
	return awaitedBulk(t, h, token, status), status
}

func awaitedBulk(t testing.TB, h http.Handler, token, status string) (m bulkManifest) {
	require.Eventually(t, func() bool {
		r := bulkAsk(h, token, "GET", status, "")
		if r.Code == 202 {
			assert.NotEmpty(t, r.Header().Get("X-Progress"))
			assert.NotEmpty(t, r.Header().Get("Retry-After"))
			return false
		}
		require.Equal(t, 200, r.Code, r.Body.String())
		assert.Equal(t, "application/json", r.Header().Get("Content-Type"))
		assert.NotEmpty(t, r.Header().Get("Expires"))
		require.NoError(t, json.Unmarshal(r.Body.Bytes(), &m))
		return true
	}, time.Minute, 5*time.Millisecond)
	return m
}

// lines fetches files; each line has to be one resource of the type of its file.
func bulkLines(t testing.TB, h http.Handler, token string, files []bulkFile) (refs []string) {
	for _, f := range files {
		r := bulkAsk(h, token, "GET", f.URL, "")
		require.Equal(t, 200, r.Code, r.Body.String())
		require.Equal(t, "application/fhir+ndjson", r.Header().Get("Content-Type"))
		n := 0
		s := bufio.NewScanner(r.Body)
		for s.Buffer(nil, 1<<24); s.Scan(); n++ {
			v, err := fhir.Parse(s.Bytes())
			require.NoError(t, err, s.Text())
			require.Equal(t, f.Type, v.Type())
			if v.Type() == "Bundle" && v.Get("type").Text() == "transaction" {
				refs = append(refs, v.Get("entry").Item(0).Path("request", "url").Text())
			} else {
				refs = append(refs, v.Type()+"/"+v.ID())
			}
		}
		require.Equal(t, f.Count, n, f.Type)
	}
	slices.Sort(refs)
	return refs
}

// TestExport: an export has what a search shows its caller, and nothing else, at every
// level and with every parameter.
func TestExport(t *testing.T) {
	w := newOrgWorld(t)
	w.order("X99CL", "FA565", "9000000009")
	h := bulkServer(t, w)
	put := func(token, typ, id, body string) {
		r := bulkAsk(h, token, "PUT", "/fhir/"+typ+"/"+id, body, "Content-Type", "application/fhir+json")
		require.Contains(t, []int{200, 201}, r.Code, r.Body.String())
	}
	put("FA565+administrator+superintendent", "Organization", "o1", `{"resourceType":"Organization","id":"o1","name":"One"}`)
	// A search of all types is what an export is compared with.
	searched := func(token, query string) (refs []string) {
		for next := "/fhir?_count=200" + query; next != ""; {
			r := bulkAsk(h, token, "GET", next, "")
			require.Equal(t, 200, r.Code, r.Body.String())
			page, err := fhir.Parse(r.Body.Bytes())
			require.NoError(t, err)
			for e := range page.Get("entry").Items() {
				if auth.Definition(e.Path("resource", "resourceType").Text()) {
					continue // they are exported by name
				}
				refs = append(refs, e.Path("resource", "resourceType").Text()+"/"+e.Path("resource", "id").Text())
			}
			next = ""
			for l := range page.Get("link").Items() {
				if l.Get("relation").Text() == "next" {
					next = l.Get("url").Text()
				}
			}
		}
		slices.Sort(refs)
		return refs
	}
	for _, token := range []string{"FA565", "X99CL", "EVIL99", "FA565+superintendent", "FA565+auditor"} {
		m, _ := exportedBulk(t, h, token, "/fhir/$export")
		refs := bulkLines(t, h, token, m.Output)
		assert.Equal(t, searched(token, ""), refs, token)
		assert.True(t, m.RequiresAccessToken)
		assert.Equal(t, "http://pharmacy.test/fhir/$export", m.Request)
		assert.Empty(t, m.Error)
	}
	all, _ := exportedBulk(t, h, "FA565", "/fhir/$export")
	mine, _ := exportedBulk(t, h, "X99CL", "/fhir/$export")
	other, _ := exportedBulk(t, h, "EVIL99", "/fhir/$export")
	require.NotEmpty(t, all.Output)
	require.NotEmpty(t, mine.Output, "the clinic sees its own prescription")
	assert.False(t, slices.ContainsFunc(other.Output, func(f bulkFile) bool { return f.Type == "MedicationRequest" || f.Type == "Patient" }), "another clinic sees none of it")

	// Types, filters, elements.
	m, _ := exportedBulk(t, h, "FA565", "/fhir/$export?_type=MedicationRequest,Patient&_typeFilter=MedicationRequest%3Fstatus%3Dcompleted,MedicationRequest%3Fstatus%3Dactive,draft&_elements=Patient.birthDate,id&_outputFormat=ndjson")
	require.Equal(t, searched("FA565", "&_type=MedicationRequest,Patient"), bulkLines(t, h, "FA565", m.Output))
	for _, f := range m.Output {
		text := bulkAsk(h, "FA565", "GET", f.URL, "").Body.String()
		assert.Contains(t, text, "SUBSETTED")
		if f.Type == "Patient" {
			assert.NotContains(t, text, `"name"`)
			assert.Contains(t, text, `"birthDate"`)
		}
	}
	m, _ = exportedBulk(t, h, "FA565", "/fhir/$export?_type=MedicationRequest&_typeFilter=MedicationRequest%3Fstatus%3Dstopped")
	assert.Empty(t, m.Output)

	// The records of patients: no directory; and of one patient by the group that names them.
	patients, _ := exportedBulk(t, h, "FA565", "/fhir/Patient/$export")
	refs := bulkLines(t, h, "FA565", patients.Output)
	assert.False(t, slices.ContainsFunc(refs, func(r string) bool { return strings.HasPrefix(r, "Organization/") }), refs)
	patient := refs[slices.IndexFunc(refs, func(r string) bool { return strings.HasPrefix(r, "Patient/") })]
	put("FA565", "Observation", "FA565-obs", fmt.Sprintf(`{"resourceType":"Observation","id":"FA565-obs","status":"final","code":{"text":"x"},"subject":{"reference":"%s"}}`, patient))
	put("FA565", "Group", "FA565-g", fmt.Sprintf(`{"resourceType":"Group","id":"FA565-g","type":"person","actual":true,"member":[{"entity":{"reference":"%s"}},{"entity":{"reference":"%s"}}]}`, patient, patient))
	group, _ := exportedBulk(t, h, "FA565", "/fhir/Group/FA565-g/$export")
	refs = bulkLines(t, h, "FA565", group.Output)
	assert.Contains(t, refs, "Observation/FA565-obs")
	assert.Contains(t, refs, patient)
	assert.Equal(t, slices.Compact(slices.Clone(refs)), refs, "each once")
	one, _ := exportedBulk(t, h, "FA565", "/fhir/Patient/$export?patient="+patient)
	assert.Equal(t, refs, bulkLines(t, h, "FA565", one.Output))
	for format, body := range map[string]string{
		"application/fhir+json": fmt.Sprintf(`{"resourceType":"Parameters","parameter":[{"name":"patient","valueReference":{"reference":"%s"}},{"name":"_type","valueString":"Patient,Observation"}]}`, patient),
		"application/fhir+xml":  fmt.Sprintf(`<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="patient"/><valueReference><reference value="%s"/></valueReference></parameter><parameter><name value="_type"/><valueString value="Patient,Observation"/></parameter></Parameters>`, patient),
	} {
		r := bulkAsk(h, "FA565", "POST", "/fhir/Patient/$export", body, "Content-Type", format, "Accept", format, "Prefer", "respond-async")
		require.Equal(t, 202, r.Code, "%s: %s", format, r.Body)
		posted := awaitedBulk(t, h, "FA565", r.Header().Get("Content-Location"))
		assert.Equal(t, []string{"Observation/FA565-obs", patient}, bulkLines(t, h, "FA565", posted.Output), format)
	}
	assert.Equal(t, 404, bulkAsk(h, "EVIL99", "GET", "/fhir/Group/FA565-g/$export", "").Code)

	// Whose record a file told of is in the audit log, for the file and not for the job.
	events := func() string {
		r := bulkAsk(h, "FA565+auditor", "GET", "/fhir/AuditEvent?_count=1000&patient="+patient, "")
		require.Equal(t, 200, r.Code, r.Body.String())
		return r.Body.String()
	}
	unseen, unseenStatus := exportedBulk(t, h, "FA565", "/fhir/Patient/$export?patient="+patient)
	assert.NotContains(t, events(), unseenStatus[len("http://pharmacy.test"):])
	bulkLines(t, h, "FA565", unseen.Output)
	for _, f := range unseen.Output {
		assert.Contains(t, events(), base64.StdEncoding.EncodeToString([]byte(f.URL[len("http://pharmacy.test"):])))
	}

	// What changed and what was deleted since.
	since := group.TransactionTime.UTC().Format(time.RFC3339Nano)
	put("FA565", "Observation", "FA565-new", fmt.Sprintf(`{"resourceType":"Observation","id":"FA565-new","status":"final","code":{"text":"y"},"subject":{"reference":"%s"}}`, patient))
	put("FA565", "Observation", "FA565-gone", fmt.Sprintf(`{"resourceType":"Observation","id":"FA565-gone","status":"final","code":{"text":"z"},"subject":{"reference":"%s"}}`, patient))
	require.Equal(t, 200, bulkAsk(h, "FA565", "DELETE", "/fhir/Observation/FA565-gone", "").Code)
	m, _ = exportedBulk(t, h, "FA565", "/fhir/$export?_type=Observation&_since="+since)
	refs = bulkLines(t, h, "FA565", m.Output)
	assert.Contains(t, refs, "Observation/FA565-new")
	assert.NotContains(t, refs, "Observation/FA565-gone")
	assert.Equal(t, []string{"Observation/FA565-gone"}, bulkLines(t, h, "FA565", m.Deleted))
	put("FA565", "Observation", "FA565-gone", fmt.Sprintf(`{"resourceType":"Observation","id":"FA565-gone","status":"final","code":{"text":"z"},"subject":{"reference":"%s"}}`, patient))
	assert.Equal(t, []string{"Observation/FA565-gone"}, bulkLines(t, h, "FA565", m.Deleted), "as of then, though it is there again")
	assert.False(t, m.TransactionTime.Before(group.TransactionTime))
}

// TestExportRefuses: what cannot be carried out is refused at once, with words, and what
// is somebody else's does not exist.
func TestExportRefuses(t *testing.T) {
	w := newOrgWorld(t)
	w.order("X99CL", "FA565", "9000000009")
	h := bulkServer(t, w)
	for _, c := range []struct {
		token, path string
		status      int
		says        string
	}{
		{"FA565+customer-service", "$export", 403, "$export"},
		{"FA565+finance", "Patient/$export", 403, "$export"},
		{"FA565+pharmacist", "$export", 403, "$export"},
		{"FA565+technician", "Group/x/$export", 403, "$export"},
		{"FA565+administrator", "$export", 403, "$export"},
		{"FA565", "$export?_type=Patients", 404, "Did you mean Patient?"},
		{"FA565", "$export?_type=AuditEvent", 400, "audit log"},
		{"FA565", "Patient/$export?_type=Organization", 400, "not part of the record"},
		{"FA565", "$export?_outputFormat=csv", 400, "_outputFormat"},
		{"FA565", "$export?_since=yesterday", 400, "malformed"},
		{"FA565", "$export?_typeFilter=Patient", 400, "malformed"},
		{"FA565", "$export?_type=Patient&_typeFilter=Task%3Fstatus%3Dready", 400, "not exported"},
		{"FA565", "$export?_typeFilter=Patient%3Ffamly%3Dx", 400, "Did you mean"},
		{"FA565", "$export?_typeFilter=Patient%3F_sort%3Dname", 400, "selects nothing"},
		{"FA565", "$export?_elements=Patient.nam", 400, "Patient"},
		{"FA565", "$export?frog=1", 400, "OP-1"},
		{"FA565", "$export?organizeOutputBy=Patient", 400, "OP-5"},
		{"FA565", "Patient/$export?patient=Patient/none", 404, "Patient"},
		{"FA565", "Patient/$export?patient=Group/1", 400, "not to a Patient"},
		{"FA565", "Group/none/$export", 404, ""},
		{"FA565", "Organization/$export", 404, "no operation"},
		{"FA565", "_async/none", 404, "no such job"},
		{"FA565", "_async/none/1", 404, "no such job"},
	} {
		r := bulkAsk(h, c.token, "GET", "/fhir/"+c.path, "", "Prefer", "respond-async")
		assert.Equal(t, c.status, r.Code, "%s %s: %s", c.token, c.path, r.Body)
		assert.Contains(t, r.Body.String(), c.says, "%s %s", c.token, c.path)
		assert.Contains(t, r.Body.String(), "OperationOutcome", c.path)
	}
	// Lenient: what is not supported is left aside, and said in an error file.
	r := bulkAsk(h, "FA565", "GET", "/fhir/$export?_type=Patient&frog=1", "", "Prefer", "respond-async, handling=lenient")
	require.Equal(t, 202, r.Code, r.Body.String())
	m := awaitedBulk(t, h, "FA565", r.Header().Get("Content-Location"))
	require.Len(t, m.Error, 1)
	assert.Contains(t, bulkAsk(h, "FA565", "GET", m.Error[0].URL, "").Body.String(), "frog")

	// To anybody else the job, its files and its end do not exist.
	m, status := exportedBulk(t, h, "FA565", "/fhir/$export")
	for _, token := range []string{"X99CL", "EVIL99", "Bea/FA565", "FA565+superintendent", "FA565+auditor"} {
		for _, address := range []string{status, m.Output[0].URL} {
			assert.Equal(t, 404, bulkAsk(h, token, "GET", address, "").Code, token)
		}
		assert.Equal(t, 404, bulkAsk(h, token, "DELETE", status, "").Code, token)
	}
	assert.Equal(t, 404, bulkAsk(h, "FA565", "GET", status+"/0", "").Code)
	assert.Equal(t, 404, bulkAsk(h, "FA565", "GET", status+"/999", "").Code)
	assert.Equal(t, 404, bulkAsk(h, "FA565", "GET", status+"/01", "").Code)
	assert.Equal(t, 405, bulkAsk(h, "FA565", "POST", status, "{}").Code)
	assert.Equal(t, 200, bulkAsk(h, "FA565", "HEAD", m.Output[0].URL, "").Code)
	assert.Equal(t, 405, bulkAsk(h, "FA565", "HEAD", "/fhir/$export", "").Code)
	batch := bulkAsk(h, "FA565", "POST", "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"$export"}},{"request":{"method":"DELETE","url":"_async/x"}}]}`)
	assert.Equal(t, 200, batch.Code)
	assert.Contains(t, batch.Body.String(), "not an entry of a Bundle")
	// A caller has 20 jobs at most, and those of others do not count.
	for range 20 {
		bulkAsk(h, "FA565", "GET", "/fhir/$export?_type=Patient", "", "Prefer", "respond-async")
	}
	assert.Equal(t, 429, bulkAsk(h, "FA565", "GET", "/fhir/$export?_type=Patient", "", "Prefer", "respond-async").Code)
	assert.Equal(t, 202, bulkAsk(h, "X99CL", "GET", "/fhir/$export?_type=Patient", "", "Prefer", "respond-async").Code)
	// A POST names the same in Parameters; the token of one patient reaches their record alone.
	posted := bulkAsk(h, "X99CL", "POST", "/fhir/$export", `{"resourceType":"Parameters","parameter":[{"name":"_type","valueString":"Patient"},{"name":"_elements","valueString":"id"}]}`, "Prefer", "respond-async")
	assert.Equal(t, 202, posted.Code, posted.Body.String())
	// Deleted, it is gone with its files.
	assert.Equal(t, 202, bulkAsk(h, "FA565", "DELETE", status, "").Code)
	assert.Equal(t, 404, bulkAsk(h, "FA565", "GET", status, "").Code)
	assert.Equal(t, 404, bulkAsk(h, "FA565", "GET", m.Output[0].URL, "").Code)
}

// TestExportOutlivesTheProcess: a job that was begun by one process is finished by the
// next when it is asked about, and its files are of the state of then.
func TestExportOutlivesTheProcess(t *testing.T) {
	w := newOrgWorld(t)
	w.order("X99CL", "FA565", "9000000009")
	h := bulkServer(t, w)
	m, status := exportedBulk(t, h, "FA565", "/fhir/$export")
	before := bulkLines(t, h, "FA565", m.Output)
	r := bulkAsk(h, "FA565", "GET", "/fhir/Patient?_count=5", "", "Prefer", "respond-async")
	require.Equal(t, 202, r.Code, r.Body.String())
	search := r.Header().Get("Content-Location")
	begun := bulkAsk(h, "FA565", "GET", "/fhir/$export?_type=Patient", "", "Prefer", "respond-async").Header().Get("Content-Location")

	again := bulkServer(t, w) // what the next process reads is the shelf
	put := bulkAsk(again, "FA565", "POST", "/fhir/Patient", `{"resourceType":"Patient","identifier":[{"system":"https://pharmacy.test/id","value":"later"}]}`, "Content-Type", "application/fhir+json")
	require.Equal(t, 201, put.Code, put.Body.String())
	assert.Equal(t, m, awaitedBulk(t, again, "FA565", status))
	assert.Equal(t, before, bulkLines(t, again, "FA565", m.Output), "what was written since is not in it")
	assert.NotEmpty(t, awaitedBulk(t, again, "FA565", begun).Output)
	var answer *fhir.Resource
	require.Eventually(t, func() bool {
		r := bulkAsk(again, "FA565", "GET", search, "")
		if r.Code != 200 {
			return false
		}
		var err error
		answer, err = fhir.Parse(r.Body.Bytes())
		return err == nil
	}, time.Minute, 5*time.Millisecond)
	assert.Equal(t, "batch-response", answer.Get("type").Text())
	entry := answer.Get("entry").Item(0)
	assert.Equal(t, "200 OK", entry.Path("response", "status").Text())
	assert.Equal(t, "searchset", entry.Path("resource", "type").Text())
}

// TestDeferredIsAnsweredAsAtOnce: what is asked for later is what is answered at once, to
// who asked alone, refusals too.
func TestDeferredIsAnsweredAsAtOnce(t *testing.T) {
	w := newOrgWorld(t)
	w.order("X99CL", "FA565", "9000000009")
	h := bulkServer(t, w)
	for _, c := range []struct{ token, path, status string }{
		{"FA565", "/fhir/MedicationRequest?status=active", "200 OK"}, {"X99CL", "/fhir/Task?_include=Task:focus", "200 OK"}, {"EVIL99", "/fhir/Task", "200 OK"},
		{"FA565", "/fhir/Patient?frog=1", "400 Bad Request"}, {"FA565+finance", "/fhir/Observation", "403 Forbidden"}, {"FA565", "/fhir?_type=Patient,Task", "200 OK"}, {"FA565", "/fhir/Task/_history", "200 OK"},
	} {
		r := bulkAsk(h, c.token, "GET", c.path, "", "Prefer", "respond-async")
		if c.status[:1] == "4" && r.Code != 202 { // who may not ask at all is told at once
			assert.Equal(t, c.status[:3], fmt.Sprint(r.Code))
			continue
		}
		require.Equal(t, 202, r.Code, r.Body.String())
		status := r.Header().Get("Content-Location")
		var answer *fhir.Resource
		require.Eventually(t, func() bool {
			r := bulkAsk(h, c.token, "GET", status, "")
			if r.Code == 202 {
				return false
			}
			require.Equal(t, 200, r.Code, r.Body.String())
			var err error
			answer, err = fhir.Parse(r.Body.Bytes())
			return err == nil
		}, time.Minute, 5*time.Millisecond)
		entry := answer.Get("entry").Item(0)
		assert.Equal(t, c.status, entry.Path("response", "status").Text(), c.path)
		if c.status == "200 OK" {
			now, err := fhir.Parse(bulkAsk(h, c.token, "GET", c.path, "").Body.Bytes())
			require.NoError(t, err)
			assert.Equal(t, string(now.Get("entry").Raw()), string(entry.Path("resource", "entry").Raw()), "%s: %.600s", c.path, answer.JSON())
		} else {
			assert.Equal(t, "OperationOutcome", entry.Path("response", "outcome", "resourceType").Text())
		}
		assert.Equal(t, 404, bulkAsk(h, "Bea/FA565", "GET", status, "").Code)
		head := bulkAsk(h, c.token, "HEAD", status, "")
		assert.Equal(t, 200, head.Code)
		assert.Empty(t, head.Body.String())
		xml := bulkAsk(h, c.token, "GET", status, "", "Accept", "application/fhir+xml").Body.String()
		assert.Contains(t, xml, `<type value="batch-response"/>`)
		assert.Contains(t, xml, `<status value="`+c.status+`"/>`)
	}
}

// TestRespondAsyncOfWrites: what writes is answered at once whatever the client prefers,
// and so are the entries of a batch: no answer of theirs is an address of a job.
func TestRespondAsyncOfWrites(t *testing.T) {
	w := newOrgWorld(t)
	w.order("X99CL", "FA565", "9000000009")
	h := bulkServer(t, w)
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Task?_count=1"}},{"request":{"method":"GET","url":"Task/$export"}}]}`, 200},
		{"POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"GET","url":"Task?_count=1"}}]}`, 200},
		{"PUT", "/fhir/Observation/FA565-o", `{"resourceType":"Observation","id":"FA565-o","status":"final","code":{"text":"x"}}`, 201},
		{"POST", "/fhir/Observation/_search", "", 200},
		{"GET", "/fhir/Observation/FA565-o", "", 200},
		{"HEAD", "/fhir/Observation?_count=1", "", 200},
		{"GET", "/fhir/metadata", "", 200},
		{"DELETE", "/fhir/Observation/FA565-o", "", 200},
	} {
		r := bulkAsk(h, "FA565", c.method, c.path, c.body, "Prefer", "respond-async")
		assert.Equal(t, c.status, r.Code, "%s %s: %s", c.method, c.path, r.Body)
		assert.Empty(t, r.Header().Get("Content-Location"), c.path)
		assert.NotContains(t, r.Body.String(), "/_async/", c.path)
	}
}

// demoted is a caller whose rights change while their jobs are there.
type demoted struct{ roles, scopes string }

func (c *demoted) Authenticate(*http.Request) (auth.Identity, error) {
	table, err := policy.Builtin()
	if err != nil {
		return auth.Identity{}, err
	}
	grants := table.Of(c.roles)
	return auth.Identity{Scopes: auth.ParseScopes(c.scopes), Roles: grants,
		Requester: fhir.Principal{Agent: "bea", OnBehalf: "FA565", Roles: []string{c.roles}, SeesAll: grants.SeesAll(), SeesNone: grants.SeesNone()}}, nil
}

func (*demoted) Challenge(error) string { return "Bearer" }

// TestJobsOfWhoLostARight: a right that has ended shows nothing of an export that was
// done before, nor of an answer that was made before.
func TestJobsOfWhoLostARight(t *testing.T) {
	w := newOrgWorld(t)
	w.order("X99CL", "FA565", "9000000009")
	const all = "user/*.rs"
	who := &demoted{"superintendent", all}
	s, err := server.New(server.Config{Repository: w.app.repository, Validator: w.app.validator, Operations: w.app.operations(), Authenticator: who, PublicURL: "http://pharmacy.test",
		Secret: []byte("secret"), Logger: slog.New(slog.DiscardHandler), Audit: w.app.audit})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	h := s.Handler()
	m, status := exportedBulk(t, h, "x", "/fhir/$export?_type=Patient")
	require.NotEmpty(t, m.Output)
	file := m.Output[0].URL
	search := bulkAsk(h, "x", "GET", "/fhir/Patient?_count=5", "", "Prefer", "respond-async").Header().Get("Content-Location")
	answer := func() (text string) {
		require.Eventually(t, func() bool {
			r := bulkAsk(h, "x", "GET", search, "")
			text = r.Body.String()
			return r.Code == 200
		}, time.Minute, 5*time.Millisecond)
		return text
	}
	require.Equal(t, 200, bulkAsk(h, "x", "GET", file, "").Code)
	require.Contains(t, answer(), "9000000009")

	*who = demoted{"pharmacist", all} // who reads Patients, and does not export
	assert.Equal(t, 403, bulkAsk(h, "x", "GET", file, "").Code)
	assert.Contains(t, answer(), "9000000009")
	*who = demoted{"superintendent", "user/Task.rs"}
	assert.Equal(t, 403, bulkAsk(h, "x", "GET", file, "").Code)
	lost := answer()
	assert.NotContains(t, lost, "9000000009")
	assert.Contains(t, lost, "403 Forbidden")
	*who = demoted{"administrator", all} // sees nothing of any organisation
	assert.Equal(t, 403, bulkAsk(h, "x", "GET", file, "").Code)
	assert.NotContains(t, answer(), "9000000009")
	*who = demoted{"superintendent", all}
	assert.Equal(t, 200, bulkAsk(h, "x", "GET", file, "").Code)
	assert.Contains(t, answer(), "9000000009")
	assert.Equal(t, 202, bulkAsk(h, "x", "DELETE", status, "").Code)
}

// ofOnePatient is a token that is about one patient.
type ofOnePatient struct{ id string }

func (o ofOnePatient) Authenticate(*http.Request) (auth.Identity, error) {
	scopes := auth.ParseScopes("patient/*.rs").OfPatient(o.id)
	return auth.Identity{Requester: fhir.Principal{Agent: "app", OnBehalf: "FA565", Reach: scopes}, Scopes: scopes}, nil
}

func (ofOnePatient) Challenge(error) string { return "Bearer" }

// TestExportForOnePatient: the token of one patient reaches, by every way that is new here,
// that patient's record alone.
func TestExportForOnePatient(t *testing.T) {
	w := newOrgWorld(t)
	full := bulkServer(t, w)
	for i := range 2 {
		for typ, body := range map[string]string{"Patient": `{"resourceType":"Patient","id":"FA565-p%[1]d","meta":{"tag":[{"system":"urn:t","code":"t%[1]d"}]}}`, "Observation": `{"resourceType":"Observation","id":"FA565-p%[1]d","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/FA565-p%[1]d"}}`} {
			r := bulkAsk(full, "FA565", "PUT", fmt.Sprintf("/fhir/%s/FA565-p%d", typ, i), fmt.Sprintf(body, i))
			require.Equal(t, 201, r.Code, r.Body.String())
		}
	}
	r := bulkAsk(full, "FA565", "PUT", "/fhir/Group/FA565-g", `{"resourceType":"Group","id":"FA565-g","type":"person","actual":true,"member":[{"entity":{"reference":"Patient/FA565-p0"}},{"entity":{"reference":"Patient/FA565-p1"}}]}`)
	require.Equal(t, 201, r.Code, r.Body.String())
	s, err := server.New(server.Config{Repository: w.app.repository, Validator: w.app.validator, Operations: w.app.operations(), Authenticator: ofOnePatient{"FA565-p0"}, PublicURL: "http://pharmacy.test",
		Secret: []byte("secret"), Logger: slog.New(slog.DiscardHandler), Audit: w.app.audit, Shelf: store.NewShelf(w.app.engine)})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	h := s.Handler()
	want := []string{"Observation/FA565-p0", "Patient/FA565-p0"}
	only := func(refs []string) []string {
		return slices.DeleteFunc(refs, func(r string) bool { return strings.HasPrefix(r, "Group/") || strings.HasPrefix(r, "Provenance/") })
	}
	for _, path := range []string{"/fhir/$export", "/fhir/Patient/$export", "/fhir/Group/FA565-g/$export"} {
		m, _ := exportedBulk(t, h, "x", path)
		assert.Equal(t, want, only(bulkLines(t, h, "x", m.Output)), path)
	}
	assert.Equal(t, want, only(refsOf(readAs(t, h, "x", "/fhir/Patient/$everything", 200))))
	assert.Equal(t, want, only(refsOf(readAs(t, h, "x", "/fhir/Group/FA565-g/$everything", 200))))
	assert.NotContains(t, string(readAs(t, h, "x", "/fhir/$meta", 200).JSON()), "t1")
	assert.Contains(t, string(readAs(t, h, "x", "/fhir/Patient/$meta", 200).JSON()), "t0")
	readAs(t, h, "x", "/fhir/$diff?from=Patient/FA565-p0&to=Patient/FA565-p1", 404)
	assert.Equal(t, 404, bulkAsk(h, "x", "GET", "/fhir/Patient/$export?patient=Patient/FA565-p1", "").Code)
}

// TestJobsExpire: after a day a job, its files and what is kept of it are gone.
func TestJobsExpire(t *testing.T) {
	w := newOrgWorld(t)
	w.order("X99CL", "FA565", "9000000009")
	now := time.Now()
	shelf := store.NewShelf(w.app.engine)
	s, err := server.New(server.Config{Repository: w.app.repository, Validator: w.app.validator, Operations: w.app.operations(), Authenticator: byOrg{}, PublicURL: "http://pharmacy.test",
		Secret: []byte("secret"), Logger: slog.New(slog.DiscardHandler), Shelf: shelf, Clock: func() time.Time { return now }})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	h := s.Handler()
	kept := func() (n int) {
		require.NoError(t, shelf.Each(func(name string, _ []byte) error {
			if strings.HasPrefix(name, "job/") {
				n++
			}
			return nil
		}))
		return n
	}
	m, status := exportedBulk(t, h, "FA565", "/fhir/$export?_type=Patient")
	require.NotEmpty(t, m.Output)
	require.Equal(t, 1, kept())
	now = now.Add(24*time.Hour + time.Second)
	assert.Equal(t, 404, bulkAsk(h, "FA565", "GET", status, "").Code)
	assert.Equal(t, 404, bulkAsk(h, "FA565", "GET", m.Output[0].URL, "").Code)
	_, next := exportedBulk(t, h, "FA565", "/fhir/$export?_type=Patient")
	assert.Equal(t, 1, kept(), "the old one is dropped when another is begun")
	assert.Equal(t, 202, bulkAsk(h, "FA565", "DELETE", next, "").Code)
	assert.Equal(t, 0, kept())
}
