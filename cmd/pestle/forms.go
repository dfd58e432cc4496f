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

// forms are the Questionnaires and Measures that responses and reports are held to:
// those that are stored, and behind them those that came with the profiles.
type forms struct {
	db    *store.DB
	given formsGiven
}

// formsGiven are the Questionnaires and Measures that came with the profiles.
type formsGiven struct {
	with interface {
		Form(typ, canonical string) *fhir.Resource
	}
}

// Resource implements [profiles.Definitions].
func (g formsGiven) Resource(_ context.Context, typ, canonical string) *fhir.Resource {
	return g.with.Form(typ, canonical)
}

var escape = strings.NewReplacer(`\`, `\\`, `,`, `\,`, `|`, `\|`, `$`, `\$`).Replace

// Resource implements [profiles.Definitions].
func (f forms) Resource(ctx context.Context, typ, canonical string) *fhir.Resource {
	if r := f.stored(ctx, typ, canonical); r != nil {
		return r
	}
	return f.given.Resource(ctx, typ, canonical)
}

// stored gives the one that was written last; nil when there is none.
func (f forms) stored(ctx context.Context, typ, canonical string) *fhir.Resource {
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
