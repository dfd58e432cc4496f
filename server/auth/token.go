package auth

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// errForm is the error of a token that is not written as RFC 7515 and RFC 7519
// have it, so that two readers could understand it differently.
var errForm = errors.New("token form")

// checkForm refuses a token, however it is signed, that is not three parts of
// canonical base64url, that has a member of its header or a claim twice, that is
// of another type than an access token, or that has extensions which must be
// understood (crit): this server knows none.
func checkForm(token string) error {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return errForm
	}
	var decoded [3][]byte
	for i, part := range parts {
		text, err := base64.RawURLEncoding.Strict().DecodeString(part)
		if err != nil || base64.RawURLEncoding.EncodeToString(text) != part {
			return errForm
		}
		decoded[i] = text
	}
	for _, text := range decoded[:2] {
		if !soleNames(text) {
			return errForm
		}
	}
	var header map[string]json.RawMessage
	if err := json.Unmarshal(decoded[0], &header); err != nil {
		return errForm
	}
	if _, ok := header["crit"]; ok {
		return errForm
	}
	return checkType(header["typ"])
}

// checkType takes tokens without a type, of the type JWT, and of that of access
// tokens (RFC 9068 section 2.1).
func checkType(text json.RawMessage) error {
	if text == nil {
		return nil
	}
	var typ string
	if err := json.Unmarshal(text, &typ); err != nil {
		return errForm
	}
	switch strings.TrimPrefix(strings.ToLower(typ), "application/") {
	case "jwt", "at+jwt":
		return nil
	}
	return errForm
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
