package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
)

// actingFor is who may do everything for the organisation that the token names;
// "server" acts for every one.
type actingFor struct{}

func (actingFor) Authenticate(r *http.Request) (auth.Identity, error) {
	org, agent, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), " ")
	if agent == "" {
		agent = "system of " + org
	}
	return auth.Identity{Requester: fhir.Principal{Agent: agent, OnBehalf: org, Unbound: org == "server"}, Scopes: auth.Full}, nil
}

func (actingFor) Challenge(error) string { return "Bearer" }

// twoClinics serves two clinics, each with a person.
func twoClinics(t *testing.T) http.Handler {
	t.Helper()
	c := &serveCommand{Sandbox: true, Addr: "127.0.0.1:0", Data: t.TempDir(), Site: "FA565", Authority: "T1450"}
	require.NoError(t, c.complete())
	log := slog.New(slog.DiscardHandler)
	app, err := openApp(c.appConfig(), log)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, app.close()) })
	config, err := c.config(app, log)
	require.NoError(t, err)
	config.Authenticator = actingFor{}
	s, err := server.New(config)
	require.NoError(t, err)
	h := s.Handler()
	for _, org := range []string{"A83008", "EVIL99"} {
		for _, r := range []string{
			`{"resourceType":"Organization","id":"o{org}","identifier":[{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"{org}"}],"name":"n"}`,
			`{"resourceType":"Practitioner","id":"p{org}","identifier":[{"system":"https://fhir.nhs.uk/Id/sds-user-id","value":"u{org}"}]}`,
			`{"resourceType":"PractitionerRole","id":"r{org}","practitioner":{"reference":"Practitioner/p{org}"},"organization":{"reference":"Organization/o{org}"}}`,
			`{"resourceType":"Patient","id":"t{org}"}`,
		} {
			r = strings.ReplaceAll(r, "{org}", org)
			parsed, err := fhir.Parse([]byte(r))
			require.NoError(t, err)
			w := askRole(h, org+" x", "PUT", "/fhir/"+parsed.Type()+"/"+parsed.ID(), r)
			require.Contains(t, []int{200, 201}, w.Code, w.Body)
		}
	}
	return h
}

// actorsOf are the ways to name an organisation or one of its people.
func actorsOf(org string) []string {
	return []string{
		`{"reference":"Organization/o` + org + `"}`, `{"reference":"PractitionerRole/r` + org + `"}`, `{"reference":"Practitioner/p` + org + `"}`,
		`{"identifier":{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"` + org + `"}}`,
		`{"identifier":{"system":"https://fhir.nhs.uk/Id/sds-user-id","value":"u` + org + `"}}`,
	}
}

// written are resources in which {who} acts, the first element of an array where
// the element repeats, with the path of a JSON Patch to it.
var written = map[string]string{
	"Provenance/agent/0/who":               `{"resourceType":"Provenance","id":"x","target":[{"reference":"Patient/tA83008"}],"recorded":"2026-11-01T10:00:00Z","agent":[{"who":{who}}]}`,
	"Claim/provider":                       `{"resourceType":"Claim","id":"x","status":"draft","type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/claim-type","code":"pharmacy"}]},"use":"claim","patient":{"reference":"Patient/tA83008"},"created":"2026-11-01","provider":{who},"priority":{"coding":[{"code":"normal"}]},"insurance":[{"sequence":1,"focal":true,"coverage":{"display":"NHS"}}]}`,
	"Claim/enterer":                        `{"resourceType":"Claim","id":"x","status":"draft","type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/claim-type","code":"pharmacy"}]},"use":"claim","patient":{"reference":"Patient/tA83008"},"created":"2026-11-01","provider":{"reference":"Organization/oA83008"},"enterer":{who},"priority":{"coding":[{"code":"normal"}]},"insurance":[{"sequence":1,"focal":true,"coverage":{"display":"NHS"}}]}`,
	"MedicationDispense/performer/0/actor": `{"resourceType":"MedicationDispense","id":"x","status":"completed","medicationCodeableConcept":{"text":"Aqueous cream"},"subject":{"reference":"Patient/tA83008"},"performer":[{"actor":{who}}],"whenHandedOver":"2026-11-01T10:00:00Z"}`,
	"Communication/sender":                 `{"resourceType":"Communication","id":"x","status":"completed","sender":{who}}`,
	"Task/requester":                       `{"resourceType":"Task","id":"x","status":"requested","intent":"order","requester":{who}}`,
	"Task/owner":                           `{"resourceType":"Task","id":"x","status":"requested","intent":"order","owner":{who}}`,
}

