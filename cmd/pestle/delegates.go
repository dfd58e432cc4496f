package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// readDelegates reads who may act for whom: a JSON object with, by the ODS code
// of an organisation, the list of those that it may send for.
func readDelegates(text []byte) (map[string][]string, error) {
	if len(text) == 0 {
		return nil, nil
	}
	var given map[string][]string
	if err := json.Unmarshal(text, &given); err != nil {
		return nil, fmt.Errorf(`--delegates: expected {"A": ["B"]}, by which A may send for B: %w`, err)
	}
	delegates := map[string][]string{}
	for who, list := range given {
		if who == "" || len(list) == 0 {
			return nil, fmt.Errorf("--delegates: %q needs an ODS code and the codes that it may send for", who)
		}
		for _, org := range list {
			if strings.TrimSpace(org) == "" || org == "*" {
				return nil, fmt.Errorf("--delegates: %s: %q is not an ODS code", who, org)
			}
		}
		key := strings.ToUpper(who)
		delegates[key] = append(delegates[key], list...)
	}
	return delegates, nil
}
