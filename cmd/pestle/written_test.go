package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
)

// pharmacyUnderTest is a sandbox behind HTTP, in this process.
type pharmacyUnderTest struct {
	t     *testing.T
	app   *app
	admin *admin
	http  *httptest.Server
}

func startPharmacy(t *testing.T, change ...func(*serveCommand)) *pharmacyUnderTest {
	t.Helper()
	command := &serveCommand{Sandbox: true, Addr: "127.0.0.1:0", Data: t.TempDir(), Authority: "T1450"}
	for _, c := range change {
		c(command)
	}
	require.NoError(t, command.complete())
	log := slog.New(slog.DiscardHandler)
	app, err := openApp(command.appConfig(), log)
	require.NoError(t, err)
	config, err := command.config(app, log)
	require.NoError(t, err)
	s, err := server.New(config)
	require.NoError(t, err)
	require.NoError(t, app.loadDemo(t.Context()))
	ctx, stop := context.WithCancel(context.Background())
	followers := app.follow(ctx)
	roles, err := command.roles()
	require.NoError(t, err)
	orders := &admin{app: app, data: command.Data, log: log, tokens: issuer(config), sandbox: command.people, ready: s.Ready, roles: roles}
	screens := command.consoleOver(s.Handler(), orders.commands(recognised{}), app, &config, log)
	p := &pharmacyUnderTest{t, app, orders, httptest.NewServer(command.withPeople(screens.Within(s.Handler())))}
	t.Cleanup(func() {
		screens.Close()
		p.http.Close()
		stop()
		<-followers
		require.NoError(t, app.close())
	})
	return p
}

// ask sends a request that has to be answered with a status.
func (p *pharmacyUnderTest) ask(want int, method, path string, body []byte) *fhir.Resource {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.http.URL+"/fhir"+path, bytes.NewReader(body))
	require.NoError(p.t, err)
	req.Header.Set("Content-Type", "application/fhir+json")
	req.Header.Set("X-Request-ID", uuid.NewString())
	resp, err := http.DefaultClient.Do(req)
	require.NoError(p.t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(p.t, err)
	require.Equal(p.t, want, resp.StatusCode, "%s %s: %s", method, path, text)
	r, err := fhir.Parse(text)
	require.NoError(p.t, err)
	return r
}

// one waits for the one resource that a search finds.
func (p *pharmacyUnderTest) one(typ, query string) *fhir.Resource {
	p.t.Helper()
	var ids []string
	require.Eventually(p.t, func() bool {
		var err error
		ids, err = p.app.db.State(p.t.Context()).Find(typ, query)
		return err == nil && len(ids) == 1
	}, 5*time.Second, 5*time.Millisecond, "%s?%s", typ, query)
	return p.ask(http.StatusOK, http.MethodGet, "/"+typ+"/"+ids[0], nil)
}

// demoOrder is the sandbox's order of now, edited as JSON.
func demoOrder(t *testing.T, edit func(m map[string]any)) *fhir.Resource {
	t.Helper()
	r, err := sandboxMessage(time.Now())
	require.NoError(t, err)
	if edit == nil {
		return r
	}
	return edited(t, r, edit)
}

func edited(t *testing.T, r *fhir.Resource, edit func(m map[string]any)) *fhir.Resource {
	t.Helper()
	var m map[string]any
	require.NoError(t, json.Unmarshal(r.JSON(), &m))
	edit(m)
	text, err := json.Marshal(m)
	require.NoError(t, err)
	out, err := fhir.Parse(text)
	require.NoError(t, err)
	return out
}

// within calls do for each resource of a type in a message.
func within(m map[string]any, typ string, do func(r map[string]any)) {
	for _, e := range m["entry"].([]any) {
		if r := e.(map[string]any)["resource"].(map[string]any); r["resourceType"] == typ {
			do(r)
		}
	}
}

// taken sends an order and has it accepted; it gives the address of its Task
// and the numbers of its items.
func (p *pharmacyUnderTest) taken(order *fhir.Resource, accept string) (task string, items []string) {
	p.t.Helper()
	p.ask(http.StatusOK, http.MethodPost, "/$process-message", order.JSON())
	task = "/Task/" + p.one("Task", "code=prescription-order&status=requested,ready").ID()
	p.ask(http.StatusOK, http.MethodPost, task+"/$accept", []byte(accept))
	for e := range order.Get("entry").Items() {
		if r := e.Get("resource"); r.Get("resourceType").Text() == "MedicationRequest" {
			items = append(items, r.Get("identifier").Get("value").Text())
		}
	}
	return task, items
}

