package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"embed"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/checkdigit"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

//go:embed sandbox/*.json
var sandboxFiles embed.FS

const (
	sandboxPharmacy = "X99PH"
	sandboxClinic   = "X99CL"
	freshOrder      = "demo-order" // the operation that makes a prescription ready to be sent
)

var sandboxRequester = fhir.Principal{Agent: "Device/pestle", Display: "Pestle sandbox"}

// loadDemo stores the demo clinic, pharmacy, people and tariff in a database that
// has none.
func (a *app) loadDemo(ctx context.Context) error {
	text, err := sandboxFiles.ReadFile("sandbox/base.json")
	if err != nil {
		return err
	}
	demo, err := fhir.Parse(text)
	if err != nil {
		return err
	}
	tx := &fhir.Transaction{Derived: true, Requester: sandboxRequester, Receipt: fhir.Receipt{Key: "sandbox/1"}}
	for entry := range demo.Get("entry").Items() {
		r := demo.Sub(entry.Get("resource"))
		tx.Changes = append(tx.Changes, fhir.Change{Method: fhir.Update, Type: r.Type(), ID: r.ID(), Resource: r})
	}
	if _, err = a.db.Commit(ctx, tx); err != nil {
		return err
	}
	if err := a.signInPharmacists(ctx); err != nil {
		return err
	}
	return a.reimbursement.LoadSample(ctx, tariff.MonthOf(time.Now()), sandboxRequester)
}

// signInPharmacists makes the first pharmacist of each pharmacy of the sandbox the
// responsible one, where there is none.
func (a *app) signInPharmacists(ctx context.Context) error {
	for _, p := range sandboxPeople {
		if a.register == nil || !slices.Contains(p.Roles, "pharmacist") {
			continue
		}
		if err := a.register.SignIn(ctx, fhir.Principal{Agent: p.Agent, Display: p.Display, OnBehalf: p.Organisation, Roles: p.Roles}, p.Organisation, time.Now()); err != nil {
			return err
		}
	}
	return nil
}

// demoOperations make what there is to send in a sandbox: at each call another
// prescription of today.
func demoOperations() []fhir.Operation {
	return []fhir.Operation{{Name: freshOrder, Idempotent: true, Open: true,
		Doc:        "A new demo prescription, signed now, as a message that $process-message takes. Only in a sandbox; it stores nothing.",
		Parameters: []fhir.Parameter{{Name: "private", Kinds: []string{"valueBoolean"}, Doc: "true for a prescription that the patient pays: 100 paracetamol tablets."}},
		Handle: func(_ context.Context, call *fhir.Call) (*fhir.Reply, error) {
			order := sandboxMessage
			if call.Params.Get("private") == "true" || call.Body != nil && call.Body.Get("parameter").Item(0).Get("valueBoolean").Bool() {
				order = privateMessage
			}
			message, err := order(call.Time)
			return &fhir.Reply{Resource: message}, err
		}}}
}

// sendOrder is the command by which a clinic sends a new demo prescription.
func sendOrder(base string) string {
	return "curl -s '" + base + "/$" + freshOrder + `' | curl -s -H 'Content-Type: application/fhir+json' -H "X-Request-ID: $(uuidgen 2>/dev/null || cat /proc/sys/kernel/random/uuid)" --data-binary @- '` + base + "/$process-message?_pretty=true'"
}

// sandboxMessage is the demo order with new ids and the time.
func sandboxMessage(now time.Time) (*fhir.Resource, error) {
	return filledOrder("sandbox/order.json", now)
}

// privateMessage is a demo order that the patient pays.
func privateMessage(now time.Time) (*fhir.Resource, error) {
	return filledOrder("sandbox/private.json", now)
}

func filledOrder(template string, now time.Time) (*fhir.Resource, error) {
	text, err := sandboxFiles.ReadFile(template)
	if err != nil {
		return nil, err
	}
	now = now.UTC().Truncate(time.Second)
	values := []string{
		"{now}", now.Format("2006-01-02T15:04:05+00:00"),
		"{today}", now.Format("2006-01-02"),
		"{end}", now.AddDate(0, 0, 27).Format("2006-01-02"),
	}
	number := make([]byte, 6)
	if _, err := rand.Read(number); err != nil {
		return nil, err
	}
	digits := strings.ToUpper(hex.EncodeToString(number))
	values = append(values, demoPatient(number)...)
	body := digits[:6] + "X99CL0" + digits[6:11]
	values = append(values, "{number}", fmt.Sprintf("%s-%s-%s%c", body[:6], body[6:12], body[12:], checkdigit.Prescription(body)))
	for _, name := range []string{"message", "header", "line1", "line2", "patient", "practitioner", "role", "clinic", "provenance", "prescription"} {
		values = append(values, "{"+name+"}", uuid.NewString())
	}
	return fhir.Parse(bytes.TrimSpace([]byte(strings.NewReplacer(values...).Replace(string(text)))))
}

// demoPatient changes the patient of the demo order into one of their own, with a
// number of the range for tests: the same medicine for the same patient again would be
// held as supplied too early.
func demoPatient(random []byte) []string {
	given := []string{"Jo", "Sam", "Alex", "Kim", "Robin", "Ash", "Max", "Lee"}[random[0]%8]
	family := []string{"Marlow", "Denham", "Marsh", "Bourne", "Cookham", "Pangbourne", "Goring", "Henley"}[random[1]%8]
	n := binary.BigEndian.Uint32(random[2:])
	house, nhs := n%9000+1, ""
	for ; !checkdigit.NHSNumber(nhs); n++ {
		for check := 0; check < 10 && !checkdigit.NHSNumber(nhs); check++ {
			nhs = fmt.Sprintf("999%06d%d", n%1_000_000, check)
		}
	}
	return []string{"9990001006", nhs, "Marlow", family, `"Jo"`, `"` + given + `"`, "4 Example Street", fmt.Sprint(house) + " Example Street"}
}
