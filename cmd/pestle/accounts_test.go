package main

import (
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/trust/policy"
)

// TestSecondAccountIsNobody goes through each door at which a second person is asked
// for, as one whose account nobody has confirmed; once it is, the same is done.
func TestSecondAccountIsNobody(t *testing.T) {
	p := startPharmacy(t)
	var unconfirmed []string
	p.app.duties.Unconfirmed = func() []string { return unconfirmed }
	const second = "https://fhir.nhs.uk/Id/sds-user-id|2"
	roles, err := policy.Builtin()
	require.NoError(t, err)
	config, err := (&serveCommand{Sandbox: true}).config(p.app, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	years := 0
	config.Clock = func() time.Time { return time.Now().AddDate(years, 0, 0) }
	config.Authenticator = governors{roles}
	s, err := server.New(config)
	require.NoError(t, err)
	h := s.Handler()
	send := func(who, method, path, body string) (int, string) {
		w := askRole(h, who, method, "/fhir"+path, body, "X-Request-ID", uuid.NewString())
		return w.Code, w.Body.String()
	}
	// through tries a door with the account unconfirmed, and confirmed.
	through := func(door, who, method, path, body string) string {
		t.Helper()
		unconfirmed = []string{second}
		require.Eventually(t, func() bool { _, lag := p.app.backlog.Lag(); return lag == 0 }, 10*time.Second, time.Millisecond)
		head := p.app.db.Head()
		code, answer := send(who, method, path, body)
		require.Contains(t, []int{400, 403}, code, door+": "+answer)
		require.Contains(t, answer, "has confirmed whose it is", door)
		require.Equal(t, head, p.app.db.Head(), door+": nothing is stored")
		unconfirmed = nil
		code, answer = send(who, method, path, body)
		require.Less(t, code, 300, door+": "+answer)
		return answer
	}
	operation := func(parameters string) string {
		return `{"resourceType":"Parameters","parameter":[` + parameters + `]}`
	}
	p.ask(200, "POST", "/$process-message", demoOrder(t, nil).JSON())
	task := "/Task/" + p.one("Task", "code=prescription-order&status=requested,ready").ID()
	for _, act := range []string{"/$accept", "/$approve"} {
		code, body := send("1 pharmacist", "POST", task+act, "")
		require.Equal(t, 200, code, body)
	}
	order, err := current(p.app.db.State(t.Context()), "MedicationRequest", "code:text=methylphenidate")
	require.NoError(t, err)
	through("check", "2 pharmacist", "POST", task+"/$check", operation(`{"name":"item","part":[{"name":"number","valueString":"`+nhs.Identifier(order.Root(), nhs.IDItem).Text()+`"},{"name":"quantity","valueQuantity":{"value":28}}]}`))
	answer, err := fhir.Parse([]byte(through("dispense", "2 pharmacist", "POST", task+"/$dispense", string(collected))))
	require.NoError(t, err)
	through("dispense by message", "2 pharmacist", "POST", "/$process-message", string(amendment(t, answer).JSON()))

	through("a role in the directory", "2 superintendent", "POST", "/PractitionerRole", `{"resourceType":"PractitionerRole","practitioner":{"identifier":{"system":"https://fhir.nhs.uk/Id/sds-user-id","value":"1"}},"organization":{"identifier":{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"`+sandboxPharmacy+`"}}}`)
	through("a role in the directory, for the account", "1 superintendent", "POST", "/PractitionerRole", `{"resourceType":"PractitionerRole","practitioner":{"identifier":{"system":"https://fhir.nhs.uk/Id/sds-user-id","value":"2"}},"organization":{"identifier":{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"`+sandboxPharmacy+`"}}}`)

	product := order.Get("medicationCodeableConcept").Get("coding").Item(0).Get("code").Text()
	medicine := `{"name":"product","valueCoding":{"system":"http://snomed.info/sct","code":"` + product + `"}}`
	through("the register, its witness", "1 responsible-pharmacist", "POST", "/Basic/$stock-check", operation(medicine+`,{"name":"counted","valueQuantity":{"value":0,"unit":"tablet"}},{"name":"note","valueString":"none"},{"name":"witness","part":[{"name":"name","valueString":"Bo"},{"name":"role","valueString":"pharmacist"},{"name":"identifier","valueString":"`+second+`"}]}`))

	patient := "/" + p.ask(http.StatusOK, http.MethodGet, task, nil).Root().Path("for", "reference").Text()
	code, body := send("2 customer-service", "POST", patient+"/$break-glass", glass("BTG", "the patient is unwell"))
	require.Equal(t, 201, code, body)
	opened, err := fhir.Parse([]byte(body))
	require.NoError(t, err)
	through("review of an emergency", "1 superintendent", "POST", "/Task/"+opened.ID()+"/$review-break-glass", review)

	years = 9
	code, body = send("1 superintendent", "POST", patient+"/$purge", operation(`{"name":"reason","valueString":"r"}`))
	require.Equal(t, 201, code, body)
	proposal, err := fhir.Parse([]byte(body))
	require.NoError(t, err)
	through("purge", "2 superintendent", "POST", patient+"/$purge", operation(`{"name":"proposal","valueString":"Task/`+proposal.ID()+`"}`))
}

// TestSecondAccountOfAnAdministrator: an administrator by a token makes a second
// account, registers a passkey by its invitation, and gets no further by it than alone,
// until another administrator has confirmed whose it is.
func TestSecondAccountOfAnAdministrator(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	s := startSigningIn(t, data, nil)
	defer s.stop()
	s.must("client", "disable", "growth", "--data", data)
	s.must("client", "add", "desk", "--kind", "app", "--public", "--data", data, "--name", "Desk", "--redirect", "https://app.example/cb", "--scope", "user/$users")
	token := func(id, code string) string {
		b := newPasskeys(t, s, code)
		_, page, _ := b.open(s.base+strings.Replace(s.authorization("user/$users"), "client_id=growth", "client_id=desk", 1), nil)
		b.app = "desk"
		access, _ := b.allow(page)
		file := filepath.Join(dir, id)
		require.NoError(t, os.WriteFile(file, []byte(access), 0o600))
		return file
	}
	by := func(file, line string) (string, bool) {
		return s.command(append(strings.Fields(line), "--server", s.base, "--token-file", file)...)
	}
	must := func(file, line string) string {
		out, ok := by(file, line)
		require.True(t, ok, out)
		return out
	}
	refused := func(file, line, why string) {
		t.Helper()
		out, ok := by(file, line)
		require.False(t, ok, out)
		require.Contains(t, out, why)
	}
	for _, id := range []string{"anna", "ben"} {
		require.NotContains(t, s.must("user", "add", id, "--data", data, "--name", id, "--organisation", "FA565", "--role", "administrator"), "confirmed")
	}
	anna := token("anna", invitationCode.FindString(s.must("user", "invite", "anna", "--data", data)))
	ben := token("ben", invitationCode.FindString(s.must("user", "invite", "ben", "--data", data)))

	require.Contains(t, must(anna, "user add zoe --name Zoe --organisation FA565 --role administrator --role superintendent"), "enabled, to be confirmed by 1")
	refused(ben, "user confirm zoe", "no passkey yet")
	zoe := token("zoe", invitationCode.FindString(must(anna, "user invite zoe")))
	refused(anna, "user confirm zoe", "who made an account, invited to it or has confirmed it does not confirm it")
	refused(zoe, "user confirm zoe", "own account is to be confirmed")
	refused(zoe, "user roles anna superintendent", "own account is to be confirmed")
	refused(zoe, "user invite ben", "own account is to be confirmed")
	require.Equal(t, []string{"zoe"}, s.unconfirmed(data))

	require.NotContains(t, must(ben, "user confirm zoe"), "to be confirmed")
	require.Empty(t, s.unconfirmed(data))
	must(zoe, "user roles anna technician")

	must(ben, "user roles anna administrator")
	code := invitationCode.FindString(must(ben, "user invite zoe --replace"))
	newPasskeys(t, s, code)
	require.Equal(t, []string{"zoe"}, s.unconfirmed(data), "whoever invites could take the account over")
	refused(ben, "user confirm zoe", "who made an account")
	require.NotContains(t, s.must("user", "confirm", "zoe", "--data", data), "to be confirmed", "by who runs the machine")
	refused(anna, "user confirm zoe", "needs no confirmation")
}

// unconfirmed are the accounts that the list says are to be confirmed.
func (s *issuing) unconfirmed(data string) (ids []string) {
	for line := range strings.Lines(s.must("user", "list", "--data", data)) {
		if strings.Contains(line, "to be confirmed") {
			id, _, _ := strings.Cut(line, "\t")
			ids = append(ids, id)
		}
	}
	return ids
}