// TestActorDoors: nobody writes in the name of another clinic or its people, by
// whatever interaction; in their own they may.
func TestActorDoors(t *testing.T) {
	h, n := twoClinics(t), 0
	for place, text := range written {
		typ, path, _ := strings.Cut(place, "/")
		for i, foreign := range actorsOf("EVIL99") {
			if strings.HasSuffix(place, "enterer") && strings.Contains(foreign, "Organization") {
				continue // not a person
			}
			n++
			id := fmt.Sprint("x", n)
			text := strings.Replace(text, `"id":"x"`, `"id":"`+id+`"`, 1)
			mine, theirs := strings.ReplaceAll(text, "{who}", actorsOf("A83008")[i]), strings.ReplaceAll(text, "{who}", foreign)
			bundle := func(kind, method, url, resource string) string {
				return `{"resourceType":"Bundle","type":"` + kind + `","entry":[{"fullUrl":"urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0","resource":` + resource + `,"request":{"method":"` + method + `","url":"` + url + `"}}]}`
			}
			ask := func(method, target, body string, header ...string) string {
				w := askRole(h, "A83008", method, target, body, header...)
				if w.Code == 200 && strings.Contains(w.Body.String(), `"batch-response"`) {
					return w.Body.String()
				}
				return http.StatusText(w.Code) + " " + w.Body.String()
			}
			refused := func(door, answer string) {
				t.Helper()
				assert.Contains(t, answer, "The caller does not act for whom", "%s %d %s", place, i, door)
				assert.Regexp(t, `^Forbidden|"status":"403`, answer, "%s %d %s", place, i, door)
			}
			refused("create", ask("POST", "/fhir/"+typ, theirs))
			refused("create by the other base", ask("POST", "/FHIR/R4/"+typ, theirs))
			refused("update as create", ask("PUT", "/fhir/"+typ+"/"+id, theirs))
			refused("conditional create", ask("POST", "/fhir/"+typ, theirs, "If-None-Exist", "_id=none"))
			refused("transaction", ask("POST", "/fhir", bundle("transaction", "POST", typ, theirs)))
			refused("batch", ask("POST", "/fhir", bundle("batch", "PUT", typ+"/"+id, theirs)))
			if w := askRole(h, "A83008", "PUT", "/fhir/"+typ+"/"+id, mine); !assert.Equal(t, 201, w.Code, "%s %d: %s", place, i, w.Body) {
				continue
			}
			refused("update", ask("PUT", "/fhir/"+typ+"/"+id, theirs))
			refused("conditional update", ask("PUT", "/fhir/"+typ+"?_id="+id, theirs))
			refused("patch", ask("PATCH", "/fhir/"+typ+"/"+id, `[{"op":"add","path":"/`+path+`","value":`+foreign+`}]`, "Content-Type", "application/json-patch+json"))
			assert.Equal(t, 200, askRole(h, "A83008", "PUT", "/fhir/"+typ+"/"+id, strings.Replace(mine, `"id":"`+id+`"`, `"id":"`+id+`","language":"en"`, 1)).Code, place)
		}
	}
}

// TestActorOfProvenance: X-Provenance names the caller, and one beside whom nobody
// is known.
func TestActorOfProvenance(t *testing.T) {
	h := twoClinics(t)
	put := func(who, as string) int {
		return askRole(h, as, "PUT", "/fhir/Patient/tA83008", `{"resourceType":"Patient","id":"tA83008","gender":"male"}`, "X-Provenance", `{"resourceType":"Provenance","recorded":"2026-11-05T09:00:00Z","agent":[{"who":`+who+`}]}`).Code
	}
	for _, who := range actorsOf("EVIL99") {
		assert.Equal(t, 403, put(who, "A83008"), who)
		assert.Equal(t, 200, put(who, "server"), who)
	}
	for _, who := range append(actorsOf("A83008"), `{"display":"Dr A"}`) {
		assert.Equal(t, 200, put(who, "A83008"), who)
	}
	const unknown = `{"identifier":{"system":"https://fhir.nhs.uk/Id/sds-user-id","value":"u9"}}`
	assert.Equal(t, 200, put(unknown, "A83008 sds-user-id|u9"))
	assert.Equal(t, 403, put(unknown, "A83008 sds-user-id|u8"))
	for _, who := range []string{`{"reference":"Practitioner/none"}`, `{"reference":"https://other.example/fhir/Practitioner/1"}`} {
		assert.Equal(t, 403, put(who, "A83008"), who)
	}
}

// TestTaskForAnother: who asks names whom they ask.
func TestTaskForAnother(t *testing.T) {
	h := twoClinics(t)
	task := `{"resourceType":"Task","id":"x","status":"requested","intent":"order","requester":{"reference":"Organization/oA83008"},"owner":{"reference":"Organization/oEVIL99"}}`
	assert.Equal(t, 201, askRole(h, "A83008", "POST", "/fhir/Task", task).Code)
	assert.Equal(t, 403, askRole(h, "EVIL99", "POST", "/fhir/Task", task).Code)
}

