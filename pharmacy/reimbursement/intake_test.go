package reimbursement

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

const (
	message1 = "737dcf8d-fc7a-436d-b692-7d3c4f258083"
	message2 = "6f660dae-860b-45ee-bc36-9b3d75e7c237"
	message3 = "2eefcd5d-a734-4366-add1-56a82fa2bd5a"
)

// ready is a world with a finished prescription and the server's own claim.
func ready(t *testing.T) (*world, *rx, *fhir.Resource) {
	w := newWorld(t).sample()
	rx := acute(anOrder)
	rx.store(w)
	claim, _ := w.claimed(rx)
	return w, rx, claim
}

// refused lists the rules and details of a refusal, in order.
func refused(t testing.TB, err error) []string {
	t.Helper()
	var e *fhir.Error
	require.True(t, errors.As(err, &e), "%v", err)
	var list []string
	for _, i := range e.Issues {
		require.NotEmpty(t, i.Expression, "%+v", i)
		list = append(list, i.Rule+" "+i.Details.Code+" "+i.Expression)
	}
	return list
}

func TestPostedClaimBecomesTheNextVersion(t *testing.T) {
	w, rx, claim := ready(t)
	reply, err := w.post(amend(t, claim, message1, ""))
	require.NoError(t, err)
	require.Equal(t, `{"resourceType":"OperationOutcome","meta":{"lastUpdated":"2026-11-24T09:30:00+00:00"},"issue":[{"severity":"information","code":"informational"}]}`, string(reply.Resource.JSON()))
	standing, response := w.claimed(rx)
	require.Equal(t, message1, readClaim(standing).message())
	require.Equal(t, message1, response.Root().Path("request", "identifier", "value").Text())
	require.Equal(t, 2, w.versions("Claim", claim.ID()))
	require.Equal(t, 2, w.versions("ClaimResponse", response.ID()))
}

func TestPostedClaimBeforeTheFollower(t *testing.T) {
	_, rx, claim := ready(t)
	w := newWorld(t).sample()
	rx.store(w)
	_, err := w.post(amend(t, claim, message1, ""))
	require.NoError(t, err)
	standing, _ := w.claimed(rx)
	require.Equal(t, message1, readClaim(standing).message())
	require.Equal(t, 1, w.versions("Claim", claim.ID()))
}

func TestAmendments(t *testing.T) {
	w, rx, claim := ready(t)
	post := func(message, replaces string) error {
		_, err := w.post(amend(t, claim, message, replaces))
		return err
	}
	require.Equal(t, []string{"0021 DISPENSE_AMEND_IDENTIFIER_MISMATCH Claim.extension[1].valueIdentifier.value"}, refused(t, post(message1, message3)))
	require.NoError(t, post(message1, ""))
	require.Equal(t, []string{"0012 PRESCRIPTION_INVALID_STATE_TRANSITION Claim"}, refused(t, post(message2, "")))
	require.Equal(t, []string{"0021 DISPENSE_AMEND_IDENTIFIER_MISMATCH Claim.extension[1].valueIdentifier.value"}, refused(t, post(message2, message3)))
	require.NoError(t, post(message2, message1))
	require.Equal(t, []string{"CL7 INVALID_RESOURCE_ID Claim.identifier"}, refused(t, post(message2, message2)))
	standing, _ := w.claimed(rx)
	require.Equal(t, message2, readClaim(standing).message())
	require.Equal(t, 3, w.versions("Claim", claim.ID()))
}

func TestAmendmentWithoutAClaim(t *testing.T) {
	_, rx, claim := ready(t)
	w := newWorld(t).sample()
	rx.store(w)
	_, err := w.post(amend(t, claim, message1, message3))
	require.Equal(t, []string{"0021 DISPENSE_AMEND_IDENTIFIER_MISMATCH Claim.extension[1].valueIdentifier.value"}, refused(t, err))
	require.Zero(t, w.versions("Claim", claim.ID()))
}

