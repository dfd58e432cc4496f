package console

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/pestle-fhir/pestle/fhir"
)

// holding is a product of the answer of $stock, and pageOf a page of that of $register.
func holding(code, name, value, unit string) fhir.Value {
	return fhir.Obj("name", "item", "part", fhir.List(fhir.Obj("name", "product", "valueCoding", fhir.Obj("system", medicines, "code", code, "display", name)),
		fhir.Obj("name", "balance", "valueQuantity", fhir.Obj("value", fhir.Raw(value), "unit", unit))))
}

func pageOf(code, name, value, unit string) fhir.Value {
	about := []any{fhir.Obj("url", "name", "valueString", name)}
	if code != "" {
		about = append(about, fhir.Obj("url", "product", "valueCoding", fhir.Obj("code", code)))
	}
	page := fhir.Obj("resourceType", "Basic", "extension", fhir.List(fhir.Obj("url", ownSystems+"StructureDefinition/register-page", "extension", fhir.List(about...))))
	return fhir.Obj("name", "page", "part", fhir.List(fhir.Obj("name", "page", "resource", page), fhir.Obj("name", "balance", "valueQuantity", fhir.Obj("value", fhir.Raw(value), "unit", unit))))
}

// TestBalances: the balance of the register is beside that of the ledger of the same product
// and unit, and only where both are of the same unit and differ is it to be looked into.
// Without the register no stock is shown: what is controlled would not be known.
func TestBalances(t *testing.T) {
	status := http.StatusOK
	var asked []string
	s := pharmacyOf(t, "superintendent", func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		answer := func(list ...any) {
			_, _ = w.Write(fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(list...)).JSON())
		}
		switch {
		case strings.HasSuffix(r.URL.Path, "$stock"):
			answer(holding("", "Cream A", "3", "tube"), holding("", "Cream B", "5", "tube"), holding("1", "Morphine", "28.0", "tablet"), holding("1", "Morphine", "100", "ml"),
				holding("2", "Oxycodone", "10", "capsule"), holding("3", "Methadone", "7", "bottle"))
		case strings.HasSuffix(r.URL.Path, "$register"):
			assert.Equal(t, "register", r.URL.Query().Get("book"))
			w.WriteHeader(status)
			answer(pageOf("", "cream b ", "4", "Tube"), pageOf("", "Cream C", "9", "tube"), pageOf("1", "Morphine", "90", "ml"), pageOf("1", "Morphine", "28", "Tablet"), pageOf("3", "Methadone", "700", "ml"))
		default:
			_, _ = io.WriteString(w, `{"resourceType":"Bundle","type":"batch-response"}`)
		}
	}, fhir.Operation{Name: "stock", Type: "Basic"}, fhir.Operation{Name: "register", Type: "Basic"})
	seen := opened(s, "/console/stock", nil)
	require.Equal(t, http.StatusOK, seen.Code, seen.Body.String())
	sections := strings.Split(seen.Body.String(), `<section class="answer"`)[1:]
	require.Len(t, sections, 6)
	for i, want := range []struct{ register, warning string }{
		{"", ""},
		{"4 Tubes", "The register has 4 Tubes, the ledger 5 tubes"},
		{"28 Tablets", ""},
		{"90 ml", "The register has 90 ml, the ledger 100 ml"},
		{"", ""},
		{"700 ml", ""},
	} {
		text := plain(t, sections[i])
		if want.register == "" {
			assert.NotContains(t, text, "Balance in the register")
		} else {
			assert.Contains(t, text, "Balance in the register "+want.register)
			assert.Equal(t, 1, strings.Count(text, "Balance in the register"), text)
		}
		if want.warning == "" {
			assert.NotContains(t, text, "look into it", text)
		} else {
			assert.Contains(t, text, want.warning)
		}
	}

	for _, status = range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusUnauthorized} {
		seen := opened(s, "/console/stock", nil)
		assert.Equal(t, status, seen.Code)
		assert.NotContains(t, seen.Body.String(), "Morphine")
	}

	asked = nil
	past := opened(s, "/console/stock?at=2026-10-01", nil)
	assert.Equal(t, http.StatusBadRequest, past.Code)
	assert.Contains(t, past.Body.String(), "The stock is shown as it is now")
	assert.Contains(t, past.Body.String(), `<a href="/console/stock">`)
	assert.Empty(t, asked)
}

// plain is the text of a piece of a page, with one space between words.
func plain(t *testing.T, text string) string {
	root, err := html.Parse(strings.NewReader("<section" + text))
	require.NoError(t, err)
	var words []string
	for n := range root.Descendants() {
		if n.Type == html.TextNode {
			words = append(words, strings.Fields(n.Data)...)
		}
	}
	return strings.Join(words, " ")
}

// TestWhole: a whole number is sent as it was typed, without the zeros before it: 0 too.
func TestWhole(t *testing.T) {
	var sent string
	s := pharmacyOf(t, "superintendent", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent = string(body)
		w.WriteHeader(http.StatusUnprocessableEntity)
	}, fhir.Operation{Name: "stock-level", Type: "Basic", Parameters: []fhir.Parameter{{Name: "leadDays", Kinds: []string{"valuePositiveInt"}}}})
	for typed, want := range map[string]string{"0": "0", "00": "0", "007": "7", "10": "10"} {
		opened(s, "/console/stock/ledger/stock-level", url.Values{"leadDays": {typed}})
		assert.Contains(t, sent, `"valuePositiveInt":`+want+`}`, typed)
	}
}
