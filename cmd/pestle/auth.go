package main

import (
	"fmt"
	"os"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
)

// authenticator is the demo user in a sandbox, bearer tokens anywhere else.
func (c *serveCommand) authenticator() (server.Authenticator, error) {
	if c.Sandbox {
		return auth.Sandbox{User: fhir.Principal{Agent: "sds-user-id|555000000000", Display: "Sandbox user", OnBehalf: sandboxPharmacy}}, nil
	}
	jwks, err := os.ReadFile(c.Keys)
	if err != nil {
		return nil, fmt.Errorf("--keys: %w", err)
	}
	keys, err := auth.ParseKeys(jwks)
	if err != nil {
		return nil, fmt.Errorf("--keys %s: %w", c.Keys, err)
	}
	delegates, err := readDelegates(c.Delegates)
	if err != nil {
		return nil, err
	}
	roles, err := readRoles(c.Roles)
	if err != nil {
		return nil, err
	}
	return &auth.Bearer{Delegates: delegates, RolesClaim: c.RolesClaim, Roles: func(names []string) auth.Grants { return roles.Of(names...) }, Keys: keys, Issuer: c.Issuer, AnyIssuer: c.AnyIssuer, Audience: c.Audience, AnyAudience: c.AnyAudience}, nil
}
