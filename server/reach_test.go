package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
)

// byLaunch lets in who names scopes, and a patient before them: "pa|patient/*.rs".
type byLaunch struct{ byName }

func (byLaunch) Authenticate(r *http.Request) (auth.Identity, error) {
	patient, scopes, _ := strings.Cut(r.Header.Get("Authorization"), "|")
	return auth.Identity{Requester: fhir.Principal{Agent: "u1", OnBehalf: "A83008"}, Scopes: auth.ParseScopes(scopes).OfPatient(patient)}, nil
}

// confined is a server with the records of two patients, pa and pb: of each a
// laboratory observation (l-), one of vital signs (v-), a condition and an encounter.
func confined(t testing.TB) func(scopes, method, target, body string, headers ...string) *answered {
	h := newHandler(t, func(c *server.Config) { c.Authenticator = byLaunch{} })
	do := func(scopes, method, target, body string, headers ...string) *answered {
		w := call(h, method, target, body, append(headers, "Authorization", scopes)...)
		return &answered{w.Code, w.Body.String(), w.Header()}
	}
	const all = "|system/*.cruds system/Subscription.cruds system/Provenance.cruds system/$client-ids"
	put := func(ref, members string) {
		typ, id, _ := strings.Cut(ref, "/")
		w := do(all, "PUT", "/fhir/"+ref, `{"resourceType":"`+typ+`","id":"`+id+`"`+members+`}`)
		require.Equal(t, 201, w.code, w.body)
	}
	put("Practitioner/dr", `,"name":[{"family":"Who"}]`)
	for _, p := range []string{"pa", "pb"} {
		subject := `,"subject":{"reference":"Patient/` + p + `"}`
		put("Patient/"+p, `,"gender":"female","birthDate":"1980-01-01","name":[{"family":"Name-`+p+`"}],"generalPractitioner":[{"reference":"Practitioner/dr"}]`)
		put("Encounter/e-"+p, `,"status":"finished","class":{"code":"AMB"}`+subject)
		put("Condition/c-"+p, subject+`,"code":{"text":"c"},"encounter":{"reference":"Encounter/e-`+p+`"}`)
		for short, category := range map[string]string{"l": "laboratory", "v": "vital-signs"} {
			put("Observation/"+short+"-"+p, measured(category, p)[len(`{"resourceType":"Observation"`):len(measured(category, p))-1])
		}
	}
	// An observation of pb that pa is in the focus of, and pb's patient that links to pa.
	put("Observation/f-pb", `,"status":"final","code":{"text":"x"},"subject":{"reference":"Patient/pb"},"focus":[{"reference":"Patient/pa"}]`)
	put("Patient/linked", `,"link":[{"other":{"reference":"Patient/pa"},"type":"seealso"}]`)
	put("Group/g", `,"type":"person","actual":true`)
	return do
}

func measured(category, patient string) string {
	return `{"resourceType":"Observation","status":"final","code":{"text":"x"},"effectiveDateTime":"2026-01-01","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"` +
		category + `"}]}],"subject":{"reference":"Patient/` + patient + `"},"encounter":{"reference":"Encounter/e-` + patient + `"}}`
}

type answered struct {
	code   int
	body   string
	header http.Header
}

// names are those of the world's resources that an answer tells of.
func (a *answered) names() string {
	var out []string
	for _, id := range []string{"l-pa", "v-pa", "l-pb", "v-pb", "f-pb", "c-pa", "c-pb", "e-pa", "e-pb", "linked", "dr"} {
		if strings.Contains(a.body, `"id":"`+id+`"`) {
			out = append(out, id)
		}
	}
	for _, id := range []string{"pa", "pb"} {
		if strings.Contains(a.body, `"id":"`+id+`"`) {
			out = append(out, id)
		}
	}
	return strings.Join(out, " ")
}

const (
	labs   = "|system/Observation.rs?category=laboratory"
	labsOf = "pa|patient/Observation.rs?category=laboratory"
)