// parametersOf writes Parameters of items: number:status[:quantity or reason].
func parametersOf(items ...string) []byte {
	var list []any
	for _, text := range items {
		f := strings.Split(text, ":")
		parts := []any{fhir.Obj("name", "number", "valueString", f[0]), fhir.Obj("name", "status", "valueCode", f[1])}
		if len(f) > 2 && f[1] == "0002" {
			parts = append(parts, fhir.Obj("name", "reason", "valueCode", f[2]))
		} else if len(f) > 2 {
			parts = append(parts, fhir.Obj("name", "quantity", "valueQuantity", fhir.Obj("value", fhir.Raw(f[2]))))
		}
		list = append(list, fhir.Obj("name", "item", "part", fhir.List(parts...)))
	}
	return fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(list...)).JSON()
}

func reason(code string) []byte {
	return fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(fhir.Obj("name", "reason", "valueCode", code))).JSON()
}

// lives are what can become of a prescription; each ends with what the server
// wrote about it.
var lives = map[string]func(p *pharmacyUnderTest){
	"full": func(p *pharmacyUnderTest) {
		task, _ := p.taken(demoOrder(p.t, nil), "")
		p.ask(200, "POST", task+"/$dispense", everything)
		p.one("ClaimResponse", "status=active")
	},
	"part, owing, rest": func(p *pharmacyUnderTest) {
		task, items := p.taken(demoOrder(p.t, nil), "")
		p.ask(200, "POST", task+"/$dispense", parametersOf(items[0]+":0003:10", items[1]+":0004"))
		p.ask(200, "POST", task+"/$dispense", everything)
		p.one("ClaimResponse", "status=active")
	},
	"from the bag": func(p *pharmacyUnderTest) {
		task, items := p.taken(demoOrder(p.t, nil), "")
		bag := `{"resourceType":"Parameters","parameter":[{"name":"all","valueBoolean":true},{"name":"bag","valueCode":"delivery"}]}`
		p.ask(200, "POST", task+"/$dispense", []byte(bag))
		p.ask(200, "POST", task+"/$put-back", []byte(`{"resourceType":"Parameters","parameter":[{"name":"reason","valueString":"The label was wrong."},{"name":"item","valueString":"`+items[0]+`"}]}`))
		p.ask(200, "POST", task+"/$hand-over", nil)
		p.ask(200, "POST", task+"/$dispense", []byte(bag))
		p.ask(200, "POST", task+"/$hand-over", []byte(`{"resourceType":"Parameters","parameter":[{"name":"collector","valueCode":"healthcare-professional"},{"name":"collectorName","valueString":"Nurse Joy"},
			{"name":"collectorAddress","valueString":"Ward 3"},{"name":"identityRequested","valueBoolean":true},{"name":"identityProvided","valueBoolean":false},{"name":"method","valueCode":"delivered"},
			{"name":"courier","valueString":"Van 1"},{"name":"signature","valueString":"N. Joy"},{"name":"note","valueString":"At the ward."}]}`))
		register := string(p.ask(200, "GET", "/Basic/$register?at="+time.Now().UTC().Add(time.Second).Format(time.RFC3339), nil).JSON())
		require.Contains(p.t, register, "Nurse Joy")
	},
	"not dispensed": func(p *pharmacyUnderTest) {
		task, items := p.taken(demoOrder(p.t, nil), "")
		p.ask(200, "POST", task+"/$dispense", parametersOf(items[0]+":0001", items[1]+":0002:0001"))
		p.one("ClaimResponse", "status=active")
	},
	"nothing dispensed": func(p *pharmacyUnderTest) {
		task, items := p.taken(demoOrder(p.t, nil), "")
		p.ask(200, "POST", task+"/$dispense", parametersOf(items[0]+":0002:0010", items[1]+":0002:0010"))
		p.one("ClaimResponse", "status=active")
	},
	"returned": func(p *pharmacyUnderTest) {
		task, _ := p.taken(demoOrder(p.t, nil), "")
		p.ask(200, "POST", task+"/$return", reason("0003"))
	},
	"withdrawn and supplied again": func(p *pharmacyUnderTest) {
		task, items := p.taken(demoOrder(p.t, nil), "")
		p.ask(200, "POST", task+"/$dispense", parametersOf(items[0]+":0001", items[1]+":0003:1"))
		p.ask(200, "POST", task+"/$withdraw", reason("MU"))
		p.ask(200, "POST", task+"/$dispense", everything)
		p.one("ClaimResponse", "status=active")
	},
	"cancelled": func(p *pharmacyUnderTest) {
		p.ask(200, "POST", "/$process-message", demoOrder(p.t, nil).JSON())
		p.ask(200, "POST", "/Task/"+p.one("Task", "code=prescription-order&status=requested,ready").ID()+"/$cancel", reason("0001"))
	},
	"cancelled at the pharmacy": func(p *pharmacyUnderTest) {
		task, _ := p.taken(demoOrder(p.t, nil), "")
		p.ask(200, "POST", task+"/$cancel", reason("0001"))
		p.ask(200, "POST", task+"/$return", reason("0003"))
	},
	"amended": func(p *pharmacyUnderTest) {
		task, items := p.taken(demoOrder(p.t, nil), "")
		answer := p.ask(200, "POST", task+"/$dispense", parametersOf(items[0]+":0001", items[1]+":0003:1"))
		p.ask(200, "POST", "/$process-message", amendment(p.t, answer).JSON())
	},
	"claimed anew": func(p *pharmacyUnderTest) {
		task, _ := p.taken(demoOrder(p.t, nil), "")
		p.ask(200, "POST", task+"/$dispense", everything)
		p.one("ClaimResponse", "status=active")
		claim := p.one("Claim", "status=active")
		p.ask(200, "POST", "/Claim", edited(p.t, claim, func(m map[string]any) {
			id := m["identifier"].([]any)[0].(map[string]any)
			m["extension"] = append(m["extension"].([]any), map[string]any{"url": "https://fhir.nhs.uk/StructureDefinition/Extension-replacementOf",
				"valueIdentifier": map[string]any{"system": id["system"], "value": id["value"]}})
			id["value"] = uuid.NewString()
			delete(m, "id")
			delete(m, "meta")
		}).JSON())
	},
	"private": func(p *pharmacyUnderTest) {
		task, _ := p.taken(demoOrder(p.t, asPrivate), "")
		london, err := time.LoadLocation("Europe/London")
		require.NoError(p.t, err)
		p.ask(200, "POST", task+"/$record-original", []byte(`{"resourceType":"Parameters","parameter":[{"name":"form","valueCode":"FP10PCD"},{"name":"received","valueDate":"`+time.Now().In(london).Format(time.DateOnly)+`"},{"name":"signatureChecked","valueBoolean":true},{"name":"prescriberNumber","valueString":"123456"}]}`))
		p.ask(200, "POST", task+"/$hold", []byte(`{"resourceType":"Parameters","parameter":[{"name":"hold","valueCode":"DOSE"},{"name":"reason","valueString":"To be asked."}]}`))
		p.ask(200, "POST", task+"/$query", []byte(`{"resourceType":"Parameters","parameter":[{"name":"reason","valueCode":"QU"},{"name":"question","valueString":"All of them?"},{"name":"newPrescription","valueBoolean":true}]}`))
		asked := p.one("CommunicationRequest", "status=active").ID()
		p.ask(201, "POST", "/Communication", []byte(`{"resourceType":"Communication","status":"completed","basedOn":[{"reference":"CommunicationRequest/`+asked+`"}],"sender":{"identifier":{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"X99CL"}},"payload":[{"contentString":"Yes."}]}`))
		p.one("Task", "code=prescription-order&_has:Task:focus:business-status=answered")
		for in := range p.one("Task", "code=prescription-order").Get("input").Items() {
			if in.Path("type", "text").Text() == "Held" {
				item := in.Get("extension").Item(0).Get("extension").Item(0).Get("valueString").Text()
				code := in.Get("type").Get("coding").Item(0).Get("code").Text()
				p.ask(200, "POST", task+"/$release-hold", []byte(`{"resourceType":"Parameters","parameter":[{"name":"hold","valueCode":"`+code+`"},{"name":"item","valueString":"`+item+`"},{"name":"reason","valueString":"Asked."}]}`))
			}
		}
		p.one("CommunicationRequest", "status=completed")
		p.ask(200, "POST", task+"/$approve", nil)
		p.ask(200, "POST", task+"/$dispense", everything)
	},
	"no NHS number": func(p *pharmacyUnderTest) {
		p.ask(200, "POST", "/", asTransaction(p.t, demoOrder(p.t, func(m map[string]any) {
			within(m, "Patient", func(r map[string]any) {
				r["identifier"] = []any{map[string]any{"system": "https://clinic.example/patients", "value": "A1"}}
			})
			within(m, "MedicationRequest", func(r map[string]any) { delete(r["subject"].(map[string]any), "identifier") })
		})).JSON())
		task := "/Task/" + p.one("Task", "code=prescription-order&status=requested,ready").ID()
		p.ask(200, "POST", task+"/$accept", nil)
		p.ask(200, "POST", task+"/$dispense", everything)
		p.one("ClaimResponse", "status=active")
	},
}

