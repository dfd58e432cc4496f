package main

import (
	"context"
	"net/url"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/store"
)

// forms are the stored Questionnaires and Measures, which responses and reports
// are held to. Profiles and terminology are not among them: the library has those.
type forms struct{ db *store.DB }

var escape = strings.NewReplacer(`\`, `\\`, `,`, `\,`, `|`, `\|`, `$`, `\$`).Replace

// Resource gives the one that was written last; nil when there is none.
func (f forms) Resource(ctx context.Context, typ, canonical string) *fhir.Resource {
	if typ != "Questionnaire" && typ != "Measure" {
		return nil
	}
	bare, version := definition.SplitCanonical(canonical)
	values := url.Values{"url": {escape(bare)}, "_sort": {"-_lastUpdated"}, "_count": {"1"}}
	if version != "" {
		values.Set("version", escape(version))
	}
	q, _, err := search.Parse(typ, values, search.Options{})
	if err != nil {
		return nil
	}
	found, err := f.db.Search(ctx, q)
	if err != nil || len(found.Matches) == 0 {
		return nil
	}
	r, err := fhir.Parse(found.Matches[0].JSON)
	if err != nil {
		return nil
	}
	return r
}
