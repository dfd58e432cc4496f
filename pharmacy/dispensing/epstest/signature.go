package epstest

import (
	_ "embed"
	"strings"
)

//go:embed signature.txt
var signatureText string

// Signature is the data of a signature as EPS makes it, by a key that is kept nowhere and
// that nobody trusts.
var Signature = strings.TrimSpace(signatureText)
