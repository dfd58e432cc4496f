package server_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
)

// inRole is who has all scopes and the role that the token names.
type inRole struct{}

func (inRole) Authenticate(r *http.Request) (auth.Identity, error) {
	role := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	return auth.Identity{Requester: fhir.Principal{Agent: "u1", OnBehalf: "A83008", Roles: []string{role}}, Scopes: auth.Full, Roles: roleOf(role)}, nil
}

func (inRole) Challenge(error) string { return `Bearer realm="fhir"` }

// roleOf grants by two roles, and to others nothing.
type roleOf string

func (r roleOf) Allow(typ string, letter byte) bool {
	return r == "clerk" && typ == "Patient" && strings.ContainsRune("crs", rune(letter))
}

func (r roleOf) AllowOperation(name, event string) bool {
	return r == "clerk" && name == "$process-message" && event == "order" || r == "boss" && name == "Task/$act"
}

func (r roleOf) SeesAll() bool  { return false }
func (r roleOf) SeesNone() bool { return false }

// TestRoles wants that a role limits what full scopes grant, by every way in.
func TestRoles(t *testing.T) {
	done := func(context.Context, *fhir.Call) (*fhir.Reply, error) { return &fhir.Reply{}, nil }
	h := newHandler(t, func(c *server.Config) {
		c.Authenticator = inRole{}
		c.Operations = []fhir.Operation{{Name: "act", Type: "Task", Handle: done}, {Name: "look", Type: "Patient", Idempotent: true, Handle: done}, {Name: "process-message", Handle: done, Events: []string{"order", "update"}, Parameters: []fhir.Parameter{{Name: "content", Kinds: []string{"Bundle"}}}}}
	})
	const patient = `{"resourceType":"Patient","id":"1","gender":"male"}`
	entry := func(method, url, resource string) string {
		return `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":` + resource + `,"request":{"method":"` + method + `","url":"` + url + `"}}]}`
	}
	message := func(event string) string {
		return `{"resourceType":"Bundle","type":"message","entry":[{"fullUrl":"urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0","resource":{"resourceType":"MessageHeader","eventCoding":{"system":"x:y","code":"` + event + `"},"source":{"endpoint":"x:z"}}}]}`
	}
	for _, c := range []struct {
		role, method, target, body string
		status                     int
	}{
		{"clerk", "POST", "/fhir/Patient", patient, 201},
		{"clerk", "GET", "/fhir/Patient?gender=male", "", 200},
		{"clerk", "PUT", "/fhir/Patient/1", patient, 403},
		{"clerk", "DELETE", "/fhir/Patient/1", "", 403},
		{"clerk", "DELETE", "/fhir/Patient?gender=male", "", 403},
		{"clerk", "POST", "/fhir/Observation", `{"resourceType":"Observation","status":"final","code":{"text":"x"}}`, 403},
		{"clerk", "POST", "/fhir", entry("POST", "Patient", patient), 200},
		{"clerk", "POST", "/fhir", entry("PUT", "Patient/1", patient), 403},
		{"clerk", "GET", "/fhir/Patient?_has:Observation:subject:code=x", "", 403},
		{"clerk", "GET", "/fhir/_history", "", 403},
		{"clerk", "GET", "/fhir/Patient/$look", "", 204},
		{"boss", "GET", "/fhir/Patient/$look", "", 403},
		{"clerk", "POST", "/fhir/Task/$act", "", 403},
		{"boss", "POST", "/fhir/Task/$act", "", 204},
		{"clerk", "POST", "/fhir/$process-message", message("order"), 204},
		{"clerk", "POST", "/fhir/$process-message", message("update"), 403},
		{"boss", "POST", "/fhir/$process-message", message("order"), 403},
		{"nobody", "GET", "/fhir/Patient", "", 403},
		{"nobody", "GET", "/fhir/metadata", "", 200},
		{"nobody", "GET", "/metrics", "", 403},
	} {
		got := call(h, c.method, c.target, c.body, "Authorization", "Bearer "+c.role)
		assert.Equal(t, c.status, got.Code, "%s %s %s: %s", c.role, c.method, c.target, got.Body)
		if got.Code == 403 && c.target != "/metrics" {
			require.Contains(t, got.Body.String(), "role", "%s %s", c.method, c.target)
		}
	}
}

