package prescription

import (
	"crypto"
	"crypto/rsa"
	_ "crypto/sha1" // EPS signs with it: RS1
	_ "crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Signature is what is known of the signature of a prescription: by what it was signed,
// and what came of verifying it.
type Signature struct {
	Source string // eps, jws, paper; "" for none
	Result string // verified, not-verifiable, failed
	Reason string // why it is not verified; of paper, who compared it and when
}

// The sources of signatures, and what came of them.
const (
	SignedByEPS   = "eps"   // the XML signature of an EPS message, by a smartcard or the remote signing service
	SignedByJWS   = "jws"   // a JSON Web Signature
	SignedOnPaper = "paper" // the paper original of a private prescription

	Verified      = "verified"
	NotVerifiable = "not-verifiable"
	FailedToPass  = "failed"
)

// unknownFormat is what EPS says of a signature that is none.
const unknownFormat = "Invalid signature format"

// ReadSignature verifies Signature.data as far as the server can; when is when it was
// signed.
func ReadSignature(data string, when time.Time) Signature {
	text, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(data), ""))
	switch {
	case data == "":
		return Signature{}
	case err != nil:
		return Signature{Result: FailedToPass, Reason: unknownFormat}
	case strings.HasPrefix(strings.TrimSpace(string(text)), "<Signature") || strings.HasPrefix(strings.TrimSpace(string(text)), "<SignedInfo"):
		return readXMLSignature(string(text), when)
	case isJWS(string(text)):
		return Signature{SignedByJWS, NotVerifiable, "No key of the prescriber's organisation is registered for signatures."}
	}
	return Signature{Result: FailedToPass, Reason: unknownFormat}
}

var jws = regexp.MustCompile(`^([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+$`)

// isJWS reports whether a text is a JSON Web Signature that is signed by a key.
func isJWS(text string) bool {
	parts := jws.FindStringSubmatch(strings.TrimSpace(text))
	if parts == nil {
		return false
	}
	head, err := base64.RawURLEncoding.DecodeString(parts[1])
	var header struct{ Alg string }
	return err == nil && json.Unmarshal(head, &header) == nil && header.Alg != "" && !strings.EqualFold(header.Alg, "none")
}

// signing are the algorithms of EPS signatures.
var signing = map[string]crypto.Hash{
	"http://www.w3.org/2000/09/xmldsig#rsa-sha1":        crypto.SHA1,
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256": crypto.SHA256,
}

const xmlSignature = "http://www.w3.org/2000/09/xmldsig#"

var (
	signedInfo   = regexp.MustCompile(`(?s)<SignedInfo[^>]*>.*?</SignedInfo>`)
	method       = regexp.MustCompile(`<SignatureMethod\s+Algorithm="([^"]*)"`)
	signedValue  = regexp.MustCompile(`(?s)<SignatureValue[^>]*>(.*?)</SignatureValue>`)
	certificates = regexp.MustCompile(`(?s)<X509Certificate[^>]*>(.*?)</X509Certificate>`)
	emptyTag     = regexp.MustCompile(`<(\w+)((?:\s+\w+="[^"]*")*)\s*/>`)
)

// readXMLSignature verifies that an XML signature was made by the key of its certificate,
// at a time when that was valid. Whether the certificate is trusted, and whether the
// digest is of this prescription, the server cannot tell: EPS signs a translation to
// HL7 V3, and the NHS's certificates are not here.
func readXMLSignature(text string, when time.Time) Signature {
	failed := func(reason string) Signature { return Signature{SignedByEPS, FailedToPass, reason} }
	info, value, certs := signedInfo.FindString(text), signedValue.FindStringSubmatch(text), certificates.FindAllStringSubmatch(text, -1)
	algorithm := method.FindStringSubmatch(info)
	switch {
	case info == "" || value == nil || algorithm == nil || signing[algorithm[1]] == 0:
		return failed(unknownFormat)
	case len(certs) > 1:
		return failed("Multiple certificates detected")
	}
	cert, signed := &x509.Certificate{}, decoded(value[1])
	var err error
	if len(certs) == 1 {
		cert, err = x509.ParseCertificate(decoded(certs[0][1]))
	}
	if len(certs) == 0 || err != nil {
		return failed("Invalid certificate")
	}
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return failed("Invalid certificate")
	}
	hash := signing[algorithm[1]].New()
	hash.Write([]byte(canonical(info)))
	if rsa.VerifyPKCS1v15(key, signing[algorithm[1]], hash.Sum(nil), signed) != nil {
		return failed("Signature is invalid")
	}
	if !when.IsZero() && (when.Before(cert.NotBefore) || when.After(cert.NotAfter)) {
		return failed("Certificate expired when signed")
	}
	return Signature{SignedByEPS, NotVerifiable, "It was made by the key of its certificate. Whether that is trusted, and whether it is of this prescription, is for the Electronic Prescription Service to say: what was signed is its translation to HL7 V3."}
}

// canonical is a SignedInfo in exclusive canonical form, as far as one of EPS is not yet:
// with the namespace of its parent, and no empty tags.
func canonical(info string) string {
	info = strings.ReplaceAll(strings.ReplaceAll(info, "\r\n", "\n"), "\r", "\n")
	if !strings.HasPrefix(info, `<SignedInfo xmlns="`+xmlSignature+`"`) {
		info = strings.Replace(info, "<SignedInfo", `<SignedInfo xmlns="`+xmlSignature+`"`, 1)
	}
	return emptyTag.ReplaceAllString(info, "<$1$2></$1>")
}

func decoded(text string) []byte {
	data, _ := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	return data
}

// Element is the signature as an extension of the Task, nothing where there is none.
func (s Signature) Element() fhir.Value {
	if s.Result == "" {
		return fhir.Value{}
	}
	var list []any
	for _, part := range []struct{ name, kind, text string }{{"source", "valueCode", s.Source}, {"result", "valueCode", s.Result}, {"reason", "valueString", s.Reason}} {
		if part.text != "" {
			list = append(list, fhir.Obj("url", part.name, part.kind, part.text))
		}
	}
	return fhir.Obj("url", nhs.ExtOwnSignature, "extension", fhir.List(list...))
}

// SignatureNow is by what a prescription is signed as far as it is known now: where an
// item is written on paper, that is what counts, by the last record of it.
func (p *Prescription) SignatureNow(sent Signature, law Law) Signature {
	onPaper := false
	for i := range p.Lines {
		onPaper = onPaper || p.Private() && law.Control(p.Lines[i].Schedule, p.Appropriate(false)).Original
	}
	if !onPaper {
		return sent
	}
	if n := len(p.Originals); n > 0 {
		o := p.Originals[n-1]
		return Signature{SignedOnPaper, Verified, "Compared by " + o.Who.String() + " at " + o.When + ", on the form " + o.Form + "."}
	}
	return Signature{SignedOnPaper, NotVerifiable, "The paper original is not in hand."}
}

// HoldSigned holds the controlled drugs of a prescription whose electronic signature
// failed (MDR 15(1)(a), 16(1)(c)). What is signed on paper has a gate of its own.
func (p *Prescription) HoldSigned(sent Signature, law Law) {
	if sent.Result != FailedToPass || p.Private() {
		return
	}
	for i := range p.Lines {
		if l := &p.Lines[i]; law.Control(l.Schedule, p.Appropriate(false)).Prescriber {
			p.Meet(Hold{Item: l.Item, Code: HoldSignature, Text: "The electronic signature of the prescription failed: " + sent.Reason + "."})
		}
	}
}
