package days

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// story is a small history, in which one thing may be wrong.
type story struct {
	kind, product, unit     string
	signed, handed          string
	amounts                 []int // of supplies, each of its own
	supplied, unitSupplied  string
	pharmacy, by, accepted  string
	business                string
	claims                  []int // amounts claimed of each supply; none for no claim
	claimedAs, claimVersion string
	collector               string
}

func lawfulStory() story {
	return story{kind: "1001", product: "42014311000001106", unit: "428673006", signed: "2026-11-01T10:00:00+00:00", handed: "2026-11-29T10:00:00+00:00", amounts: []int{20, 36},
		supplied: "42014311000001106", unitSupplied: "428673006", pharmacy: home, by: "Second sandbox pharmacist", accepted: "Sandbox pharmacist", business: "0006", claims: []int{20, 36}, claimedAs: "supply-", claimVersion: "active", collector: "collector"}
}

func parsed(t *testing.T, o object) (out object) {
	require.NoError(t, json.Unmarshal([]byte(o.json()), &out))
	return out
}

// told reads a story as the history of a server.
func (s story) told(t *testing.T) *record {
	r := newRecord()
	take := func(f func(object), o object) { f(parsed(t, o)) }
	take(r.order, object{"identifier": list{identified(itemNumber, "item")}, "groupIdentifier": identified(orderNumber, "number"), "authoredOn": s.signed,
		"extension":                 list{object{"url": "Extension-DM-PrescriptionType", "valueCoding": object{"code": s.kind}}},
		"medicationCodeableConcept": object{"coding": list{object{"code": s.product}}}, "dispenseRequest": object{"quantity": object{"value": 56, "code": s.unit}}})
	order := object{"resourceType": "MedicationRequest", "identifier": list{identified(itemNumber, "item")}}
	task := func(business string) object {
		return object{"code": coded("", "prescription-order", ""), "groupIdentifier": identified(orderNumber, "number"), "businessStatus": coded("", business, ""), "owner": object{"identifier": identified(ods, s.pharmacy)},
			"extension": list{object{"url": "Extension-Provenance-agent", "valueReference": object{"display": s.accepted}}}}
	}
	for _, business := range []string{"0001", "0002", s.business} {
		take(r.task, task(business))
	}
	var details list
	for i, n := range s.amounts {
		number := string(rune('a' + i))
		take(r.supply, object{"id": number, "status": "completed", "type": coded("", "0003", ""), "identifier": list{identified(supplyItem, "supply-"+number)},
			"contained":                 list{order, object{"resourceType": "PractitionerRole", "practitioner": object{"display": s.by}}},
			"medicationCodeableConcept": object{"coding": list{object{"code": s.supplied}}}, "quantity": object{"value": n, "code": s.unitSupplied}, "whenHandedOver": s.handed,
			"extension": list{object{"url": "StructureDefinition/collection", "extension": list{object{"url": s.collector}, object{"url": "identityRequested"}, object{"url": "identityProvided"}}}}})
		if i < len(s.claims) {
			details = append(details, object{"subDetail": list{object{"quantity": object{"value": s.claims[i]},
				"extension": list{object{"url": "Extension-ClaimMedicationDispenseReference", "valueReference": object{"identifier": object{"value": s.claimedAs + number}}}}}}})
		}
	}
	if s.claims != nil {
		take(r.claim, object{"id": "claim", "status": s.claimVersion, "item": list{object{"detail": details}},
			"prescription": object{"extension": list{object{"extension": list{object{"url": "shortForm", "valueIdentifier": object{"value": "number"}}}}}}})
	}
	r.claimed()
	r.byWhom(func(string) string { return home })
	return r
}

// TestRecord: a lawful history has no problem, and of each unlawful one the record says so.
func TestRecord(t *testing.T) {
	require.NoError(t, lawfulStory().told(t).err())
	for name, c := range map[string]struct {
		spoil func(*story)
		says  string
	}{
		"supplied twice":            {func(s *story) { s.amounts, s.claims = []int{56, 56}, []int{56, 56} }, "112 were supplied, and 56 ordered"},
		"one too much":              {func(s *story) { s.amounts, s.claims = []int{57}, []int{57} }, "57 were supplied"},
		"after the last day":        {func(s *story) { s.handed = "2026-11-30T10:00:00+00:00" }, "after its last day"},
		"just after midnight":       {func(s *story) { s.handed = "2026-11-30T00:00:00+00:00" }, "after its last day"},
		"before the first day":      {func(s *story) { s.handed = "2026-10-31T10:00:00+00:00" }, "before its first day"},
		"another unit":              {func(s *story) { s.unitSupplied = "258773002" }, "is in the unit"},
		"another medicine":          {func(s *story) { s.supplied = "42014411000001104" }, "was ordered"},
		"by another pharmacy":       {func(s *story) { s.pharmacy = away }, "none of X99PH's"},
		"by customer service":       {func(s *story) { s.by = "Customer service" }, "none of X99PH's"},
		"by who accepted":           {func(s *story) { s.by = s.accepted }, "who accepted"},
		"collected by nobody":       {func(s *story) { s.collector = "" }, "does not tell its collector"},
		"not claimed":               {func(s *story) { s.claims = nil }, "is not claimed"},
		"a supply not claimed":      {func(s *story) { s.claims = s.claims[:1] }, "were supplied"},
		"more claimed":              {func(s *story) { s.claims = []int{20, 40} }, "were supplied"},
		"something else claimed":    {func(s *story) { s.claimedAs = "other-" }, "were supplied"},
		"a private one claimed":     {func(s *story) { s.kind = "0901" }, "is claimed"},
		"a claim that was given up": {func(s *story) { s.claimVersion = "cancelled" }, "the last is cancelled"},
		"unfinished and claimed":    {func(s *story) { s.business = "0003" }, "the last is active"},
	} {
		t.Run(name, func(t *testing.T) {
			s := lawfulStory()
			c.spoil(&s)
			require.ErrorContains(t, s.told(t).err(), c.says)
		})
	}
}

// TestLastDay: 28 days, or six months with the end of a shorter month.
func TestLastDay(t *testing.T) {
	for _, c := range []struct {
		from, want string
		fourWeeks  bool
	}{
		{"2026-11-01T12:00:00Z", "2026-11-29", true}, {"2026-03-01T12:00:00Z", "2026-03-29", true},
		{"2026-06-30T23:30:00Z", "2026-07-29", true}, // it is July in London
		{"2026-08-31T12:00:00Z", "2027-02-28", false}, {"2026-05-29T12:00:00Z", "2026-11-29", false}, {"2027-08-31T12:00:00Z", "2028-02-29", false},
	} {
		from, err := time.Parse(time.RFC3339, c.from)
		require.NoError(t, err)
		require.Equal(t, c.want, lastDay(from, c.fourWeeks).Format(time.DateOnly), "%+v", c)
	}
}
