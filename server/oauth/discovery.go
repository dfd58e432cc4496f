package oauth

import (
	"net/http"
	"slices"
)

// configuration is the document of OpenID Connect Discovery.
func (s *Server) configuration(r *http.Request) map[string]any {
	origin := s.issuer(r)
	return map[string]any{
		"issuer": origin, "authorization_endpoint": origin + AuthorizePath, "token_endpoint": origin + TokenPath,
		"jwks_uri": origin + KeysPath, "introspection_endpoint": origin + IntrospectPath, "revocation_endpoint": origin + RevokePath,
		"response_types_supported": []string{"code"}, "response_modes_supported": []string{"query"}, "grant_types_supported": GrantTypes(true),
		"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{idSigning},
		"scopes_supported": LaunchScopes(), "claims_supported": []string{"sub", "fhirUser", "name", "auth_time", "nonce"},
		"code_challenge_methods_supported": []string{"S256"}, "token_endpoint_auth_methods_supported": AuthMethods(true),
		"token_endpoint_auth_signing_alg_values_supported": Algorithms(), "authorization_response_iss_parameter_supported": true, "prompt_values_supported": prompts,
	}
}

// GrantTypes are those of the token endpoint; people says whether the server knows
// any.
func GrantTypes(people bool) []string {
	if people {
		return []string{"authorization_code", "refresh_token", "client_credentials"}
	}
	return []string{"client_credentials"}
}

// AuthMethods are the ways in which clients say who they are.
func AuthMethods(people bool) []string {
	if people {
		return []string{"private_key_jwt", "client_secret_basic", "none"}
	}
	return []string{"private_key_jwt"}
}

// LaunchScopes are the scopes of SMART App Launch that are not on resources.
func LaunchScopes() (list []string) {
	for scope := range launchScopes {
		list = append(list, scope)
	}
	slices.Sort(list)
	return list
}