// TestReachShows: what a token shows, by every way to ask. The numbers are those of
// the ways around authorization that each line is about.
func TestReachShows(t *testing.T) {
	do := confined(t)
	for _, c := range []struct {
		why, scopes, target string
		code                int
		names               string
	}{
		{"patient/ without a patient grants nothing (1)", "|patient/*.rs", "/fhir/Patient", 403, ""},
		{"nor for an id that is not one (1)", "a/b|patient/*.rs", "/fhir/Patient", 403, ""},
		{"patient/ is one patient", "pa|patient/*.rs", "/fhir/Patient", 200, "pa"},
		{"by read", "pa|patient/*.rs", "/fhir/Patient/pa", 200, "pa"},
		{"of another (25)", "pa|patient/*.rs", "/fhir/Patient/pb", 404, ""},
		{"Patient.link leads to another record", "pa|patient/*.rs", "/fhir/Patient/linked", 404, ""},
		{"user/ of another type does not widen patient/ (2)", "pa|patient/Patient.rs user/Practitioner.rs", "/fhir/Patient", 200, "pa"},
		{"nor of the same type (2)", "pa|patient/Patient.rs user/Patient.rs", "/fhir/Patient", 200, "pa"},
		{"nor user/* (2)", "pa|patient/*.rs user/*.rs", "/fhir/Observation", 200, "l-pa v-pa"},
		{"user/ of a type that is of no patient stays", "pa|patient/*.rs user/Practitioner.rs", "/fhir/Practitioner", 200, "dr"},
		{"a type of no compartment is not granted (31)", "pa|patient/*.rs", "/fhir/Practitioner", 403, ""},
		{"a prefix of letters is no scope (3)", "|system/Observation.rsXYZ", "/fhir/Observation", 403, ""},
		{"nor one with more behind (3)", "|system/Observation.rs?active", "/fhir/Observation", 403, ""},
		{"a constraint that cannot be read grants nothing (4)", "|system/Observation.rs?code=a=b", "/fhir/Observation", 403, ""},
		{"nor with another good one (4)", "|system/Observation.rs?category=laboratory&code:exact=a", "/fhir/Observation", 403, ""},
		{"modifiers (5)", "|system/Observation.rs?category:not=laboratory", "/fhir/Observation", 403, ""},
		{"missing (5)", "|system/Observation.rs?category:missing=true", "/fhir/Observation", 403, ""},
		{"chains (5)", "|system/Observation.rs?subject.name=Name-pa", "/fhir/Observation", 403, ""},
		{"_has (5)", "|system/Patient.rs?_has:Observation:subject:code=x", "/fhir/Patient", 403, ""},
		{"_include (5)", "|system/Observation.rs?_include=Observation:subject", "/fhir/Observation", 403, ""},
		{"percent (6)", "|system/Observation.rs?category=%6caboratory", "/fhir/Observation", 403, ""},
		{"letters twice (7)", "|system/Observation.rrs?category=laboratory", "/fhir/Observation", 403, ""},
		{"letters out of order (7)", "|system/Observation.sr?category=laboratory", "/fhir/Observation", 403, ""},
		{"letters stay with the query (8)", "|system/Observation.r?category=laboratory", "/fhir/Observation", 403, ""},
		{"* does not reach Provenance (9)", "pa|patient/*.rs", "/fhir/Provenance", 403, ""},
		{"nor with a query (9)", "|system/*.rs?category=laboratory", "/fhir/Observation", 403, ""},

		{"search", labs, "/fhir/Observation?_total=accurate", 200, "l-pa l-pb"},
		{"read", labs, "/fhir/Observation/l-pa", 200, "l-pa"},
		{"read of another category (60)", labs, "/fhir/Observation/v-pa", 404, ""},
		{"vread", labs, "/fhir/Observation/v-pa/_history/1", 404, ""},
		{"history", labs, "/fhir/Observation/v-pa/_history", 404, ""},
		{"history of the type", labs, "/fhir/Observation/_history", 200, "l-pa l-pb"},
		{"history of everything (29)", labs, "/fhir/_history", 403, ""},
		{"search for it", labs, "/fhir/Observation?category=vital-signs", 200, ""},
		{"by id", labs, "/fhir/Observation?_id=v-pa", 200, ""},
		{"both scopes", labs + " system/Observation.rs?category=vital-signs", "/fhir/Observation", 200, "l-pa v-pa l-pb v-pb"},
		{"one letter of it", labs + " system/Observation.s?category=vital-signs", "/fhir/Observation/v-pa", 404, ""},
		{"two conditions", "|system/Observation.rs?category=laboratory&subject=Patient/pb", "/fhir/Observation", 200, "l-pb"},
		{"several values", "|system/Observation.rs?subject=Patient/pa,Patient/none", "/fhir/Observation", 200, "l-pa v-pa"},
		{"with a patient", labsOf, "/fhir/Observation", 200, "l-pa"},
		{"focus is not membership (17)", "pa|patient/*.rs", "/fhir/Observation?_sort=-_id", 200, "l-pa v-pa"},
		{"sorted by what is hidden (23)", labsOf, "/fhir/Observation?_sort=date", 200, "l-pa"},
		{"a range drives it", labsOf, "/fhir/Observation?date=ge2020", 200, "l-pa"},

		{"_include out of it (13)", labsOf + " user/Patient.rs?name=Name-pb", "/fhir/Observation?_include=Observation:subject", 200, "l-pa"},
		{"_include within", "pa|patient/*.rs", "/fhir/Observation?_include=Observation:subject", 200, "l-pa v-pa pa"},
		{"_include of a type without a scope", labs, "/fhir/Observation?_include=Observation:subject", 200, "l-pa l-pb"},
		{"_revinclude (14)", "pa|patient/Patient.rs patient/Observation.rs?category=laboratory", "/fhir/Patient?_revinclude=Observation:subject", 200, "l-pa pa"},
		{"_revinclude needs r", "pa|patient/Patient.rs patient/Observation.s", "/fhir/Patient?_revinclude=Observation:subject", 200, "pa"},
		{"second hop (15)", "pa|patient/*.rs user/Practitioner.rs", "/fhir/Observation?_id=l-pa&_include=Observation:subject&_include:iterate=Patient:general-practitioner&_revinclude:iterate=Patient:general-practitioner", 200, "l-pa dr pa"},
		{"wildcards (16)", "pa|patient/*.rs", "/fhir/Patient?_revinclude=*", 200, "l-pa v-pa c-pa e-pa pa"},
		{"chain (20)", labs + " system/Patient.rs?name=Name-pa", "/fhir/Observation?subject:Patient.gender=female", 200, "l-pa"},
		{"chain without a scope (20)", labs, "/fhir/Observation?subject:Patient.gender=female", 403, ""},
		{"_has (21)", "|system/Patient.rs system/Observation.rs?category=laboratory&subject=Patient/pb", "/fhir/Patient?_has:Observation:subject:status=final", 200, "pb"},
		{"absolute references (27)", "pa|patient/*.rs", "/fhir/Observation?subject=http://example.com/fhir/Patient/pb", 200, ""},
		{"repeated patient (28)", "pa|patient/*.rs", "/fhir/Observation?patient=pa&patient=pb", 200, ""},
		{"several patients (28)", "pa|patient/*.rs", "/fhir/Observation?patient=pa,pb", 200, "l-pa v-pa"},
		{"a query on a reference to another", "pa|patient/Observation.rs?subject=Patient/pb", "/fhir/Observation", 200, ""},
		{"a compartment", "pa|patient/*.rs", "/fhir/Patient/pa/Observation", 200, "l-pa v-pa"},
		{"a compartment of another (28)", "pa|patient/*.rs", "/fhir/Patient/pb/Observation", 200, ""},
		{"a compartment within a query", labs, "/fhir/Patient/pb/Observation", 200, "l-pb"},
		{"a compartment of a type without a scope", labs, "/fhir/Patient/pb/Condition", 403, ""},
		{"a whole compartment", "pa|patient/*.rs", "/fhir/Patient/pa/*", 200, "l-pa v-pa c-pa e-pa pa"},
		{"a whole compartment of another", "pa|patient/*.rs", "/fhir/Patient/pb/*", 200, ""},
		{"a whole compartment within a query", labs, "/fhir/Patient/pa/*", 200, "l-pa"},
		{"all types", labs, "/fhir?_count=100", 200, "l-pa l-pb"},
		{"all types of a patient", "pa|patient/*.rs", "/fhir?_count=100", 200, "l-pa v-pa c-pa e-pa pa"},
		{"all types, sorted", "pa|patient/*.rs", "/fhir?_count=100&_sort=_id", 200, "l-pa v-pa c-pa e-pa pa"},
		{"a type without a scope, among others", labs, "/fhir?_type=Observation,Patient", 403, ""},
		{"$everything", "pa|patient/*.rs", "/fhir/Patient/pa/$everything", 200, "l-pa v-pa c-pa e-pa pa"},
		{"$everything brings what the token reaches", "pa|patient/*.rs user/Practitioner.rs", "/fhir/Patient/pa/$everything", 200, "l-pa v-pa c-pa e-pa dr pa"},
		{"$everything of another", "pa|patient/*.rs", "/fhir/Patient/pb/$everything", 404, ""},
		{"$everything of what links to it", "pa|patient/*.rs", "/fhir/Patient/linked/$everything", 404, ""},
		{"$everything without a scope on Patient", labs, "/fhir/Patient/pa/$everything", 403, ""},
		{"$everything of types with a scope", labs + " system/Patient.rs", "/fhir/Patient/pa/$everything", 200, "l-pa pa"},
		{"$everything of a type without", labs + " system/Patient.rs", "/fhir/Patient/pa/$everything?_type=Condition", 403, ""},
		{"$timeline", "pa|patient/*.rs", "/fhir/Patient/pa/$timeline", 200, "l-pa v-pa c-pa e-pa pa"},
		{"$timeline of another", "pa|patient/*.rs", "/fhir/Patient/pb/$timeline", 404, ""},
		{"$timeline of what links to it", "pa|patient/*.rs", "/fhir/Patient/linked/$timeline", 404, ""},
		{"$timeline without a scope on Patient", labs, "/fhir/Patient/pa/$timeline", 403, ""},
		{"$timeline of types with a scope", labs + " system/Patient.rs", "/fhir/Patient/pa/$timeline", 200, "l-pa pa"},
		{"$timeline of a type without", labs + " system/Patient.rs", "/fhir/Patient/pa/$timeline?_type=Condition", 403, ""},
		{"_list without a scope on List", labs, "/fhir/Observation?_list=x", 403, ""},
		{"$lastn", "pa|patient/*.rs", "/fhir/Observation/$lastn?patient=pa&max=9", 200, "l-pa v-pa"},
		{"$lastn of another", "pa|patient/*.rs", "/fhir/Observation/$lastn?patient=pb", 200, ""},
		{"$lastn within a query", labs, "/fhir/Observation/$lastn?patient=pb", 200, "l-pb"},
		{"$lastn without a scope", "pa|patient/Patient.rs", "/fhir/Observation/$lastn?patient=pa", 403, ""},
		{"$meta", "pa|patient/*.rs", "/fhir/Patient/pa/$meta", 200, ""},
		{"$meta of another", "pa|patient/*.rs", "/fhir/Patient/pb/$meta", 404, ""},
		{"_filter", "pa|patient/*.rs", "/fhir/Observation?_filter=status%20eq%20final", 200, "l-pa v-pa"},
		{"_filter of another", "pa|patient/*.rs", "/fhir/Observation?_filter=subject%20re%20Patient/pb", 200, ""},
		{"_filter with a chain without a scope (20)", labs, "/fhir/Observation?_filter=status%20eq%20final%20or%20subject.gender%20eq%20female", 403, ""},
		{"elements (32)", labs, "/fhir/Observation?_elements=status", 200, "l-pa l-pb"},
		{"an operation is not granted by a part", "pa|patient/*.rs", "/fhir/Patient/pa/$validate?mode=delete", 403, ""},
	} {
		a := do(c.scopes, "GET", c.target, "")
		assert.Equal(t, c.code, a.code, "%s: %s", c.why, a.body)
		assert.Equal(t, c.names, a.names(), c.why)
		if c.code == 404 { // one answer for what is absent and what is not theirs (60)
			none := do(c.scopes, "GET", strings.NewReplacer("v-pa", "none", "/pb", "/none", "linked", "none").Replace(c.target), "")
			assert.Equal(t, 404, none.code)
			assert.Equal(t, strings.NewReplacer("v-pa", "none", "/pb", "/none", "linked", "none").Replace(a.body), none.body, c.why)
		}
		if c.code == 200 && strings.Contains(c.target, "_total=accurate") {
			assert.Contains(t, a.body, `"total":2`, c.why)
		}
	}
	const tag = `{"resourceType":"Parameters","parameter":[{"name":"meta","valueMeta":{"tag":[{"system":"urn:t","code":"a"}]}}]}`
	assert.Equal(t, 403, do("pa|patient/*.rs", "POST", "/fhir/Patient/pa/$meta-add", tag).code, "$meta-add without u")
	assert.Equal(t, 404, do("pa|patient/*.rus", "POST", "/fhir/Patient/pb/$meta-add", tag).code, "$meta-add to another")
	assert.Equal(t, 404, do("pa|patient/*.rus", "POST", "/fhir/Patient/pb/$meta-delete", tag).code, "$meta-delete of another")
	a := do(labs, "GET", "/fhir/Observation?_summary=count", "")
	assert.Contains(t, a.body, `"total":2`, "counts (24)")
	a = do("pa|patient/*.rs", "POST", "/fhir/Observation/_search?patient=pb", "patient=pa", "Content-Type", "application/x-www-form-urlencoded")
	assert.Empty(t, a.names(), "POST _search with parameters in both places (26)")
	a = do(labs, "GET", "/fhir/Observation/v-pa", "", "If-None-Match", `W/"1"`)
	assert.Equal(t, 404, a.code, "304 before authorization (46)")
	a = do("pa|patient/*.rs", "POST", "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient/pb"}},{"request":{"method":"GET","url":"Patient/pa"}}]}`)
	assert.Equal(t, "pa", a.names(), "batch, entry by entry (42)")

	// Pages are cut after what is hidden is left out (18).
	first := do(labs, "GET", "/fhir/Observation?_count=1", "")
	assert.Equal(t, "l-pa", first.names())
	_, next, _ := strings.Cut(first.body, `"relation":"next","url":"`)
	next, _, _ = strings.Cut(next, `"`)
	second := do(labs, "GET", strings.ReplaceAll(next[strings.Index(next, "/fhir/"):], `\u0026`, "&"), "")
	assert.Equal(t, "l-pb", second.names(), second.body)
	assert.NotContains(t, second.body, `"next"`)
}