// asTransaction is a message as resources of their own, in one transaction.
func asTransaction(t *testing.T, message *fhir.Resource) *fhir.Resource {
	t.Helper()
	return edited(t, message, func(m map[string]any) {
		var entries []any
		for _, e := range m["entry"].([]any) {
			entry := e.(map[string]any)
			if typ := entry["resource"].(map[string]any)["resourceType"].(string); typ != "MessageHeader" {
				entry["request"] = map[string]any{"method": "POST", "url": typ}
				entries = append(entries, entry)
			}
		}
		m["type"], m["entry"] = "transaction", entries
		delete(m, "identifier")
		delete(m, "timestamp")
	})
}

func asPrivate(m map[string]any) {
	within(m, "MedicationRequest", func(r map[string]any) {
		for _, e := range r["extension"].([]any) {
			if x := e.(map[string]any); strings.HasSuffix(x["url"].(string), "Extension-DM-PrescriptionType") {
				x["valueCoding"] = map[string]any{"system": "https://fhir.nhs.uk/CodeSystem/prescription-type", "code": "0901", "display": "Private Medical Prescriber"}
			}
		}
	})
}

// amendment is the notification of a $dispense as its own amendment.
func amendment(t *testing.T, answer *fhir.Resource) *fhir.Resource {
	t.Helper()
	n := notificationIn(answer)
	return edited(t, n, func(m map[string]any) {
		within(m, "MessageHeader", func(r map[string]any) {
			r["extension"] = []any{map[string]any{"url": "https://fhir.nhs.uk/StructureDefinition/Extension-replacementOf",
				"valueIdentifier": map[string]any{"system": "https://tools.ietf.org/html/rfc4122", "value": n.Root().Path("identifier", "value").Text()}}}
			r["reason"] = map[string]any{"coding": []any{map[string]any{"system": "https://fhir.nhs.uk/CodeSystem/message-reason-prescription", "code": "replacement"}}}
		})
		m["identifier"].(map[string]any)["value"] = uuid.NewString()
	})
}