// TestExemptionsOfOtherCountries: each list is known, and a charge of another
// country is not taken for that of England.
func TestExemptionsOfOtherCountries(t *testing.T) {
	w, _, claim := ready(t)
	_, err := w.post(amend(t, claim, message1, "", `"code":"0001","display":"Patient has paid appropriate charges"`, `"code":"2001","display":"Patient has paid appropriate charges"`))
	require.NoError(t, err)
	w.settle()
	r := w.get("ClaimResponse", ResponseID(claim.ID()))
	require.Contains(t, string(r.JSON()), "no prescription charge of Isle of Man")
	require.NotContains(t, string(r.JSON()), "990p")
}

func TestAmendPeriod(t *testing.T) {
	w, _, claim := ready(t)
	fees := "rule,from,value,unit,mark,source\nclaim-amend-deadline-day,2026-01-01,5,day,B,a test\nrounding,2026-01-01,half-up,word,B,ours\n"
	_, err := w.s.LoadTariff(w.ctx, File{Data: []byte(fees)}, fhir.Principal{})
	require.NoError(t, err)
	_, err = w.post(amend(t, claim, message1, ""))
	require.NoError(t, err)
	w.now = w.now.AddDate(0, 0, 11) // 5 December
	_, err = w.post(amend(t, claim, message2, message1))
	require.NoError(t, err)
	w.now = w.now.AddDate(0, 0, 1)
	_, err = w.post(amend(t, claim, message3, message2))
	require.Equal(t, []string{"0100 CLAIM_AMEND_PERIOD_ISSUE Claim.extension[1].valueIdentifier.value"}, refused(t, err))
}

// TestAmendPeriodOfALongMonth: what was supplied on 31 January is amended by 5
// February, although there is no 31 February.
func TestAmendPeriodOfALongMonth(t *testing.T) {
	w := newWorld(t)
	rx := acute(anOrder)
	rx.handed = "2027-01-31T12:00:00Z"
	rx.store(w)
	claim, _ := w.claimed(rx)
	fees := "rule,from,value,unit,mark,source\nclaim-amend-deadline-day,2026-01-01,5,day,B,a test\n"
	_, err := w.s.LoadTariff(w.ctx, File{Data: []byte(fees)}, fhir.Principal{})
	require.NoError(t, err)
	w.now = time.Date(2027, 2, 5, 12, 0, 0, 0, time.UTC)
	_, err = w.post(amend(t, claim, message1, readClaim(claim).message()))
	require.NoError(t, err)
	w.now = w.now.AddDate(0, 0, 1)
	_, err = w.post(amend(t, claim, message2, message1))
	require.Equal(t, []string{"0100 CLAIM_AMEND_PERIOD_ISSUE Claim.extension[1].valueIdentifier.value"}, refused(t, err))
}

func TestNotDispensedIsNotClaimed(t *testing.T) {
	_, rx, claim := ready(t)
	w := newWorld(t).sample()
	rx.status, rx.business = "in-progress", "0003"
	rx.store(w)
	_, err := w.post(amend(t, claim, message1, ""))
	require.Equal(t, []string{"0015 CLAIM_INVALID_NOT_DISPENSED Claim"}, refused(t, err))
	require.Equal(t, fhir.BusinessRule, fhir.KindOf(err))

	w = newWorld(t).sample()
	_, err = w.post(amend(t, claim, message1, ""))
	require.Equal(t, []string{"0005 PRESCRIPTION_NOT_FOUND Claim.prescription.extension[0].extension[0].valueIdentifier"}, refused(t, err))
}

