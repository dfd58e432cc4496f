package reimbursement

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

func builtinLists() codeLists {
	return codeLists{tariff.BuiltinExemptions(), tariff.BuiltinEndorsements()}
}

// amend makes of a Claim one that dispensing software might post: with an
// identifier of its own, replacing another where that is given, and with texts
// exchanged pairwise.
func amend(t testing.TB, claim *fhir.Resource, message, replaces string, exchange ...string) *fhir.Resource {
	t.Helper()
	text := string(claim.JSON())
	text = strings.ReplaceAll(text, readClaim(claim).message(), message)
	for i := 0; i < len(exchange); i += 2 {
		require.Contains(t, text, exchange[i])
		text = strings.Replace(text, exchange[i], exchange[i+1], 1)
	}
	r, err := fhir.Parse([]byte(text))
	require.NoError(t, err)
	e := fhir.NewEdit(r)
	var extensions []any
	for x := range r.Get("extension").Items() {
		if x.Get("url").Text() != nhs.ExtReplacement {
			extensions = append(extensions, x)
		}
	}
	if replaces != "" {
		extensions = append(extensions, fhir.Obj("url", nhs.ExtReplacement, "valueIdentifier", nhs.IdentifierValue(nhs.IDUUID, replaces)))
	}
	if len(extensions) == 0 {
		extensions = append(extensions, fhir.Obj("url", "urn:none", "valueBoolean", true))
	}
	e.Set(r.Root(), "extension", string(fhir.List(extensions...).JSON()))
	r, err = e.Apply()
	require.NoError(t, err)
	return r
}
