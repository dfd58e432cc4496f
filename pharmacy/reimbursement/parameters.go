package reimbursement

import (
	"github.com/pestle-fhir/pestle/fhir"
)

// The parameters of the operations on Claims.
var (
	monthInput = fhir.Parameter{Name: "month", Kinds: []string{"valueString", "valueDate"}, Required: true, Doc: "The dispensing month, such as 2026-11."}
	orgInput   = fhir.Parameter{Name: "org", Kinds: []string{"valueString", "valueCode"}, Doc: "The ODS code of one pharmacy. By default the caller's, or all for a caller who acts for all."}

	submitInputs = []fhir.Parameter{{Name: "resource", Kinds: []string{"Claim", "Bundle"}, Required: true, Doc: "A Claim, or a Bundle with one. It may be the body itself."}}
	exportInputs = []fhir.Parameter{monthInput, orgInput,
		{Name: "run", Kinds: []string{"valueInteger", "valuePositiveInt", "valueString"}, Doc: "The number of a recorded run, from 1. By default the newest."}}
	closeInputs = []fhir.Parameter{monthInput, orgInput,
		{Name: "run", Kinds: []string{"valueCode", "valueString"}, Doc: "new: a further run, with what no run has submitted yet."},
		{Name: "alone", Kinds: []string{"valueString"}, Doc: "Why nobody else confirms the closing, where the policy of the pharmacy lets one person close a month."}}
	repriceInputs = []fhir.Parameter{monthInput}
)