// boss is who has the scopes that the token lists, and the role boss.
type boss struct{ byScopes }

func (b boss) Authenticate(r *http.Request) (auth.Identity, error) {
	who, err := b.byScopes.Authenticate(r)
	who.Roles = roleOf("boss")
	return who, err
}

// TestRefusalNamesWhatLacks wants that who has the scope of a message's event is
// told about their role, and who has not about the scope.
func TestRefusalNamesWhatLacks(t *testing.T) {
	h := scoped{newHandler(t, func(c *server.Config) {
		c.Authenticator = boss{}
		c.Operations = []fhir.Operation{{Name: "process-message", Handle: func(context.Context, *fhir.Call) (*fhir.Reply, error) { return &fhir.Reply{}, nil }, Events: []string{"order", "update"}, Parameters: []fhir.Parameter{{Name: "content", Kinds: []string{"Bundle"}}}}}
	})}
	const message = `{"resourceType":"Bundle","type":"message","entry":[{"fullUrl":"urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0","resource":{"resourceType":"MessageHeader","eventCoding":{"system":"x:y","code":"order"},"source":{"endpoint":"x:z"}}}]}`
	for scopes, want := range map[string]string{
		"system/$process-message?event=order":  "a role that grants $process-message?event=order",
		"system/$process-message":              "a role that grants $process-message?event=order",
		"system/$process-message?event=update": "the scope system/$process-message?event=order",
		"system/Patient.r":                     "the scope system/$process-message?event=order",
	} {
		w := h.as(scopes, "POST", "/fhir/$process-message", message)
		assert.Equal(t, 403, w.Code, scopes)
		assert.Contains(t, w.Body.String(), want, scopes)
	}
}

// oneAct is a role that may write everything and invoke one operation; the empty
// one is a caller without roles.
type oneAct string

func (oneAct) Allow(string, byte) bool              { return true }
func (o oneAct) AllowOperation(name, _ string) bool { return name == string(o) }
func (oneAct) SeesAll() bool                        { return false }
func (oneAct) SeesNone() bool                       { return false }
func (oneAct) Challenge(error) string               { return "Bearer" }
func (o oneAct) Authenticate(*http.Request) (auth.Identity, error) {
	who := auth.Identity{Requester: fhir.Principal{Agent: "u1"}, Scopes: auth.Full}
	if o != "" {
		who.Roles = o
	}
	return who, nil
}

// TestIntakeNeedsItsOperation wants that a create which stands for an operation is
// granted as that operation is, alone and in a batch, at both bases.
func TestIntakeNeedsItsOperation(t *testing.T) {
	const task = `{"resourceType":"Task","status":"rejected","intent":"order"}`
	const batch = `{"resourceType":"Bundle","type":"batch","entry":[{"resource":` + task + `,"request":{"method":"POST","url":"Task"}}]}`
	for who, refused := range map[oneAct]bool{"": false, "Task/$return": false, "Task/$withdraw": true} {
		h := newHandler(t, func(c *server.Config) {
			c.Authenticator = who
			c.Intakes = []fhir.Intake{{Type: "Task", Accepts: func(r *fhir.Resource) bool { return r.Get("status").Text() == "rejected" },
				Operation: func(*fhir.Resource) string { return "Task/$return" },
				Handle:    func(context.Context, *fhir.Call) (*fhir.Reply, error) { return &fhir.Reply{}, nil }}}
		})
		for _, base := range []string{"/fhir", "/FHIR/R4"} {
			for target, body := range map[string]string{base + "/Task": task, base: batch} {
				w := call(h, "POST", target, body)
				require.Equal(t, refused, strings.Contains(w.Body.String(), "a role that grants Task/$return"), "%s %s: %d %s", who, target, w.Code, w.Body)
			}
			require.Equal(t, refused, call(h, "POST", base+"/Task", task).Code == 403)
		}
	}
}
