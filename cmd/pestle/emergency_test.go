package main

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/trust/duties"
	"github.com/pestle-fhir/pestle/trust/emergency"
	"github.com/pestle-fhir/pestle/trust/policy"
)

// glassWorld is a pharmacy with two patients whose prescriptions are of methylphenidate, and a
// server that asks who calls; its clock is moved.
type glassWorld struct {
	*pharmacyUnderTest
	h              http.Handler
	ahead          time.Duration
	patient, other string // "Patient/1"
	order, hidden  string // "MedicationRequest/1" of each
}

func newGlassWorld(t *testing.T) *glassWorld {
	w := &glassWorld{pharmacyUnderTest: startPharmacy(t)}
	for _, number := range []string{"9990004005", "9990005001"} {
		w.ask(200, "POST", "/$process-message", demoOrder(t, func(m map[string]any) {
			within(m, "Patient", func(r map[string]any) {
				r["identifier"].([]any)[0].(map[string]any)["value"] = number
			})
		}).JSON())
		order, err := current(w.app.db.State(t.Context()), "MedicationRequest", "code:text=methylphenidate&patient.identifier="+number)
		require.NoError(t, err)
		w.other, w.hidden = w.patient, w.order
		w.patient, w.order = order.Get("subject").Get("reference").Text(), "MedicationRequest/"+order.ID()
	}
	require.NotEqual(t, w.patient, w.other)
	clock := func() time.Time { return time.Now().Add(w.ahead) }
	w.app.emergencies.Clock = clock
	roles, err := policy.Builtin()
	require.NoError(t, err)
	config, err := (&serveCommand{Sandbox: true}).config(w.app, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	config.Clock, config.Authenticator = clock, governors{roles}
	s, err := server.New(config)
	require.NoError(t, err)
	w.h = s.Handler()
	return w
}

func (w *glassWorld) send(who, method, path, body string) (int, string) {
	answer := askRole(w.h, who, method, "/fhir/"+path, body, "X-Request-ID", uuid.NewString())
	return answer.Code, answer.Body.String()
}

func glass(code, reason string) string {
	return `{"resourceType":"Parameters","parameter":[{"name":"code","valueCode":"` + code + `"},{"name":"reason","valueString":"` + reason + `"}]}`
}

const review = `{"resourceType":"Parameters","parameter":[{"name":"result","valueString":"The call was listened to: it was needed."}]}`

// TestEmergenciesAtATime: a person has as many records open at a time as the table says,
// here one; another of the same patient is none more. When it ends, or is reviewed, another
// may be opened. What is open at present is listed to the superintendent and the auditor.
func TestEmergenciesAtATime(t *testing.T) {
	w := newGlassWorld(t)
	rules, err := emergency.Parse("t", []byte("2000-01-01\tminutes\t15\tx\n2000-01-01\treview-hours\t72\tx\n2000-01-01\topen-at-most\t1\tx\n2000-01-01\tcode\tBTG break the glass\tx\n"))
	require.NoError(t, err)
	w.app.emergencies.Rules = rules
	const support = "3 customer-service"
	opens := func(want int, who, patient string) string {
		t.Helper()
		code, body := w.send(who, "POST", patient+"/$break-glass", glass("BTG", "the patient is unwell"))
		require.Equal(t, want, code, body)
		if want == 201 {
			task, err := fhir.Parse([]byte(body))
			require.NoError(t, err)
			return "Task/" + task.ID()
		}
		return body
	}
	listed := func(want ...string) {
		t.Helper()
		now := url.QueryEscape("gt" + time.Now().Add(w.ahead).UTC().Format(time.RFC3339))
		for _, who := range []string{"5 auditor", "8 superintendent"} {
			code, body := w.send(who, "GET", "Task?code=https://pestle-fhir.github.io/CodeSystem/log%7Cbreak-glass&status=requested&last-day="+now, "")
			require.Equal(t, 200, code, body)
			require.Equal(t, len(want), strings.Count(body, `"fullUrl"`), "%s: %s", who, body)
			for _, task := range want {
				require.Contains(t, body, task)
			}
		}
	}
	listed()
	first := opens(201, support, w.patient)
	again := opens(201, support, w.patient)
	require.Contains(t, opens(403, support, w.other), "at most 1 at a time")
	bundle := fhir.Obj("resourceType", "Bundle", "type", "batch", "entry", fhir.List(fhir.Obj("request", fhir.Obj("method", "POST", "url", w.other+"/$break-glass"), "resource", fhir.Raw(glass("BTG", "the patient is unwell")))))
	_, body := w.send(support, "POST", "", string(bundle.JSON()))
	require.Contains(t, body, "at most 1 at a time", "nor in a batch")
	colleague := opens(201, "4 customer-service", w.other)
	listed(first, again, colleague)
	for _, task := range []string{first, again} {
		code, body := w.send("8 superintendent", "POST", task+"/$review-break-glass", review)
		require.Equal(t, 200, code, body)
	}
	listed(colleague)
	second := opens(201, support, w.other)
	opens(403, support, w.patient)
	listed(colleague, second)
	w.ahead = 15 * time.Minute
	listed()
	opens(201, support, w.patient)
}

// TestBreakGlass: customer service opens the record of one patient for 15 minutes; it is
// recorded as an emergency, listed, and reviewed by somebody else.
func TestBreakGlass(t *testing.T) {
	w := newGlassWorld(t)
	const support = "3 customer-service"
	shown := func(path string, whole bool) {
		t.Helper()
		code, body := w.send(support, "GET", path, "")
		require.Equal(t, 200, code, body)
		require.Equal(t, whole, strings.Contains(strings.ToLower(body), "methylphenidate"), "%s: %s", path, body)
		require.Equal(t, !whole, strings.Contains(body, "REDACTED"), path)
	}
	shown(w.order, false)
	open := w.patient + "/$break-glass"
	code, body := w.send(support, "POST", open, glass("TREAT", "short"))
	require.Equal(t, 422, code, body)
	require.Contains(t, body, "BTG or ETREAT")
	require.Contains(t, body, "must understand it", "both at once")
	for sent, want := range map[string]string{
		`{"resourceType":"Parameters"`: "line 1",
		`{"resourceType":"Parameters","parameter":[{"name":"cod","valueCode":"BTG"}]}`:      "There is no parameter cod",
		`{"resourceType":"Parameters","parameter":[{"name":"code","valueString":"BTG"}]}`:   "valueCode",
		`{"resourceType":"Parameters","parameter":[{"name":"reason","valueString":"abc"}]}`: "The parameter code is missing",
	} {
		code, body = w.send(support, "POST", open, sent)
		require.Contains(t, []int{400, 422}, code, body)
		require.Contains(t, body, want, "of what they sent they are told all")
	}
	code, body = w.send(support, "POST", "Patient/nobody/$break-glass", glass("BTG", "the patient is unwell"))
	require.Equal(t, 404, code, body)
	for _, who := range []string{"1 pharmacist", "5 auditor", "6 finance", "7 administrator", "8 superintendent", "9 clinic-system of X99CL"} {
		code, body = w.send(who, "POST", open, glass("BTG", "the patient is unwell"))
		require.Equal(t, 403, code, who+body)
	}
	code, body = w.send("3 customer-service of FA565", "POST", open, glass("BTG", "the patient is unwell"))
	require.Equal(t, 404, code, "a patient of another organisation: as for none: "+body)
	shown(w.order, false)

	code, body = w.send(support, "POST", open, glass("BTG", "the patient is unwell and asks what it was"))
	require.Equal(t, 201, code, body)
	task, err := fhir.Parse([]byte(body))
	require.NoError(t, err)
	shown(w.order, true)
	shown("MedicationRequest?patient="+w.patient, true)
	shown(w.hidden, false)
	code, _ = w.send("4 customer-service", "GET", w.order, "")
	require.Equal(t, 200, code)
	answer := askRole(w.h, "4 customer-service", "GET", "/fhir/"+w.order, "")
	require.Contains(t, answer.Body.String(), "REDACTED", "a colleague is shown no more than before")
	require.Empty(t, answer.Header().Get("Pestle-Emergency-Access"))
	answer = askRole(w.h, "3 finance", "GET", "/fhir/"+w.order, "")
	require.Contains(t, answer.Body.String(), "REDACTED", "nor is the same person by a role that opens nothing")
	answer = askRole(w.h, support, "GET", "/fhir/"+w.order, "")
	require.Contains(t, answer.Header().Get("Pestle-Emergency-Access"), w.patient+"; purpose=BTG; until=")
	for _, path := range []string{w.order + "/_history", w.patient + "/$everything", "Patient?_id=" + w.patient[len("Patient/"):] + "&_revinclude=MedicationRequest:subject", "MedicationRequest?patient=" + w.patient + "&_elements=medicationCodeableConcept"} {
		shown(path, true)
	}
	_, body = w.send(support, "GET", "Patient?_revinclude=MedicationRequest:subject", "")
	require.Contains(t, body, w.hidden)
	require.Equal(t, 1, strings.Count(body, "99990181000001100"), "of two orders of methylphenidate one is of the patient whose record is open")
	for _, path := range []string{"$export", "Patient/$export", "AuditEvent?patient=" + w.patient, "_history"} {
		code, body = w.send(support, "GET", path, "")
		require.Equal(t, 403, code, path+body)
	}
	later := askRole(w.h, support, "GET", "/fhir/MedicationRequest?patient="+w.patient, "", "Prefer", "respond-async").Header().Get("Content-Location")
	require.Eventually(t, func() bool {
		answer := askRole(w.h, support, "GET", later, "")
		return answer.Code == 200 && strings.Contains(answer.Body.String(), "99990181000001100")
	}, 10*time.Second, time.Millisecond)
	code, body = w.send(support, "GET", "MedicationRequest?code:text=methylphenidate", "")
	require.Equal(t, 403, code, "no search by what the role hides: "+body)
	code, body = w.send(support, "GET", "Observation?patient="+w.patient, "")
	require.Equal(t, 403, code, "no other types than the role reads: "+body)

	// who looks into it
	code, body = w.send("5 auditor", "GET", "Task?code=https://pestle-fhir.github.io/CodeSystem/log|break-glass&status=requested", "")
	require.Equal(t, 200, code, body)
	require.Contains(t, body, "the patient is unwell and asks what it was")
	code, body = w.send("5 auditor", "GET", "AuditEvent?subtype=http://dicom.nema.org/resources/ontology/DCM|110127", "")
	require.Equal(t, 200, code, body)
	events, err := fhir.Parse([]byte(body))
	require.NoError(t, err)
	opened := 0
	for e := range events.Get("entry").Items() {
		r := e.Get("resource")
		if r.Get("outcome").Text() != "0" {
			continue
		}
		opened++
		require.Equal(t, "BTG", r.Get("purposeOfEvent").Item(0).Get("coding").Item(0).Get("code").Text())
		require.Equal(t, "110113", r.Get("type").Get("code").Text())
		require.Contains(t, string(r.Raw()), w.patient)
	}
	require.Equal(t, 1, opened)
	code, body = w.send("5 auditor", "GET", "AuditEvent?entity="+w.order+"&action=R", "")
	require.Equal(t, 200, code, body)
	require.Contains(t, body, `"code":"BTG"`, "what was read by it is too")
	code, body = w.send("5 auditor", "GET", "AuditEvent?entity="+w.hidden+"&action=R", "")
	require.Equal(t, 200, code, body)
	require.NotContains(t, body, `"code":"BTG"`)

	// nobody writes it
	path := "Task/" + task.ID()
	for _, method := range []string{"PUT", "DELETE"} {
		content := ""
		if method == "PUT" {
			content = string(task.JSON())
		}
		code, body = w.send("2 pharmacist", method, path, content)
		require.Equal(t, 403, code, body)
	}
	code, body = w.send("2 pharmacist", "POST", "Task", string(fhir.Revise(task, "id", nil).JSON()))
	require.Equal(t, 403, code, body)

	// it ends
	w.ahead = 15 * time.Minute
	shown(w.order, false)
	require.Empty(t, w.app.emergencies.To(fhir.Principal{Agent: "https://fhir.nhs.uk/Id/sds-user-id|3"}))
	require.Eventually(t, func() bool {
		answer = askRole(w.h, support, "GET", later, "", "X-Request-ID", "late")
		return answer.Code == 200
	}, 10*time.Second, time.Millisecond)
	require.NotContains(t, answer.Body.String(), "99990181000001100", "what was asked for while it was open is fetched when it is not")
	_, body = w.send("5 auditor", "GET", "AuditEvent?entity="+w.order+"&action=E&_count=1", "")
	require.Contains(t, body, `"late"`)
	require.NotContains(t, body, `"code":"BTG"`, "nor is it recorded as one of an emergency")

	// review
	for who, want := range map[string]int{"3 superintendent": 403, support: 403, "1 pharmacist": 403, "8 superintendent of FA565": 404} {
		code, body = w.send(who, "POST", path+"/$review-break-glass", review)
		require.Equal(t, want, code, who+body)
	}
	w.ahead = 73 * time.Hour
	code, body = w.send(support, "POST", open, glass("ETREAT", "once more, it is urgent"))
	require.Equal(t, 403, code, body)
	require.Contains(t, body, "has not been reviewed in time")
	code, body = w.send("8 superintendent", "POST", path+"/$review-break-glass", review)
	require.Equal(t, 200, code, body)
	require.Contains(t, body, `"status":"completed"`)
	code, body = w.send("8 superintendent", "POST", path+"/$review-break-glass", review)
	require.Equal(t, 409, code, body)
	code, body = w.send("8 superintendent", "POST", w.order+"/$review-break-glass", review)
	require.GreaterOrEqual(t, code, 400, body)
	code, body = w.send(support, "POST", open, glass("ETREAT", "once more, it is urgent"))
	require.Equal(t, 201, code, body)
	shown(w.order, true)

	// in a batch, and in a transaction
	inBundle := func(kind, who string) string {
		_, body := w.send(who, "POST", "", `{"resourceType":"Bundle","type":"`+kind+`","entry":[{"resource":`+glass("BTG", "once more in a batch")+`,"request":{"method":"POST","url":"`+open+`"}}]}`)
		return body
	}
	require.Contains(t, inBundle("transaction", support), `"not-supported"`)
	require.Contains(t, inBundle("batch", "1 pharmacist"), `"403 Forbidden"`)
	require.Contains(t, inBundle("batch", "3 customer-service of FA565"), `"404 Not Found"`)
	body = inBundle("batch", support)
	require.Contains(t, body, `"201 Created"`)
	answer = askRole(w.h, support, "GET", "/fhir/"+w.order, "")
	require.Equal(t, 1, strings.Count(answer.Header().Get("Pestle-Emergency-Access"), w.patient), "each patient once")

	// after a restart
	rules, err := emergency.Builtin()
	require.NoError(t, err)
	separate, err := duties.Builtin()
	require.NoError(t, err)
	again := &emergency.Desk{Rules: rules, Separate: separate.Separate, Clock: w.app.emergencies.Clock}
	require.NoError(t, again.Load(w.app.db.State(t.Context())))
	require.Len(t, again.To(fhir.Principal{Agent: "https://fhir.nhs.uk/Id/sds-user-id|3"}), 1)

	// a review ends it before its time
	unreviewed, err := w.app.db.State(t.Context()).Find("Task", "code=https://pestle-fhir.github.io/CodeSystem/log|break-glass&status=requested")
	require.NoError(t, err)
	require.Len(t, unreviewed, 2)
	for _, id := range unreviewed {
		shown(w.order, true)
		code, body = w.send("8 superintendent", "POST", "Task/"+id+"/$review-break-glass", review)
		require.Equal(t, 200, code, body)
	}
	shown(w.order, false)
	again = &emergency.Desk{Rules: rules, Separate: separate.Separate, Clock: w.app.emergencies.Clock}
	require.NoError(t, again.Load(w.app.db.State(t.Context())))
	require.Empty(t, again.To(fhir.Principal{Agent: "https://fhir.nhs.uk/Id/sds-user-id|3"}))
}
