package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// odsForm is the form of an ODS code, in whatever case.
var odsForm = regexp.MustCompile(`^[A-Za-z0-9]{1,12}$`)

// readDelegates reads who may act for whom: a JSON object with, by the ODS code
// of an organisation, the list of those that it may send for. nil is none; a file
// that says nothing, or one thing twice, is refused. The codes are returned in
// capitals.
func readDelegates(text []byte) (map[string][]string, error) {
	if text == nil {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return nil, notDelegates(err)
	}
	delegates := map[string][]string{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, notDelegates(err)
		}
		who := strings.ToUpper(fmt.Sprint(name))
		if delegates[who] != nil {
			return nil, fmt.Errorf("--delegates: %s is named twice; put all that it may send for into one list", who)
		}
		var list []string
		if err := d.Decode(&list); err != nil {
			return nil, notDelegates(err)
		}
		if delegates[who], err = odsCodes(who, list); err != nil {
			return nil, err
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, notDelegates(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, notDelegates(err)
	}
	return delegates, nil
}

func notDelegates(err error) error {
	text := `--delegates: expected {"A": ["B"]} and nothing else, by which A may send for B`
	if err == nil {
		return fmt.Errorf("%s", text)
	}
	return fmt.Errorf("%s: %w", text, err)
}

// odsCodes are the codes of a list in capitals.
func odsCodes(who string, list []string) (codes []string, err error) {
	if !odsForm.MatchString(who) || len(list) == 0 {
		return nil, fmt.Errorf("--delegates: %q needs an ODS code and the codes that it may send for", who)
	}
	for _, code := range list {
		if !odsForm.MatchString(code) {
			return nil, fmt.Errorf("--delegates: %s: %q is not an ODS code", who, code)
		}
		codes = append(codes, strings.ToUpper(code))
	}
	return codes, nil
}