// TestActorsUnlock: who cannot be compared, or stays as they were, lets nobody else
// be named beside them.
func TestActorsUnlock(t *testing.T) {
	h := twoClinics(t)
	task := func(requester string) string {
		return `{"resourceType":"Task","id":"x","status":"requested","intent":"order"` + requester + `,"owner":{"reference":"Organization/oEVIL99"}}`
	}
	for _, requester := range []string{``, `,"requester":{"display":"Organization/oA83008"}`, `,"requester":{"identifier":{"system":"https://other.example/Id","value":"1"}}`,
		`,"requester":{"identifier":{"system":"https://fhir.nhs.uk/Id/sds-user-id","value":"nobody"}}`, `,"requester":{"reference":"Patient/tA83008"}`} {
		assert.Equal(t, 403, askRole(h, "A83008", "POST", "/fhir/Task", task(requester)).Code, requester)
	}
	for _, owner := range []string{`{"display":"EVIL99"}`, `{"identifier":{"system":"https://other.example/Id","value":"1"}}`} {
		alone := strings.Replace(task(""), `{"reference":"Organization/oEVIL99"}`, owner, 1)
		assert.Equal(t, 403, askRole(h, "A83008", "POST", "/fhir/Task", alone).Code, owner)
		assert.Equal(t, 201, askRole(h, "A83008", "POST", "/fhir/Task", strings.Replace(alone, `,"owner"`, `,"requester":{"reference":"Organization/oA83008"},"owner"`, 1)).Code, owner)
	}
	theirs := `{"resourceType":"Task","id":"y","status":"requested","intent":"order","requester":{"reference":"Organization/oEVIL99"},"owner":{"reference":"Organization/oA83008"}}`
	require.Equal(t, 201, askRole(h, "EVIL99", "PUT", "/fhir/Task/EVIL99-y", strings.Replace(theirs, `"y"`, `"EVIL99-y"`, 1)).Code)
	moved := strings.NewReplacer(`"y"`, `"EVIL99-y"`, `{"reference":"Organization/oA83008"}`, `{"identifier":{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"C99999"}}`).Replace(theirs)
	assert.Equal(t, 403, askRole(h, "A83008", "PUT", "/fhir/Task/EVIL99-y", moved).Code, "the requester stays, and is not the caller")
}

// TestActorsAreComparedWhole: a name that ends like another one is another one.
func TestActorsAreComparedWhole(t *testing.T) {
	h := twoClinics(t)
	put := func(who, as string) int {
		return askRole(h, as, "PUT", "/fhir/Patient/tA83008", `{"resourceType":"Patient","id":"tA83008","gender":"male"}`, "X-Provenance", `{"resourceType":"Provenance","recorded":"2026-11-05T09:00:00Z","agent":[{"who":`+who+`}]}`).Code
	}
	const ref, absolute = `{"reference":"Practitioner/pEVIL99"}`, `{"reference":"http://example.com/fhir/Practitioner/pEVIL99"}`
	for _, agent := range []string{"Practitioner/pEVIL99", "http://example.com/fhir/Practitioner/pEVIL99", "https://example.com/FHIR/R4/Practitioner/pEVIL99"} {
		assert.Equal(t, 200, put(ref, "A83008 "+agent), agent)
		assert.Equal(t, 200, put(absolute, "A83008 "+agent), agent)
	}
	for _, agent := range []string{"https://other.example/fhir/Practitioner/pEVIL99", "x/Practitioner/pEVIL99", "Practitioner/pEVIL9", "Practitioner/xpEVIL99", "Person/Practitioner/pEVIL99"} {
		assert.Equal(t, 403, put(ref, "A83008 "+agent), agent)
		assert.Equal(t, 403, put(absolute, "A83008 "+agent), agent)
	}
	assert.Equal(t, 403, put(`{"identifier":{"system":"https://fhir.nhs.uk/Id/sds-user-id","value":"uEVIL99"}}`, "A83008 sds-user-id|xuEVIL99"))
}

// TestRolesOfOthers: a role that an organisation writes for itself about another's
// entry of a person does not make them one of its people.
func TestRolesOfOthers(t *testing.T) {
	h := twoClinics(t)
	role := `{"resourceType":"PractitionerRole","id":"locum","practitioner":{"reference":"Practitioner/pEVIL99"},"organization":{"reference":"Organization/oA83008"}}`
	provenance := func(who string) int {
		return askRole(h, "A83008", "POST", "/fhir/Provenance", strings.Replace(written["Provenance/agent/0/who"], "{who}", who, 1)).Code
	}
	require.Equal(t, 201, askRole(h, "A83008", "PUT", "/fhir/PractitionerRole/locum", role).Code)
	for _, who := range []string{`{"reference":"PractitionerRole/locum"}`, `{"reference":"Practitioner/pEVIL99"}`, `{"identifier":{"system":"https://fhir.nhs.uk/Id/sds-user-id","value":"uEVIL99"}}`} {
		assert.Equal(t, 403, provenance(who), who)
	}
	require.Equal(t, 201, askRole(h, " Device/pestle", "PUT", "/fhir/PractitionerRole/registered", strings.Replace(role, "locum", "registered", 1)).Code)
	for _, who := range []string{`{"reference":"PractitionerRole/registered"}`, `{"reference":"Practitioner/pEVIL99"}`} {
		assert.Equal(t, 201, provenance(who), who)
	}
}
