package fhir

import "context"

type linksKey struct{}

// WithLinks says which addresses the commit of a transaction will replace by
// those of the resources that it writes: the fullUrls of its entries. A
// narrative may link to them.
func WithLinks(ctx context.Context, links map[string]bool) context.Context {
	return context.WithValue(ctx, linksKey{}, links)
}

// Links reports whether an address is one of [WithLinks].
func Links(ctx context.Context, address string) bool {
	links, _ := ctx.Value(linksKey{}).(map[string]bool)
	return links[address]
}
