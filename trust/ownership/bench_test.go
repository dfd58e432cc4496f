package ownership_test

import (
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/badger"
	"github.com/pestle-fhir/pestle/trust/ownership"
)

// BenchmarkCreate creates patients from 64 clients in a durable database, without
// owners and with them.
func BenchmarkCreate(b *testing.B) {
	for name, rules := range map[string]store.Owners{"off": nil, "on": ownership.New("FA565")} {
		b.Run(name, func(b *testing.B) {
			engine, err := badger.Open(b.TempDir(), nil)
			require.NoError(b, err)
			db, err := store.Open(engine, store.Options{Owners: rules})
			require.NoError(b, err)
			defer func() { _ = db.Close() }()
			var n atomic.Int64
			var group sync.WaitGroup
			b.ResetTimer()
			for range 64 {
				group.Go(func() {
					for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
						_, err := db.Commit(sees("X99CL"), &fhir.Transaction{Requester: principal("X99CL"), Changes: []fhir.Change{{Method: fhir.Create, Type: "Patient", Resource: benchPatient(b, i)}}})
						if err != nil {
							b.Error(err)
						}
					}
				})
			}
			group.Wait()
		})
	}
}

func benchPatient(b testing.TB, n int64) *fhir.Resource {
	r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Patient","identifier":[{"use":"official","system":"https://fhir.nhs.uk/Id/nhs-number","value":"%d"}],
"active":true,"name":[{"use":"official","family":"Family%d","given":["Ann","Bea"],"prefix":["Ms"]}],"gender":"female","birthDate":"1970-01-%02d",
"telecom":[{"system":"phone","value":"01632 960587","use":"home"}],
"address":[{"use":"home","line":["1 Trevelyan Square","Boar Lane"],"city":"Leeds","postalCode":"LS1 6AE"}],
"generalPractitioner":[{"type":"Organization","identifier":{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"Y%05d"}}]}`, 9000000000+n, n%1000, 1+n%28, n%9000))
	require.NoError(b, err)
	return r
}

// BenchmarkSight searches among 20,000 resources, or as many as PESTLE_RESOURCES
// says, for who sees everything, an organisation that owns half of them and one that
// owns a hundredth.
func BenchmarkSight(b *testing.B) {
	n := 20_000
	if text := os.Getenv("PESTLE_RESOURCES"); text != "" {
		n, _ = strconv.Atoi(text)
	}
	engine, err := badger.Open(b.TempDir(), nil)
	require.NoError(b, err)
	db, err := store.Open(engine, store.Options{Owners: ownership.New("")})
	require.NoError(b, err)
	defer func() { _ = db.Close() }()
	for i := 0; i < n; i += 500 {
		byOrg := map[string][]fhir.Change{}
		for k := i; k < i+500; k++ {
			org := "A83008"
			if k%2 == 0 {
				org = "X99CL"
			} else if k%100 == 51 {
				org = "X99PH"
			}
			text := fmt.Appendf(nil, `{"resourceType":"MedicationRequest","id":"m%d","identifier":[{"value":"%d"}],"status":"%s","intent":"order",
"medicationCodeableConcept":{"coding":[{"system":"http://snomed.info/sct","code":"%d"}]},"subject":{"reference":"Patient/%s-%d"},"authoredOn":"20%02d-%02d-%02d"}`,
				k, k, []string{"active", "completed", "stopped"}[k%3], k%997, org, k/20, k*30/n, 1+k%12, 1+k%28)
			if k%20 < 2 || org == "X99PH" && k%1000 == 51 {
				byOrg[org] = append(byOrg[org], benchChange(b, fmt.Appendf(nil, `{"resourceType":"Patient","id":"%s-%d","name":[{"family":"Name%d"}],"birthDate":"19%02d-01-01"}`, org, k/20, k/20%500, k%100)))
			}
			byOrg[org] = append(byOrg[org], benchChange(b, text))
		}
		for org, changes := range byOrg {
			_, err := db.Commit(sees("follower"), &fhir.Transaction{Requester: principal(org), Changes: changes, Derived: true})
			require.NoError(b, err)
		}
	}
	for _, query := range []string{
		"MedicationRequest?", "MedicationRequest?status=active", "MedicationRequest?code=http://snomed.info/sct|7", "MedicationRequest?identifier=51", "MedicationRequest?subject=Patient/X99CL-50",
		"MedicationRequest?authoredon=ge2012-01-01", "MedicationRequest?_sort=-authoredon", "MedicationRequest?status=active&_sort=-authoredon", "MedicationRequest?authoredon=ge2020&_sort=authoredon",
		"MedicationRequest?subject:Patient.family=Name7", "Patient?_has:MedicationRequest:subject:status=active", "MedicationRequest?status=active&_include=MedicationRequest:subject", "MedicationRequest?status=stopped&_summary=count",
		"Patient?family=Name7", "Patient?birthdate=ge1990",
	} {
		for _, who := range []string{"follower", "X99CL", "X99PH"} {
			b.Run(map[string]string{"follower": "all", "X99CL": "half", "X99PH": "few"}[who]+"/"+query, func(b *testing.B) {
				typ, params, _ := strings.Cut(query, "?")
				values, err := url.ParseQuery(params)
				require.NoError(b, err)
				for b.Loop() {
					q, _, err := search.Parse(typ, values, search.Options{DefaultCount: 20})
					require.NoError(b, err)
					_, err = db.Search(sees(who), q)
					require.NoError(b, err)
				}
			})
		}
	}
}

func benchChange(b testing.TB, text []byte) fhir.Change {
	r, err := fhir.Parse(text)
	require.NoError(b, err)
	return fhir.Change{Method: fhir.Update, Type: r.Type(), ID: r.ID(), Resource: r}
}