// TestNumbersInCapitals: the numbers of items and prescriptions are UUIDs, which
// are the same in either case, in a notification as in a claim.
func TestNumbersInCapitals(t *testing.T) {
	w := newWorld(t).sample()
	rx := acute(anOrder)
	for i := range rx.lines {
		rx.lines[i].told = strings.ToUpper(rx.lines[i].item)
	}
	rx.store(w)
	claim, response := w.claimed(rx)
	require.Equal(t, 1, claim.Get("item").Item(0).Get("detail").Item(0).Get("subDetail").Len(), "what was supplied is claimed")
	require.Equal(t, "complete", response.Get("outcome").Text())
	item, long := rx.lines[0].item, rx.uuid
	_, err := w.post(amend(t, claim, message1, "", item, strings.ToUpper(item), long, strings.ToUpper(long)))
	require.NoError(t, err)
}

// TestMistakes posts the claim with one thing wrong at a time.
func TestMistakes(t *testing.T) {
	w, _, claim := ready(t)
	for name, c := range map[string]struct {
		exchange []string
		want     []string
	}{
		"payer":               {[]string{`"value":"T1450"`, `"value":"t1450"`}, []string{"CL3  Claim.insurance[0].coverage.identifier.value"}},
		"practitioner":        {[]string{`"practitioner":{`, `"practitioner":{"reference":"Practitioner/1",`}, []string{"CL4  Claim.contained[0].practitioner"}},
		"user id":             {[]string{`"practitioner":{"identifier":{"system":"` + nhs.IDUser, `"practitioner":{"identifier":{"system":"` + nhs.IDODS}, []string{"CL11 TOO_FEW_VALUES_SUBMITTED Claim.contained[0].practitioner.identifier"}},
		"role profile":        {[]string{nhs.IDRoleProfile, nhs.IDODS}, []string{"CL11 TOO_FEW_VALUES_SUBMITTED Claim.contained[0].identifier"}},
		"provider":            {[]string{`"provider":{"reference":"#provider"}`, `"provider":{"reference":"#organisation"}`}, []string{"CL10 INVALID_VALUE Claim.provider"}},
		"endorsement, second": {[]string{`NDEC`, `BB`, `{"coding":[{"system":"` + nhs.CSEndorsement + `","code":"NDEC"`, `{"coding":[{"system":"urn:x","code":"NDEC"`}, []string{"CL6  Claim.item[0].detail[1].programCode"}},
		"charge":              {[]string{`paid-once`, `paid-thrice`}, []string{"CL15 INVALID_VALUE Claim.item[0].detail[0].programCode"}},
		"charge missing":      {[]string{nhs.CSCharge, `urn:x`}, []string{"CL15 TOO_FEW_VALUES_SUBMITTED Claim.item[0].detail[0].programCode"}},
		"status missing":      {[]string{nhs.CSLineStatus, `urn:x`}, []string{"CL14 TOO_FEW_VALUES_SUBMITTED Claim.item[0].detail[0].modifier"}},
		"prescription status": {[]string{`"code":"0006"`, `"code":"0003"`}, []string{"CL9 CLAIM_INVALID_NOT_DISPENSED Claim.item[0].extension('" + nhs.ExtBusinessStatus + "').valueCoding.code"}},
		"other status":        {[]string{`"code":"0006"`, `"code":"0007"`}, []string{"0012 PRESCRIPTION_INVALID_STATE_TRANSITION Claim.item[0].extension[0].valueCoding.code"}},
		"unit":                {[]string{`"unit":"tablet","system":"http://snomed.info/sct","code":"428673006"}}]}`, `"system":"http://snomed.info/sct","code":"428673006"}}]}`}, []string{"CL16 TOO_FEW_VALUES_SUBMITTED Claim.item[0].detail[0].subDetail[0].quantity.unit"}},
		"nothing supplied":    {[]string{`"productOrService":{"coding":[{"system":"http://snomed.info/sct","code":"39732311000001104","display":"Amoxicillin 250mg capsules"}]},"quantity":{"value":20`, `"productOrService":{"coding":[{"system":"http://snomed.info/sct","code":"39732311000001104","display":"Amoxicillin 250mg capsules"}]},"quantity":{"value":1e999999999`}, []string{"CL16 INVALID_VALUE Claim.item[0].detail[0].subDetail[0].quantity.value"}},
		"uuid":                {[]string{nhs.IDUUID, `urn:x`}, []string{"CL7 TOO_FEW_VALUES_SUBMITTED Claim.identifier"}},
		"group":               {[]string{`"url":"UUID"`, `"url":"uuid"`}, []string{"CL17 TOO_FEW_VALUES_SUBMITTED Claim.prescription.extension('" + nhs.ExtGroup + "').extension('UUID')"}},
		"other uuid":          {[]string{`"value":"` + acute(anOrder).uuid, `"value":"` + message3}, []string{"0007 INVALID_RESOURCE_ID Claim.prescription.extension[0].extension[1].valueIdentifier"}},
		"exemption":           {[]string{`"code":"0001","display":"Patient has paid`, `"code":"0099","display":"Patient has paid`}, []string{"CL18  Claim.item[0].programCode[0].coding[0].code"}},
		"endorsement":         {[]string{`NDEC`, `QQ`}, []string{"CL22  Claim.item[0].detail[0].programCode[1].coding[0].code"}},
		"unknown item":        {[]string{`a54219b8`, `b54219b8`}, []string{"0010 INVALID_NUMBER_MEDICATIONREQUESTS Claim.item[0].detail", "0014 MEDICATIONREQUEST_NOT_FOUND Claim.item[0].detail[0].extension[1].valueReference.identifier.value"}},
		"item twice":          {[]string{`6989b7bd-8db6-428c-a593-4022e3044c00`, `a54219b8-f741-4c47-b662-e4f8dfa49ab6`}, []string{"0010 INVALID_NUMBER_MEDICATIONREQUESTS Claim.item[0].detail", "CL13 DUPLICATE_MEDICATIONREQUEST_ID Claim.item[0].detail[1].extension[1].valueReference.identifier.value"}},
		"patient":             {[]string{`9449304130`, `9990548609`}, []string{"CL20 CONFLICTING_VALUES Claim.patient.identifier.value"}},
		"pharmacy":            {[]string{`VNE51`, `FA565`}, []string{"CL20 PRESCRIPTION_WITH_ANOTHER_DISPENSER Claim.contained[1].identifier"}},
		"line status":         {[]string{`"code":"0005","display":"Item cancelled"`, `"code":"0006","display":"Expired"`}, []string{"0013 MEDICATIONREQUEST_INVALID_STATE_TRANSITION Claim.item[0].detail[3].modifier"}},
		"too much":            {[]string{`"value":20,`, `"value":21,`, `"value":20,`, `"value":21,`}, []string{"0013 MEDICATIONREQUEST_INVALID_STATE_TRANSITION Claim.item[0].detail[0].subDetail"}},
		"no reason":           {[]string{`"code":"0005","display":"Item cancelled"`, `"code":"0002","display":"Item not dispensed"`}, []string{"0013 MEDICATIONREQUEST_INVALID_STATE_TRANSITION Claim.item[0].detail[3].modifier", "CL19 TOO_FEW_VALUES_SUBMITTED Claim.item[0].detail[3].extension('" + nhs.ExtBusinessStatusReason + "')"}},
		"other unit":          {[]string{`"value":20,"unit":"tablet","system":"http://snomed.info/sct","code":"428673006"}}]}`, `"value":20,"unit":"ml","system":"http://snomed.info/sct","code":"258773002"}}]}`}, []string{"0013 MEDICATIONREQUEST_INVALID_STATE_TRANSITION Claim.item[0].detail[0].subDetail[0].quantity"}},
		"draft":               {[]string{`"status":"active"`, `"status":"draft"`}, []string{"CL1 INVALID_VALUE Claim.status"}},
		"two insurances":      {[]string{`"insurance":[`, `"insurance":[{"sequence":2,"focal":false,"coverage":{"display":"x"}},`}, []string{"CL2  Claim.insurance"}},
		"everything":          {[]string{`"value":"T1450"`, `"value":"X"`, nhs.CSLineStatus, `urn:x`, `9449304130`, `9990548609`}, []string{"CL20 CONFLICTING_VALUES Claim.patient.identifier.value", "CL3  Claim.insurance[0].coverage.identifier.value", "CL14 TOO_FEW_VALUES_SUBMITTED Claim.item[0].detail[0].modifier"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.post(amend(t, claim, message1, "", c.exchange...))
			got := refused(t, err)
			require.ElementsMatch(t, c.want, got, "%v", err)
		})
	}
	require.Equal(t, 1, w.versions("Claim", claim.ID()), "nothing refused is stored")
}