// TestReachWrites: a write needs the scope of what there is and of what it makes of it.
func TestReachWrites(t *testing.T) {
	const (
		labsAll = "|system/Observation.cruds?category=laboratory"
		ofPa    = "pa|patient/Observation.cruds patient/Patient.rs"
	)
	for _, c := range []struct {
		why, scopes, method, target, body string
		code                              int
		headers                           []string
	}{
		{"create within", labsAll, "POST", "/fhir/Observation", measured("laboratory", "pa"), 201, nil},
		{"create outside", labsAll, "POST", "/fhir/Observation", measured("vital-signs", "pa"), 403, nil},
		{"create for the patient", ofPa, "POST", "/fhir/Observation", measured("laboratory", "pa"), 201, nil},
		{"create for another", ofPa, "POST", "/fhir/Observation", measured("laboratory", "pb"), 403, nil},
		{"create without a letter", labs, "POST", "/fhir/Observation", measured("laboratory", "pa"), 403, nil},
		{"update within", labsAll, "PUT", "/fhir/Observation/l-pa", named1("l-pa", measured("laboratory", "pa")), 200, nil},
		{"the one before is outside (40)", labsAll, "PUT", "/fhir/Observation/v-pa", named1("v-pa", measured("laboratory", "pa")), 404, nil},
		{"the one after is outside (40)", labsAll, "PUT", "/fhir/Observation/l-pa", named1("l-pa", measured("vital-signs", "pa")), 403, nil},
		{"moved to another patient (40)", ofPa, "PUT", "/fhir/Observation/l-pa", named1("l-pa", measured("laboratory", "pb")), 403, nil},
		{"taken from another patient (40)", ofPa, "PUT", "/fhir/Observation/l-pb", named1("l-pb", measured("laboratory", "pa")), 404, nil},
		{"an id of one's own choice (43)", ofPa, "PUT", "/fhir/Observation/A83008-new", named1("A83008-new", measured("laboratory", "pa")), 404, nil},
		{"patched outside (41)", labsAll, "PATCH", "/fhir/Observation/l-pa", `[{"op":"replace","path":"/category/0/coding/0/code","value":"vital-signs"}]`, 403, []string{"Content-Type", "application/json-patch+json"}},
		{"a patch of what is outside (41)", labsAll, "PATCH", "/fhir/Observation/v-pa", `[{"op":"replace","path":"/status","value":"amended"}]`, 404, []string{"Content-Type", "application/json-patch+json"}},
		{"a test by patch (41)", labsAll, "PATCH", "/fhir/Observation/v-pa", `[{"op":"test","path":"/status","value":"final"}]`, 404, []string{"Content-Type", "application/json-patch+json"}},
		{"delete outside", labsAll, "DELETE", "/fhir/Observation/v-pa", "", 200, nil},
		{"conditional create does not find outside (38)", labsAll, "POST", "/fhir/Observation", measured("laboratory", "pa"), 201, []string{"If-None-Exist", "category=vital-signs"}},
		{"conditional update does not find outside (38)", labsAll, "PUT", "/fhir/Observation?_id=v-pa", measured("laboratory", "pa"), 201, nil},
		{"conditional delete does not find outside (38)", labsAll, "DELETE", "/fhir/Observation?category=vital-signs", "", 200, nil},
		{"a conditional update of what may be searched alone", "|system/Observation.cu?category=laboratory system/Observation.s?category=vital-signs", "PUT", "/fhir/Observation?_id=v-pa", measured("laboratory", "pa"), 403, nil},
		{"a conditional delete of what may be searched alone", "|system/Observation.d?category=laboratory system/Observation.s?category=vital-signs", "DELETE", "/fhir/Observation?_id=v-pa", "", 403, nil},
		{"a conditional create finds what may be searched", "|system/Observation.c?category=laboratory system/Observation.s?category=vital-signs", "POST", "/fhir/Observation", measured("laboratory", "pa"), 200, []string{"If-None-Exist", "_id=v-pa"}},
		{"a conditional patch of what may be searched and read alone", "|system/Observation.u?category=laboratory system/Observation.rs?category=vital-signs", "PATCH", "/fhir/Observation?_id=v-pa", `[{"op":"replace","path":"/status","value":"amended"}]`, 404, []string{"Content-Type", "application/json-patch+json"}},
		{"nor does the id of a conditional update (38)", labsAll, "PUT", "/fhir/Observation?_id=none", named1("v-pa", measured("laboratory", "pa")), 404, nil},
		{"as that of nothing (38)", labsAll, "PUT", "/fhir/Observation?_id=none", named1("other", measured("laboratory", "pa")), 404, nil},
		{"If-Match does not tell (46)", labsAll, "PUT", "/fhir/Observation/v-pa", named1("v-pa", measured("laboratory", "pa")), 404, []string{"If-Match", `W/"7"`}},
		{"a match URL in a transaction (39)", "pa|patient/Observation.c patient/Patient.s", "POST", "/fhir", transaction1(strings.ReplaceAll(measured("laboratory", "pa"), "Patient/pa", "Patient?name=Name-pb")), 422, nil},
		{"a transaction is judged entry by entry (42)", ofPa, "POST", "/fhir", transaction1(measured("laboratory", "pb")), 403, nil},
		{"a Provenance beside it needs its own scope", ofPa, "POST", "/fhir/Observation", measured("laboratory", "pa"), 403, []string{"X-Provenance", `{"resourceType":"Provenance","target":[],"recorded":"2026-01-01T00:00:00Z","agent":[{"who":{"display":"x"}}]}`}},
	} {
		do := confined(t)
		a := do(c.scopes, c.method, c.target, c.body, c.headers...)
		assert.Equal(t, c.code, a.code, "%s: %s", c.why, a.body)
		if c.code >= 400 || strings.Contains(c.why, "delete") {
			for _, ref := range []string{"Observation/l-pa", "Observation/v-pa", "Observation/l-pb"} {
				assert.Equal(t, `W/"1"`, do("|system/*.rs", "GET", "/fhir/"+ref, "").header.Get("ETag"), "%s: %s as it was", c.why, ref)
			}
		}
	}
	do := confined(t)
	a := do("|system/Observation.c?category=laboratory system/Observation.r?category=vital-signs", "POST", "/fhir/Observation", measured("laboratory", "pa"))
	assert.Equal(t, 201, a.code)
	assert.Empty(t, a.body, "what may not be read is not answered")

	// Each version is judged by what it held (35), a deletion by what was deleted (36).
	require.Equal(t, 200, do("|system/*.cruds", "PUT", "/fhir/Observation/v-pa", named1("v-pa", measured("laboratory", "pa"))).code)
	assert.Equal(t, 200, do(labs, "GET", "/fhir/Observation/v-pa", "").code)
	assert.Equal(t, 404, do(labs, "GET", "/fhir/Observation/v-pa/_history/1", "").code)
	h := do(labs, "GET", "/fhir/Observation/v-pa/_history", "")
	assert.Contains(t, h.body, `"total":1`)
	assert.NotContains(t, h.body, "vital-signs")
	require.Equal(t, 200, do("|system/*.cruds", "DELETE", "/fhir/Observation/v-pb", "").code)
	assert.Equal(t, 404, do(labs, "GET", "/fhir/Observation/v-pb", "").code)
	assert.Equal(t, 410, do("|system/Observation.rs?category=vital-signs", "GET", "/fhir/Observation/v-pb", "").code)
}

func named1(id, resource string) string {
	return strings.Replace(resource, `{"resourceType":"Observation"`, `{"resourceType":"Observation","id":"`+id+`"`, 1)
}

func transaction1(resource string) string {
	return `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":` + resource + `,"request":{"method":"POST","url":"Observation"}}]}`
}

// TestCompartmentQueries: each type of the compartment of a patient is confined by
// queries that this server can decide, and no other type is.
func TestCompartmentQueries(t *testing.T) {
	s := auth.ParseScopes("patient/*.cruds").OfPatient("p")
	n := 0
	for _, typ := range r4.ResourceTypes() {
		queries, all := s.Within(typ, 'r')
		require.False(t, all, typ)
		require.Equal(t, len(queries) > 0, s.AllowSome(typ, 'r'), typ)
		if len(queries) == 0 {
			continue
		}
		n++
		w, err := search.ParseWithin(typ, queries, search.Options{})
		require.NoError(t, err, typ)
		require.Len(t, w, len(queries))
	}
	require.Equal(t, 63, n, "the 66 of R4, without AuditEvent, Consent and Provenance, which no wildcard reaches")
}
