package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/xml"
)

// readAs is the answer to a GET, which has to have a status.
func readAs(t *testing.T, h http.Handler, token, path string, status int) *fhir.Resource {
	t.Helper()
	r := bulkAsk(h, token, "GET", path, "")
	require.Equal(t, status, r.Code, "%s %s: %s", token, path, r.Body)
	v, err := fhir.Parse(r.Body.Bytes())
	require.NoError(t, err)
	return v
}

func refsOf(bundle *fhir.Resource) (refs []string) {
	for e := range bundle.Get("entry").Items() {
		refs = append(refs, e.Path("resource", "resourceType").Text()+"/"+e.Path("resource", "id").Text())
	}
	slices.Sort(refs)
	return refs
}

// TestDiffOfVersions: the patch that $diff returns makes the second version of the
// first, for who may read both.
func TestDiffOfVersions(t *testing.T) {
	w := newOrgWorld(t)
	h := bulkServer(t, w)
	put := func(body string) {
		r := bulkAsk(h, "FA565", "PUT", "/fhir/Patient/FA565-d", body)
		require.Contains(t, []int{200, 201}, r.Code, r.Body.String())
	}
	put(`{"resourceType":"Patient","id":"FA565-d","active":true,"name":[{"family":"Ode","given":["A","B"]}],"birthDate":"1970-01-01"}`)
	put(`{"resourceType":"Patient","id":"FA565-d","meta":{"tag":[{"system":"urn:t","code":"x"}]},"active":false,"name":[{"family":"Ode","given":["B"]}],"gender":"male"}`)
	d := readAs(t, h, "FA565", "/fhir/Patient/FA565-d/$diff", 200)
	// active replaced, a given name deleted, gender added, birthDate deleted; meta is left out
	var kinds []string
	for op := range d.Get("parameter").Items() {
		kinds = append(kinds, op.Get("part").Item(0).Get("valueCode").Text()+" "+op.Get("part").Item(1).Get("valueString").Text())
	}
	slices.Sort(kinds)
	assert.Equal(t, []string{"add Patient", "delete Patient.birthDate", "delete Patient.name[0].given[0]", "replace Patient.active"}, kinds)
	withMeta := readAs(t, h, "FA565", "/fhir/Patient/FA565-d/$diff?includeMeta=true", 200)
	assert.Contains(t, string(withMeta.JSON()), "meta.versionId")
	// Applied to the first, it yields the second.
	put(`{"resourceType":"Patient","id":"FA565-d","active":true,"name":[{"family":"Ode","given":["A","B"]}],"birthDate":"1970-01-01"}`)
	r := bulkAsk(h, "FA565", "PATCH", "/fhir/Patient/FA565-d", string(d.JSON()))
	require.Equal(t, 200, r.Code, r.Body.String())
	same := readAs(t, h, "FA565", "/fhir/$diff?from=Patient/FA565-d/_history/2&to=Patient/FA565-d/_history/4", 200)
	assert.False(t, same.Get("parameter").Exists(), string(same.JSON()))
	back := readAs(t, h, "FA565", "/fhir/Patient/FA565-d/$diff?fromVersion=2&toVersion=1", 200)
	assert.Contains(t, string(back.JSON()), "birthDate")
	for path, status := range map[string]int{
		"Patient/FA565-d/$diff?fromVersion=9": 404, "Patient/FA565-d/$diff?fromVersion=1&toVersion=zzz": 404, "Patient/none/$diff": 404, "$diff?from=Patient/FA565-d": 400,
		"$diff?from=Patient/FA565-d&to=Task": 400, "$diff?from=Frog/1&to=Patient/FA565-d": 400, "Patient/FA565-d/$diff?includeMeta=maybe": 400, "Patient/FA565-d/$diff?frog=1": 400,
	} {
		readAs(t, h, "FA565", "/fhir/"+path, status)
	}
	// what is wrong with several parameters is told at once
	for path, want := range map[string]struct {
		status int
		at     []string
	}{
		"$diff?from=Frog/1&to=Task":                                         {400, []string{"from", "to"}},
		"$diff?from=Frog/1&to=Patient/none":                                 {400, []string{"from", "to"}},
		"$diff?from=Patient/none/_history/1&to=Patient/FA565-d/_history/99": {404, []string{"from", "to"}},
		"Patient/FA565-d/$diff?fromVersion=99&toVersion=zzz":                {404, []string{"fromVersion", "toVersion"}},
		"Patient/FA565-d/$diff?fromVersion=98&toVersion=99":                 {404, []string{"fromVersion", "toVersion"}},
	} {
		var at []string
		for i := range readAs(t, h, "FA565", "/fhir/"+path, want.status).Get("issue").Items() {
			at = append(at, i.Get("expression").Item(0).Text())
		}
		assert.ElementsMatch(t, want.at, at, path)
	}
	// by POST, in XML and in a batch it answers the same
	const type1, type2, both = `{"resourceType":"Parameters","parameter":[{"name":"fromVersion","valueString":"1"},{"name":"toVersion","valueInteger":2}]}`,
		`<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="fromVersion"/><valueId value="1"/></parameter><parameter><name value="toVersion"/><valueString value="2"/></parameter></Parameters>`,
		`{"resourceType":"Parameters","parameter":[{"name":"from","valueUri":"Patient/FA565-d/_history/1"},{"name":"to","valueString":"/Patient/FA565-d/_history/2"}]}`
	plain := string(readAs(t, h, "FA565", "/fhir/Patient/FA565-d/$diff?fromVersion=1&toVersion=2", 200).JSON())
	for name, c := range map[string]*httptest.ResponseRecorder{
		"POST on an instance": bulkAsk(h, "FA565", "POST", "/fhir/Patient/FA565-d/$diff", type1),
		"POST of XML":         bulkAsk(h, "FA565", "POST", "/fhir/Patient/FA565-d/$diff", type2, "Content-Type", "application/fhir+xml"),
		"POST on the system":  bulkAsk(h, "FA565", "POST", "/fhir/$diff", both),
	} {
		require.Equal(t, 200, c.Code, "%s: %s", name, c.Body)
		assert.JSONEq(t, plain, c.Body.String(), name)
	}
	inXML := bulkAsk(h, "FA565", "GET", "/fhir/Patient/FA565-d/$diff?fromVersion=1&toVersion=2", "", "Accept", "application/fhir+xml")
	require.Equal(t, 200, inXML.Code, inXML.Body)
	read, err := xml.Decode(inXML.Body.Bytes())
	require.NoError(t, err)
	assert.JSONEq(t, plain, string(read.JSON()))
	batch := bulkAsk(h, "FA565", "POST", "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient/FA565-d/$diff?fromVersion=1&toVersion=2"}},`+
		`{"request":{"method":"POST","url":"$diff"},"resource":`+both+`},{"request":{"method":"GET","url":"$diff?from=Frog/1&to=Task"}}]}`)
	require.Equal(t, 200, batch.Code, batch.Body)
	answers, err := fhir.Parse(batch.Body.Bytes())
	require.NoError(t, err)
	for i, entry := range slices.Collect(answers.Get("entry").Items()) {
		if i == 2 {
			assert.Contains(t, entry.Path("response", "status").Text(), "400")
			assert.Len(t, slices.Collect(entry.Path("response", "outcome").Get("issue").Items()), 2)
			continue
		}
		assert.JSONEq(t, plain, string(entry.Get("resource").Raw()), "entry %d", i)
	}
	for _, method := range []string{"PUT", "DELETE", "PATCH"} {
		assert.Contains(t, []int{404, 405}, bulkAsk(h, "FA565", method, "/fhir/Patient/FA565-d/$diff", type1).Code, method)
	}
	readAs(t, h, "EVIL99", "/fhir/Patient/FA565-d/$diff", 404)
	readAs(t, h, "EVIL99", "/fhir/$diff?from=Patient/FA565-d/_history/1&to=Patient/FA565-d", 404)
	readAs(t, h, "FA565+administrator", "/fhir/Patient/FA565-d/$diff", 403)
	require.Equal(t, 200, bulkAsk(h, "FA565", "DELETE", "/fhir/Patient/FA565-d", "").Code)
	readAs(t, h, "FA565", "/fhir/Patient/FA565-d/$diff", 410)
}

// TestMetaOfAll: the union of what the caller sees, and nothing of what they do not.
func TestMetaOfAll(t *testing.T) {
	w := newOrgWorld(t)
	h := bulkServer(t, w)
	for i, tag := range []string{"a", "b", "b"} {
		r := bulkAsk(h, "FA565", "PUT", fmt.Sprintf("/fhir/Observation/FA565-%d", i), fmt.Sprintf(`{"resourceType":"Observation","id":"FA565-%d","meta":{"tag":[{"system":"urn:t","code":%q}],"security":[{"system":"urn:s","code":"R"}]},"status":"final","code":{"text":"x"}}`, i, tag))
		require.Equal(t, 201, r.Code, r.Body.String())
	}
	const want = `{"security":[{"system":"urn:s","code":"R"}],"tag":[{"system":"urn:t","code":"a"},{"system":"urn:t","code":"b"}]}`
	m := readAs(t, h, "FA565", "/fhir/Observation/$meta", 200)
	assert.Equal(t, want, string(m.Get("parameter").Item(0).Get("valueMeta").Raw()))
	assert.Contains(t, string(readAs(t, h, "FA565", "/fhir/$meta", 200).JSON()), `"code":"b"`)
	assert.NotContains(t, string(readAs(t, h, "EVIL99", "/fhir/$meta", 200).JSON()), `urn:t`)
	assert.NotContains(t, string(readAs(t, h, "EVIL99", "/fhir/Observation/$meta", 200).JSON()), `urn:t`)
	assert.False(t, readAs(t, h, "EVIL99", "/fhir/Observation/$meta", 200).Get("parameter").Exists(), "nothing is no element")
	readAs(t, h, "FA565+finance", "/fhir/Observation/$meta", 403)
	readAs(t, h, "FA565", "/fhir/Observation/$meta?x=1", 400)
}

// TestEverythingOfGroup: the records of a group are those of its members.
func TestEverythingOfGroup(t *testing.T) {
	w := newOrgWorld(t)
	h := bulkServer(t, w)
	put := func(typ, id, body string) {
		r := bulkAsk(h, "FA565", "PUT", "/fhir/"+typ+"/"+id, body)
		require.Equal(t, 201, r.Code, r.Body.String())
	}
	for i := range 3 {
		put("Patient", fmt.Sprintf("FA565-p%d", i), fmt.Sprintf(`{"resourceType":"Patient","id":"FA565-p%d"}`, i))
		put("Observation", fmt.Sprintf("FA565-o%d", i), fmt.Sprintf(`{"resourceType":"Observation","id":"FA565-o%d","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/FA565-p%d"}}`, i, i))
	}
	put("Group", "FA565-g", `{"resourceType":"Group","id":"FA565-g","type":"person","actual":true,"member":[{"entity":{"reference":"Patient/FA565-p0"}},{"entity":{"reference":"Patient/FA565-p2"}},{"entity":{"reference":"Patient/FA565-p1"},"inactive":true}]}`)
	put("Group", "FA565-none", `{"resourceType":"Group","id":"FA565-none","type":"person","actual":true}`)
	var refs []string
	for next := "/fhir/Group/FA565-g/$everything?_count=2&_type=Patient,Observation"; next != ""; {
		page := readAs(t, h, "FA565", next, 200)
		refs = append(refs, refsOf(page)...)
		next = linkOf(page, "next")
	}
	slices.Sort(refs)
	assert.Equal(t, []string{"Observation/FA565-o0", "Observation/FA565-o2", "Patient/FA565-p0", "Patient/FA565-p2"}, slices.Compact(refs))
	assert.Empty(t, refsOf(readAs(t, h, "FA565", "/fhir/Group/FA565-none/$everything", 200)))
	readAs(t, h, "EVIL99", "/fhir/Group/FA565-g/$everything", 404)
	readAs(t, h, "FA565", "/fhir/Patient/$everything", 400)
}

func linkOf(bundle *fhir.Resource, relation string) string {
	for l := range bundle.Get("link").Items() {
		if l.Get("relation").Text() == relation {
			return strings.TrimPrefix(l.Get("url").Text(), "http://pharmacy.test")
		}
	}
	return ""
}

// TestPagesOfSeveralTypes: a search of several types is read backwards as forwards, in
// every order, and from its last page.
func TestPagesOfSeveralTypes(t *testing.T) {
	w := newOrgWorld(t)
	h := bulkServer(t, w)
	for i := range 7 {
		for _, typ := range []string{"Observation", "Condition"} {
			body := fmt.Sprintf(`{"resourceType":%q,"id":"FA565-%d","status":"final","code":{"text":"x"}}`, typ, i)
			if typ == "Condition" {
				body = fmt.Sprintf(`{"resourceType":"Condition","id":"FA565-%d","subject":{"reference":"Patient/FA565-p"}}`, i)
			}
			r := bulkAsk(h, "FA565", "PUT", fmt.Sprintf("/fhir/%s/FA565-%d", typ, i), body)
			require.Equal(t, 201, r.Code, r.Body.String())
		}
	}
	for _, query := range []string{"_type=Observation,Condition", "_type=Observation,Condition&_sort=-_lastUpdated", "_type=Observation,Condition&_sort=_id"} {
		var pages [][]string
		address := "/fhir?" + query + "&_count=4&_total=accurate"
		last := ""
		for next := address; next != ""; {
			page := readAs(t, h, "FA565", next, 200)
			assert.Equal(t, "14", page.Get("total").Text())
			pages, last, next = append(pages, refsOf(page)), next, linkOf(page, "next")
			assert.Equal(t, len(pages) > 1, linkOf(page, "previous") != "", query)
		}
		require.Len(t, pages, 4, "14 resources, 4 a page")
		assert.Equal(t, pages[3], refsOf(readAs(t, h, "FA565", linkOf(readAs(t, h, "FA565", address, 200), "last"), 200)), query)
		i := 3
		for at := last; at != ""; i-- {
			page := readAs(t, h, "FA565", at, 200)
			assert.Equal(t, pages[i], refsOf(page), "%s, page %d", query, i)
			at = linkOf(page, "previous")
		}
		assert.Equal(t, -1, i)
	}
}

// TestAuditEventsByChains: a chain of a search for AuditEvents finds what naming the
// resources finds that it leads through.
func TestAuditEventsByChains(t *testing.T) {
	w := newOrgWorld(t)
	h := bulkServer(t, w)
	for i, family := range []string{"Ode", "Ode", "Other"} {
		r := bulkAsk(h, "FA565", "PUT", fmt.Sprintf("/fhir/Patient/FA565-p%d", i), fmt.Sprintf(`{"resourceType":"Patient","id":"FA565-p%d","name":[{"family":%q}],"birthDate":"1980-01-0%d"}`, i, family, i+1))
		require.Equal(t, 201, r.Code, r.Body.String())
		readAs(t, h, "FA565", fmt.Sprintf("/fhir/Patient/FA565-p%d", i), 200)
	}
	search := func(query string) (refs []string) {
		for next := "/fhir/AuditEvent?_count=2&action=R&type=rest&subtype=read&" + query; next != ""; {
			page := readAs(t, h, "FA565+auditor", next, 200)
			refs = append(refs, refsOf(page)...)
			next = linkOf(page, "next")
		}
		slices.Sort(refs)
		return refs
	}
	named := search("patient=Patient/FA565-p0,Patient/FA565-p1")
	require.Len(t, named, 2)
	assert.Equal(t, named, search("patient.family=ode"))
	assert.Equal(t, named, search("patient:Patient.name=ode"))
	assert.Equal(t, search("patient=Patient/FA565-p1"), search("patient.family=ode&patient.birthdate=1980-01-02"))
	assert.Equal(t, search("entity=Patient/FA565-p2"), search("entity:Patient.family=other"))
	assert.Empty(t, search("patient.family=nobody"))
	readAs(t, h, "FA565+auditor", "/fhir/AuditEvent?patient.frog=1", 400)
	readAs(t, h, "FA565+pharmacist", "/fhir/AuditEvent?patient.family=ode", 403)
	readAs(t, h, "FA565+superintendent", "/fhir/AuditEvent?patient.family=ode", 200)
}