func TestARepeatedPostHasOneEffect(t *testing.T) {
	w, _, claim := ready(t)
	call := w.call(amend(t, claim, message1, ""))
	first, err := w.s.receive(w.ctx, call)
	require.NoError(t, err)
	reply, err := w.s.judgeRepeat(w, call)
	require.NoError(t, err)
	require.Equal(t, first.Resource.JSON(), reply.Resource.JSON())
	require.Equal(t, 2, w.versions("Claim", claim.ID()))
}

// judgeRepeat commits the same call once more, as two servers over one database
// might: the receipt makes it happen once.
func (s *Service) judgeRepeat(w *world, call *fhir.Call) (*fhir.Reply, error) {
	commit, err := s.db.Commit(w.ctx, &fhir.Transaction{Receipt: call.Answer(&fhir.Reply{})})
	if err != nil {
		return nil, err
	}
	return fhir.ReplyOf(commit.Receipt)
}

func TestManyPostsMakeOneClaim(t *testing.T) {
	_, rx, claim := ready(t)
	w := newWorld(t).sample()
	rx.store(w)
	var wg sync.WaitGroup
	errs := make(chan error, 64)
	for i := range 64 {
		body := amend(t, claim, fmt.Sprintf("737dcf8d-fc7a-436d-b692-%012d", i), "")
		call := w.call(body)
		wg.Go(func() {
			_, err := w.s.receive(w.ctx, call)
			errs <- err
		})
	}
	wg.Wait()
	close(errs)
	accepted := 0
	for err := range errs {
		if err == nil {
			accepted++
			continue
		}
		require.Equal(t, []string{"0012 PRESCRIPTION_INVALID_STATE_TRANSITION Claim"}, refused(t, err))
	}
	require.Equal(t, 1, accepted)
	w.settle()
	require.Equal(t, 1, w.versions("Claim", claim.ID()))
	require.Equal(t, 1, w.versions("ClaimResponse", ResponseID(claim.ID())))
}

