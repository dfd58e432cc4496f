package server_test

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"
)

// The content of a Binary is what everybody gets who does not ask for one of
// FHIR's types.
func TestBinaryContent(t *testing.T) {
	h := newHandler(t, nil)
	store := func(id, contentType, content string) {
		body := `{"resourceType":"Binary","id":"` + id + `","contentType":"` + contentType + `","data":"` + base64.StdEncoding.EncodeToString([]byte(content)) + `"}`
		require.Equal(t, 201, call(h, "PUT", "/fhir/Binary/"+id, body).Code)
	}
	store("pdf", "application/pdf", "0123456789")
	store("page", "text/html", "<script>alert(1)</script>")
	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"
	for accept, contentType := range map[string]string{
		"": "application/pdf", "*/*": "application/pdf", browser: "application/pdf", "application/pdf, */*;q=0.1": "application/pdf",
		"application/json, text/plain, */*": "application/pdf", "image/png, */*;q=0.1": "application/pdf", "application/fhir+json;q=0, */*": "application/pdf",
		"application/fhir+json": "application/fhir+json; fhirVersion=4.0; charset=utf-8", "application/json": "application/json; charset=utf-8",
		"application/fhir+xml, */*;q=0.5": "application/fhir+xml; fhirVersion=4.0; charset=utf-8", "application/json, */*;q=0.5": "application/json; charset=utf-8",
	} {
		for _, path := range []string{"/fhir/Binary/pdf", "/FHIR/R4/Binary/pdf/_history/1"} {
			for _, method := range []string{"GET", "HEAD"} {
				w := call(h, method, path, "", "Accept", accept)
				require.Equal(t, 200, w.Code, accept)
				require.Equal(t, contentType, w.Header().Get("Content-Type"), accept)
				require.NotEmpty(t, w.Header().Get("Content-Length"))
				require.Equal(t, method == "HEAD", w.Body.Len() == 0)
			}
		}
	}
	require.Contains(t, call(h, "GET", "/fhir/Binary/pdf?_format=json", "").Header().Get("Content-Type"), "application/fhir+json")
	require.Contains(t, call(h, "GET", "/fhir/Binary/pdf/_history", "").Header().Get("Content-Type"), "application/fhir+json")

	w := call(h, "GET", "/fhir/Binary/page", "", "Accept", browser)
	require.Equal(t, "attachment", w.Header().Get("Content-Disposition"), "nobody's page runs as one of ours")
	require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
	require.Contains(t, w.Header().Get("Content-Security-Policy"), "sandbox")
	require.Empty(t, call(h, "GET", "/fhir/Binary/pdf", "").Header().Get("Content-Disposition"))

	tag := call(h, "GET", "/fhir/Binary/pdf", "").Header().Get("ETag")
	for _, c := range []struct {
		header []string
		status int
		body   string
	}{
		{[]string{"Range", "bytes=2-4"}, 206, "234"},
		{[]string{"Range", "bytes=-3"}, 206, "789"},
		{[]string{"Range", "bytes=20-"}, 416, ""},
		{[]string{"Range", "bytes=-0"}, 416, ""},
		{[]string{"Range", "bytes=3-1"}, 416, ""},
		{[]string{"Range", "items=0-1"}, 200, "0123456789"},
		{[]string{"Range", "bytes=2-4", "If-Range", tag}, 206, "234"},
		{[]string{"Range", "bytes=2-4", "If-Range", `"9"`}, 200, "0123456789"},
		{[]string{"If-None-Match", tag}, 304, ""},
		{[]string{"If-None-Match", `W/"1"`}, 200, "0123456789"},
	} {
		w := call(h, "GET", "/fhir/Binary/pdf", "", c.header...)
		require.Equal(t, c.status, w.Code, c.header)
		if c.status != 416 {
			require.Equal(t, c.body, w.Body.String(), c.header)
		} else {
			require.Equal(t, "bytes */10", w.Header().Get("Content-Range"))
			require.Contains(t, w.Body.String(), `"resourceType":"OperationOutcome"`)
		}
	}
	require.Equal(t, 200, call(h, "HEAD", "/fhir/Binary/pdf", "", "Range", "bytes=0-3").Code, "a range is of GET")
	require.Equal(t, 200, call(h, "GET", "/fhir/Binary/pdf", "", "Accept", "application/fhir+json", "If-None-Match", tag).Code, "the other representation")
	require.Equal(t, 200, call(h, "PUT", "/fhir/Binary/pdf", `{"resourceType":"Binary","id":"pdf","contentType":"text/csv"}`, "If-Match", tag).Code)
}

