package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// indexVersion is the version of what [search.Extract] gives: raise it when
// the same resource gives other entries, and databases renew their index.
const indexVersion = 10

// entriesOf gives the entries of a resource that hold while it stands: all but
// the one for the time of its version, and those of stored SearchParameters among them. They
// are in the order of parameter and key.
func entriesOf(ctx context.Context, custom *search.Custom, r *fhir.Resource) ([]search.Entry, error) {
	entries, err := search.Extract(ctx, r)
	if err != nil {
		return nil, err
	}
	entries = with(entries, search.Entry{Param: search.Every, Key: search.EveryKey})
	for _, e := range slices.Concat(referenceEntries(r), contentEntries(r), custom.Extract(r)) {
		entries = with(entries, e)
	}
	return entries, nil
}

// entriesBefore gives the entries of a stored version, nil for a deletion or
// none.
func entriesBefore(ctx context.Context, custom *search.Custom, v *fhir.Version) ([]search.Entry, error) {
	r, err := contentOf(v)
	if r == nil || err != nil {
		return nil, err
	}
	return entriesOf(ctx, custom, r)
}

// valuesOf returns the entries of a stored version under one parameter, nil for a
// deletion.
func valuesOf(v *fhir.Version, param string) ([]search.Entry, error) {
	r, err := contentOf(v)
	if r == nil || err != nil {
		return nil, err
	}
	return search.Values(r, param), nil
}

// contentOf is the resource of a stored version, nil for a deletion or none.
func contentOf(v *fhir.Version) (*fhir.Resource, error) {
	if v == nil {
		return nil, nil
	}
	if v.Damage != "" {
		return nil, errOf(v)
	}
	r, err := v.Resource()
	if err != nil {
		return nil, fmt.Errorf("%w: %s/_history/%s: %w", errCorrupt, v.Ref(), v.VersionID, err)
	}
	return r, nil
}

// updatedEntry is the entry for the time of a version.
func updatedEntry(v *fhir.Version) search.Entry {
	return search.Entry{Param: search.LastUpdated, Key: search.InstantKey(v.LastUpdated)}
}
