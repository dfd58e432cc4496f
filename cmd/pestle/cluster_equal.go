//go:build cluster

package main

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/pestle-fhir/pestle/trust/ledger"
)

// equal are digests of the settings that must be equal on all nodes, by their names:
// with another one of them a node would answer or decide otherwise than its leader.
func (c *serveCommand) equal() (map[string]string, error) {
	key, err := hkdf.Key(sha256.New, []byte(c.Secret), nil, "pestle cluster settings", 32)
	if err != nil {
		return nil, err
	}
	c.signing.complete(c.Data, false)
	signs, err := ledger.LoadKey(c.LogKey, c.origin())
	if err != nil {
		return nil, err
	}
	all := map[string]string{"secret": c.Secret, "log-key": signs.Public(), "public-url": c.PublicURL, "law": string(c.Law), "clinical-rules": string(c.Clinical), "supply-policy": string(c.SupplyPolicy),
		"closing-policy": string(c.ClosingPolicy), "roles": string(c.Roles), "delegates": string(c.Delegates)}
	for _, s := range c.settings {
		switch s.Name {
		case "site", "site-name", "authority", "register-also", "responsible-pharmacist", "issuer", "any-issuer", "audience", "any-audience", "issue-tokens", "sign-in", "reauth-controlled-drugs", "acr-level", "references", "scope-map", "search-handling", "stock":
			all[s.Name] = s.Value
		}
	}
	for name, value := range all {
		sum := hmac.New(sha256.New, key)
		_, _ = fmt.Fprintf(sum, "%s\x00%s", name, value)
		all[name] = hex.EncodeToString(sum.Sum(nil)[:12])
	}
	return all, nil
}
