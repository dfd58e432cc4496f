package signin

import (
	"encoding/json"
	"testing"
	"time"
)

// FuzzChallenge: nothing is taken for a challenge but what was issued, for its purpose.
func FuzzChallenge(f *testing.F) {
	c, now := newChallenges(), time.Unix(1_790_000_000, 0)
	issued := encode(c.issue("a", now))
	for _, seed := range []string{"", issued, issued + "A", issued[1:], "AAAA"} {
		f.Add(seed, "a")
		f.Add(seed, "b")
	}
	f.Fuzz(func(t *testing.T, text, purpose string) {
		if got := c.read(text, purpose, now); got != nil && (text != issued || purpose != "a") {
			t.Fatalf("%q is taken for %q", text, purpose)
		}
	})
}

// FuzzFlow: whatever a cookie says, the way back is one of this server's.
func FuzzFlow(f *testing.F) {
	for _, back := range []string{"", "/authorize?x=1", "//evil.example", "/account"} {
		f.Add(newFlow(back).cookie)
	}
	f.Fuzz(func(t *testing.T, cookie string) {
		got, ok := readFlow(cookie)
		if ok && got.back != AccountPath && (len(got.back) < 11 || got.back[:11] != "/authorize?") {
			t.Fatalf("%q leads to %q", cookie, got.back)
		}
	})
}

// FuzzClaims: whatever a provider says, somebody has one role that has a meaning here,
// or none.
func FuzzClaims(f *testing.F) {
	c := Claims{Organisation: "o", Roles: "r", RoleCode: "c", RoleOrganisation: "o", RoleID: "i", Selected: "s", Map: map[string]string{"R1": "pharmacist", "R2": "technician"}}
	for _, seed := range []string{`{"r":"R1","o":"FA565"}`, `{"r":["R1","R2"],"o":"FA565"}`, `{"r":[{"c":"R1","o":"FA565","i":"1"},{"c":"R2","o":"X","i":"2"}],"s":"2"}`, `{"r":[[],{"c":1}],"s":[]}`, `{}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var claims claimSet
		if json.Unmarshal([]byte(text), &claims) != nil {
			return
		}
		role, organisation, err := c.role(claims)
		if err == nil && (role != "pharmacist" && role != "technician" || organisation == "") {
			t.Fatalf("%s: %q at %q", text, role, organisation)
		}
	})
}
