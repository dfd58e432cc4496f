package prescription

import (
	"encoding/base64"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sample is an EPS signature by a key of 2048 bits, whose certificate holds from 2000 to
// 2100.
func sample(t testing.TB) string {
	data, err := os.ReadFile("../epstest/signature.txt")
	require.NoError(t, err)
	text, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(data)))
	require.NoError(t, err)
	return string(text)
}

// TestReadSignature has one signature, and what becomes of it when something of it is
// another. What EPS says of each is its error of the same cause.
func TestReadSignature(t *testing.T) {
	good, on := sample(t), time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	encode := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	header := base64.RawURLEncoding.EncodeToString
	certificate := certificates.FindString(good)
	for name, c := range map[string]struct {
		data string
		when time.Time
		want Signature
	}{
		"none":                    {"", on, Signature{}},
		"not base64":              {"%%", on, Signature{"", FailedToPass, "Invalid signature format"}},
		"words":                   {encode("signed"), on, Signature{"", FailedToPass, "Invalid signature format"}},
		"AAAA":                    {"AAAA", on, Signature{"", FailedToPass, "Invalid signature format"}},
		"an empty element":        {encode("<Signature/>"), on, Signature{SignedByEPS, FailedToPass, "Invalid signature format"}},
		"no value":                {encode(strings.Replace(good, "SignatureValue>", "Value>", 1)), on, Signature{SignedByEPS, FailedToPass, "Invalid signature format"}},
		"another algorithm":       {encode(strings.Replace(good, "rsa-sha256", "hmac-sha1", 1)), on, Signature{SignedByEPS, FailedToPass, "Invalid signature format"}},
		"no certificate":          {encode(strings.Replace(good, certificate, "", 1)), on, Signature{SignedByEPS, FailedToPass, "Invalid certificate"}},
		"a broken certificate":    {encode(strings.Replace(good, "<X509Certificate>MII", "<X509Certificate>MIJ", 1)), on, Signature{SignedByEPS, FailedToPass, "Invalid certificate"}},
		"two certificates":        {encode(strings.Replace(good, certificate, certificate+certificate, 1)), on, Signature{SignedByEPS, FailedToPass, "Multiple certificates detected"}},
		"another digest":          {encode(strings.Replace(good, "<DigestValue>c2Fu", "<DigestValue>c2Fv", 1)), on, Signature{SignedByEPS, FailedToPass, "Signature is invalid"}},
		"another value":           {encode(strings.Replace(good, "<SignatureValue>", "<SignatureValue>AAAA", 1)), on, Signature{SignedByEPS, FailedToPass, "Signature is invalid"}},
		"before the certificate":  {encode(good), time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC), Signature{SignedByEPS, FailedToPass, "Certificate expired when signed"}},
		"after the certificate":   {encode(good), time.Date(2100, 1, 2, 0, 0, 0, 0, time.UTC), Signature{SignedByEPS, FailedToPass, "Certificate expired when signed"}},
		"JWS":                     {encode(header([]byte(`{"alg":"PS256"}`)) + ".." + header([]byte("x"))), on, Signature{SignedByJWS, NotVerifiable, "No key of the prescriber's organisation is registered for signatures."}},
		"JWS that nobody signed":  {encode(header([]byte(`{"alg":"none"}`)) + ".e30.x"), on, Signature{"", FailedToPass, "Invalid signature format"}},
		"three parts, no header":  {encode("a.b.c"), on, Signature{"", FailedToPass, "Invalid signature format"}},
		"a certificate of no RSA": {encode(strings.Replace(good, certificate, "<X509Certificate>"+elliptic+"</X509Certificate>", 1)), on, Signature{SignedByEPS, FailedToPass, "Invalid certificate"}},
	} {
		require.Equal(t, c.want, ReadSignature(c.data, c.when), name)
	}
	// the same signature as EPS software writes it: the namespace at the parent, empty tags, CRLF
	loose := strings.ReplaceAll(good, `<SignedInfo xmlns="http://www.w3.org/2000/09/xmldsig#">`, "\r\n  <SignedInfo>")
	loose = strings.ReplaceAll(loose, `"></CanonicalizationMethod>`, `"/>`)
	for _, text := range []string{good, loose, "\r\n" + strings.ReplaceAll(good, "<SignatureValue>", "\r\n\t<SignatureValue>")} {
		s := ReadSignature(encode(text), on)
		require.Equal(t, []string{SignedByEPS, NotVerifiable}, []string{s.Source, s.Result}, s.Reason)
	}
}

// elliptic is a certificate of a key on P-256.
const elliptic = `MIIBBjCBraADAgECAgEBMAoGCCqGSM49BAMCMAwxCjAIBgNVBAMTAXgwIBcNMDAwMTAxMDAwMDAwWhgPMjEwMDAxMDEwMDAwMDBaMAwxCjAIBgNVBAMTAXgwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQt8k7bEmhS9ESknwnHlXqTDo5R2/ZGimC8Yrmhq7Nmwa7eZM9g/W09JF5uPnbtRDS9iRje+KoVf8bCqC3RSg/GMAoGCCqGSM49BAMCA0gAMEUCIQC+ccU+K9ORNgzI4rOEZaWP92MErYJVNBWh+jPYgDntKwIgWKvM8CLmUfgIa+3Vk4F8dMztZhuxuvZeKfWMwXnHCpc=`

// FuzzReadSignature wants any data to have a result.
func FuzzReadSignature(f *testing.F) {
	good := sample(f)
	for _, text := range []string{good, "<Signature/>", "a.b.c", "<SignedInfo><SignatureMethod Algorithm=\"http://www.w3.org/2000/09/xmldsig#rsa-sha1\"/></SignedInfo><SignatureValue>AAAA</SignatureValue>"} {
		f.Add(base64.StdEncoding.EncodeToString([]byte(text)))
	}
	f.Fuzz(func(t *testing.T, data string) {
		s := ReadSignature(data, time.Now())
		if (data == "") != (s.Result == "") || s.Result != "" && s.Reason == "" || s.Result == Verified {
			t.Fatalf("%q: %+v", data, s)
		}
	})
}