func notificationIn(answer *fhir.Resource) *fhir.Resource {
	for x := range answer.Get("parameter").Items() {
		if x.Get("name").Text() == "notification" {
			return answer.Sub(x.Get("resource"))
		}
	}
	return nil
}

// TestWhatIsWrittenIsValid validates every version of every resource in the
// database after each life of a prescription, as $validate does.
func TestWhatIsWrittenIsValid(t *testing.T) {
	for name, live := range lives {
		t.Run(name, func(t *testing.T) {
			p := startPharmacy(t)
			live(p)
			p.allValid()
		})
	}
}

func (p *pharmacyUnderTest) allValid() {
	p.t.Helper()
	entries, err := p.app.db.Log(p.t.Context(), 0, 10_000)
	require.NoError(p.t, err)
	types := map[string]int{}
	for _, e := range entries {
		for _, v := range e.Versions {
			if v.Deleted() {
				continue
			}
			r, err := v.Resource()
			require.NoError(p.t, err)
			types[v.Type]++
			for _, i := range p.app.validator.Validate(p.t.Context(), r) {
				assert.False(p.t, i.IsError(), "%s version %s: %s: %s [%s]", v.Ref(), v.VersionID, i.Expression, i.Text(), i.Rule)
			}
			if v.Type == "Claim" || v.Type == "ClaimResponse" {
				patient := r.Get("patient")
				assert.True(p.t, patient.Path("identifier", "value").Exists() || patient.Get("reference").Exists(), "%s has no patient", v.Ref())
			}
		}
	}
	assert.Positive(p.t, types["Task"])
	if types["Claim"] == 0 {
		return
	}
	month := p.ask(http.StatusOK, http.MethodGet, "/Claim/$export-month?month="+time.Now().UTC().Format("2006-01"), nil)
	for _, i := range p.app.validator.Validate(p.t.Context(), month) {
		assert.False(p.t, i.IsError(), "export: %s: %s [%s]", i.Expression, i.Text(), i.Rule)
	}
}