// HEAD has the header of GET, of errors too.
func TestHeadOfErrors(t *testing.T) {
	h := newHandler(t, nil)
	for _, path := range []string{"/nothing", "/fhir", "/fhir/Patient/none", "/fhir/Frog/1"} {
		get, head := call(h, "GET", path, ""), call(h, "HEAD", path, "")
		require.Equal(t, get.Code, head.Code, path)
		require.Equal(t, get.Header().Get("Content-Type"), head.Header().Get("Content-Type"), path)
		require.Zero(t, head.Body.Len(), path)
	}
}

// A cache that holds one format is not told that it has the other.
func TestFormatsAreApart(t *testing.T) {
	h := newHandler(t, nil)
	require.Equal(t, 201, call(h, "PUT", "/fhir/Patient/p", `{"resourceType":"Patient","id":"p"}`).Code)
	for _, c := range []struct {
		accept, tag string
		status      int
	}{
		{"", `W/"1"`, 304}, {"application/json", `"1"`, 304}, {"", `W/"2", W/"1"`, 304}, {"", `W/"2"`, 200}, {"", "*", 304},
		{"application/fhir+xml", `W/"1"`, 200}, {"application/fhir+xml", `"1"`, 304},
	} {
		w := call(h, "GET", "/fhir/Patient/p", "", "Accept", c.accept, "If-None-Match", c.tag)
		require.Equal(t, c.status, w.Code, c)
		require.Equal(t, `W/"1"`, w.Header().Get("ETag"))
		require.Contains(t, w.Header().Values("Vary"), "Accept")
		if c.accept == "application/fhir+xml" {
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"), "JSON's cache and it have one ETag")
		}
	}
	since := call(h, "GET", "/fhir/Patient/p", "").Header().Get("Last-Modified")
	require.Equal(t, 304, call(h, "GET", "/fhir/Patient/p", "", "If-Modified-Since", since).Code)
	require.Equal(t, 200, call(h, "GET", "/fhir/Patient/p", "", "If-Modified-Since", since, "Accept", "application/fhir+xml").Code)
}

func TestAcceptOfWebPrograms(t *testing.T) {
	h := newHandler(t, nil)
	require.Equal(t, 201, call(h, "PUT", "/fhir/Patient/p", `{"resourceType":"Patient","id":"p"}`).Code)
	for accept, want := range map[string]string{
		"application/json, text/plain, */*":                               "application/fhir+json; fhirVersion=4.0; charset=utf-8",
		"application/json, text/plain, */*;q=0.1":                         "application/json; charset=utf-8",
		"application/json":                                                "application/json; charset=utf-8",
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": "text/html; charset=utf-8",
		"text/html;q=0.5, application/fhir+xml":                           "application/fhir+xml; fhirVersion=4.0; charset=utf-8",
		"application/xml, */*":                                            "application/xml; charset=utf-8",
		"application/fhir+xml;q=0.5, */*":                                 "application/fhir+json; fhirVersion=4.0; charset=utf-8",
		"application/fhir+json;q=1.0, application/json+fhir;q=0.9":        "application/fhir+json; fhirVersion=4.0; charset=utf-8",
	} {
		w := call(h, "GET", "/fhir/Patient/p", "", "Accept", accept)
		require.Equal(t, want, w.Header().Get("Content-Type"), accept)
	}
}

func TestDoubleSlash(t *testing.T) {
	h := newHandler(t, nil)
	for _, path := range []string{"/fhir//Patient", "//fhir/Patient/", "/FHIR/R4//Patient", "/fhir//metadata"} {
		require.Equal(t, 200, call(h, "GET", path, "").Code, path)
	}
}
