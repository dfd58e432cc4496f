package auth

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
)

// Fault is what is wrong with a token: the member of its header or the claim
// that is at fault, and why. It holds nothing of the token.
type Fault struct{ Member, Message string }

func (f *Fault) Error() string { return f.Member + ": " + f.Message }

func malformed(why string) error { return &Fault{"token", why} }

// Parts returns header and claims of a JSON Web Token that is written in the one
// form that all readers understand alike (RFC 7515, RFC 7519, RFC 8725): three
// parts of canonical base64url, each member once, no extensions that must be
// understood (crit), and no key that the token brings itself. The signature is
// not looked at. types are the values of typ that are taken besides none at all.
func Parts(token string, types ...string) (header, claims map[string]json.RawMessage, err error) {
	if strings.Count(token, ".") != 2 {
		return nil, nil, malformed("it is not a JSON Web Token of three parts")
	}
	var objects [2]map[string]json.RawMessage
	for i, part := range strings.Split(token, ".") {
		text, err := base64.RawURLEncoding.Strict().DecodeString(part)
		if err != nil || base64.RawURLEncoding.EncodeToString(text) != part {
			return nil, nil, malformed("its parts are not base64url in the form of RFC 7515: no padding, no blanks, no spare bits")
		}
		if i == 2 {
			break
		}
		if !soleNames(text) || json.Unmarshal(text, &objects[i]) != nil {
			return nil, nil, malformed("its header and its claims must be JSON objects with each member once")
		}
	}
	return objects[0], objects[1], checkHeader(objects[0], types)
}

func checkHeader(header map[string]json.RawMessage, types []string) error {
	for _, name := range []string{"crit", "jwk", "x5u", "x5c"} {
		if _, ok := header[name]; ok {
			return &Fault{name, "the server does not take this member of the header"}
		}
	}
	var typ string
	if text, ok := header["typ"]; ok && json.Unmarshal(text, &typ) != nil {
		return &Fault{"typ", "it is not a text"}
	} else if ok && !slices.Contains(types, strings.TrimPrefix(strings.ToLower(typ), "application/")) {
		return &Fault{"typ", "the token is of another type than " + strings.Join(types, " or ")}
	}
	return nil
}

// soleNames reports whether a text is one JSON object in which no object, however
// deep, has two members of one name, in whatever case.
func soleNames(text []byte) bool {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	first, err := d.Token()
	if err != nil || first != json.Delim('{') || !soleMembers(d) {
		return false
	}
	_, err = d.Token()
	return errors.Is(err, io.EOF)
}

// soleMembers reads the members of an object to its end.
func soleMembers(d *json.Decoder) bool {
	seen := map[string]bool{}
	for d.More() {
		name, err := d.Token()
		text, ok := name.(string)
		text = strings.ToLower(text)
		if err != nil || !ok || seen[text] || !soleValue(d) {
			return false
		}
		seen[text] = true
	}
	_, err := d.Token()
	return err == nil
}

func soleValue(d *json.Decoder) bool {
	token, err := d.Token()
	if err != nil {
		return false
	}
	switch token {
	case json.Delim('{'):
		return soleMembers(d)
	case json.Delim('['):
		for d.More() {
			if !soleValue(d) {
				return false
			}
		}
		_, err = d.Token()
	}
	return err == nil
}