// everything are the Parameters of a $dispense of all that is outstanding.
var everything = []byte(`{"resourceType":"Parameters","parameter":[{"name":"all","valueBoolean":true}]}`)

// collected is the same, with who collects, which a person tells of a drug of Schedule 2.
var collected = []byte(`{"resourceType":"Parameters","parameter":[{"name":"all","valueBoolean":true},{"name":"collector","valueCode":"patient"},{"name":"identityRequested","valueBoolean":true},{"name":"identityProvided","valueBoolean":true}]}`)

// TestWarningsReachTheSender: a message that is accepted with warnings is
// answered with them, behind what EPS answers; a cancellation carries them in its
// response, which is valid.
func TestWarningsReachTheSender(t *testing.T) {
	p := startPharmacy(t)
	order := demoOrder(t, func(m map[string]any) {
		within(m, "Patient", func(r map[string]any) { r["address"].([]any)[0].(map[string]any)["postalCode"] = "LS33AA" })
	})
	issues := p.ask(200, "POST", "/$process-message", order.JSON()).Get("issue")
	require.Equal(t, "informational", issues.Item(0).Get("code").Text())
	require.Equal(t, 2, issues.Len())
	require.Equal(t, "warning", issues.Item(1).Get("severity").Text())
	require.Contains(t, issues.Item(1).Get("diagnostics").Text(), "LS3 3AA")
	p.one("Task", "code=prescription-order&status=requested,ready")

	answer := p.ask(200, "POST", "/$process-message", cancellationOf(t, order).JSON())
	header := answer.Get("entry").Item(0).Get("resource")
	details := header.Path("response", "details", "reference").Text()
	require.NotEmpty(t, details)
	for e := range answer.Get("entry").Items() {
		if e.Get("fullUrl").Text() == details {
			require.Contains(t, e.Path("resource", "resourceType").Text(), "OperationOutcome")
		}
	}
	for _, i := range p.app.validator.Validate(t.Context(), answer) {
		assert.False(t, i.IsError(), "%s: %s [%s]", i.Expression, i.Text(), i.Rule)
	}
}

// cancellationOf is the message that cancels the first item of an order.
func cancellationOf(t *testing.T, order *fhir.Resource) *fhir.Resource {
	t.Helper()
	return edited(t, order, func(m map[string]any) {
		m["identifier"].(map[string]any)["value"] = uuid.NewString()
		first, kept := true, []any{}
		for _, e := range m["entry"].([]any) {
			r := e.(map[string]any)["resource"].(map[string]any)
			switch r["resourceType"] {
			case "Provenance":
				continue
			case "MessageHeader":
				r["eventCoding"].(map[string]any)["code"] = "prescription-order-update"
				delete(r["eventCoding"].(map[string]any), "display")
				r["focus"] = r["focus"].([]any)[:1]
			case "MedicationRequest":
				if !first {
					continue
				}
				first = false
				r["status"] = "cancelled"
				r["statusReason"] = map[string]any{"coding": []any{map[string]any{"system": "https://fhir.nhs.uk/CodeSystem/medicationrequest-status-reason", "code": "0001", "display": "Prescribing Error"}}}
			}
			kept = append(kept, e)
		}
		m["entry"] = kept
	})
}

// TestOwnNotificationIsTaken wants the notification that $dispense writes
// without an agent to be one that $process-message takes, at another pharmacy's
// server that holds the same prescription.
func TestOwnNotificationIsTaken(t *testing.T) {
	order := demoOrder(t, nil)
	here, there := startPharmacy(t), startPharmacy(t)
	task, _ := here.taken(order, "")
	n := notificationIn(here.ask(200, "POST", task+"/$dispense", everything))
	there.taken(order, "")
	there.ask(200, "POST", "/$process-message", n.JSON())
	there.one("ClaimResponse", "status=active")
	there.allValid()
}