func TestGuard(t *testing.T) {
	w, _, claim := ready(t)
	_, err := w.post(amend(t, claim, message1, ""))
	require.NoError(t, err)
	write := func(method fhir.Method, r *fhir.Resource) error {
		_, err := w.db.Commit(w.ctx, &fhir.Transaction{Derived: true, Changes: []fhir.Change{{Method: method, Type: "Claim", ID: claim.ID(), Resource: r}}})
		return err
	}
	require.Contains(t, write(fhir.Delete, nil).Error(), "cannot be deleted")
	require.Contains(t, write(fhir.Update, amend(t, claim, message2, "")).Error(), "only replaced by an amendment")
	require.Contains(t, write(fhir.Update, amend(t, claim, message1, "", anOrder, "111111-A83008-111111")).Error(), "cannot become")
}

func TestWhatIsAnEPSClaim(t *testing.T) {
	_, _, claim := ready(t)
	require.True(t, IsEPS(claim))
	require.True(t, IsEPS(amend(t, claim, message1, "", nhs.ExtGroup, "urn:x")), "the item alone")
	require.True(t, IsEPS(amend(t, claim, message1, "", `"code":"16076005"`, `"code":"1"`)), "the group alone")
	require.False(t, IsEPS(amend(t, claim, message1, "", nhs.ExtGroup, "urn:x", `"code":"16076005"`, `"code":"1"`)))
}
