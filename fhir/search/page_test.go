package search

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPageTokens(t *testing.T) {
	o := testOptions
	o.Pages = NewSealer([]byte("a secret of the server"))
	values := url.Values{"name": {"eve"}, "_count": {"2"}, "_pretty": {"true"}}
	q, _, err := Parse("Patient", values, o)
	require.NoError(t, err)
	page := Page{AsOf: 42, After: []byte{1, 2, 3}}
	link := o.Pages.Link(q, page)
	require.Equal(t, link, o.Pages.Link(q, page), "the same page has the same link")

	read, _, err := Parse("Patient", link, o)
	require.NoError(t, err)
	require.Equal(t, page, read.Page)
	require.Equal(t, q.Self(), read.Self(), "the self link has no page")

	other := url.Values{"name": {"eve"}, "_count": {"2"}, "_page": link["_page"]}
	_, _, err = Parse("Patient", other, o)
	require.NoError(t, err, "the form of the answer is no part of the query")

	token := link.Get("_page")
	for name, change := range map[string]func(url.Values) string{
		"another query": func(v url.Values) string { v.Set("name", "bob"); return "Patient" },
		"another size":  func(v url.Values) string { v.Set("_count", "3"); return "Patient" },
		"another type":  func(url.Values) string { return "Practitioner" },
		"a bit changed": func(v url.Values) string { v.Set("_page", "A"+token[1:]+"A"); return "Patient" },
		"no token":      func(v url.Values) string { v.Set("_page", "2"); return "Patient" },
		"two tokens":    func(v url.Values) string { v.Add("_page", token); return "Patient" },
	} {
		v := url.Values{}
		for k, list := range link {
			v[k] = append([]string(nil), list...)
		}
		_, _, err := Parse(change(v), v, o)
		require.ErrorContains(t, err, "_page", name)
	}
	o.Pages = NewSealer([]byte("another secret"))
	_, _, err = Parse("Patient", link, o)
	require.ErrorContains(t, err, "_page")
}

func TestCondition(t *testing.T) {
	q, err := ParseCondition("Patient", "identifier=urn:x|1", Options{})
	require.NoError(t, err)
	require.Len(t, q.Clauses, 1)
	for _, query := range []string{"", "_count=1", "_sort=_id", "nonsense=1", "identifier=", "%zz", "_page=x", "_format=json"} {
		_, err := ParseCondition("Patient", query, Options{})
		require.Error(t, err, query)
	}
}
