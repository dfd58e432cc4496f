package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"encoding/base64"
)

// errBound is the error of a token that is bound to another certificate than the
// connection's.
var errBound = &Fault{"cnf", "the token is bound to a client certificate, and the connection has another or none"}

// confirm compares the confirmation claim (cnf) of a token with the certificate
// that the client proved to have on this connection: RFC 8705 section 3.1. A
// confirmation by anything but the
// certificate's hash is refused, since the server could not judge it.
func confirm(cnf any, connection *tls.ConnectionState) error {
	members, _ := cnf.(map[string]any)
	want, _ := members["x5t#S256"].(string)
	if want == "" || len(members) != 1 || connection == nil || len(connection.VerifiedChains) == 0 {
		return errBound
	}
	sum := sha256.Sum256(connection.PeerCertificates[0].Raw)
	if subtle.ConstantTimeCompare([]byte(want), []byte(base64.RawURLEncoding.EncodeToString(sum[:]))) != 1 {
		return errBound
	}
	return nil
}
