package main

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/server/keyset"
	"github.com/pestle-fhir/pestle/server/signin"
)

// openIDOptions name the OpenID provider that signs people in, and say what its claims
// mean here.
type openIDOptions struct {
	Issuer     string            `name:"oidc-issuer" env:"PESTLE_OIDC_ISSUER" placeholder:"URL" help:"With --sign-in: the OpenID provider at which people may sign in too, such as NHS CIS2. Its redirect URI is /sign-in/openid/callback of --public-url."`
	ClientID   string            `name:"oidc-client-id" env:"PESTLE_OIDC_CLIENT_ID" placeholder:"ID" help:"The client_id of this server there."`
	SecretFile string            `name:"oidc-secret-file" env:"PESTLE_OIDC_SECRET_FILE" placeholder:"FILE" help:"File with the client_secret of this server there."`
	Name       string            `name:"oidc-name" env:"PESTLE_OIDC_NAME" placeholder:"NAME" help:"How the sign-in page names it; the host of --oidc-issuer unless set."`
	Scope      []string          `name:"oidc-scope" env:"PESTLE_OIDC_SCOPE" sep:" " default:"profile" help:"Scopes to ask for besides openid."`
	ACR        []string          `name:"oidc-acr" env:"PESTLE_OIDC_ACR" sep:" " placeholder:"VALUE" help:"Values of acr of which the sign-in there must have one; any unless set."`
	CAFile     string            `name:"oidc-ca-file" env:"PESTLE_OIDC_CA_FILE" placeholder:"FILE" help:"Certificates (PEM) of who signs the certificate of --oidc-issuer, in the place of those of the system."`
	Role       map[string]string `name:"oidc-role" env:"PESTLE_OIDC_ROLE" mapsep:"none" placeholder:"CODE=ROLE" help:"Whoever has there a role of this code is registered here in this role, without pestle user add; several by repeating it. Of several roles one must be selected there."`
	Map        map[string]string `name:"oidc-map" env:"PESTLE_OIDC_MAP" mapsep:"none" placeholder:"WHAT=CLAIM" help:"Where the claims have what --oidc-role needs: name, organisation, roles, role.code, role.organisation, role.id, selected, practitioner; several by repeating it (docs/signin.md)."`
	Preset     string            `name:"oidc-preset" env:"PESTLE_OIDC_PRESET" enum:"none,cis2" default:"none" help:"What --oidc-scope, --oidc-map and --oidc-practitioner-system are where they are not set: cis2, as NHS CIS2 Authentication has it."`
	System     string            `name:"oidc-practitioner-system" env:"PESTLE_OIDC_PRACTITIONER_SYSTEM" placeholder:"URI" help:"The system of the identifier in the claim practitioner, such as https://fhir.nhs.uk/Id/sds-user-id; the issuer unless set."`
}

// defaultClaims are where claims are unless --oidc-map says otherwise: OpenID Connect
// Core section 5.1, and the claims of tokens that this server takes.
var defaultClaims = map[string]string{"name": "name", "organisation": "organisation", "roles": "roles", "role.code": "code", "role.organisation": "organisation", "role.id": "id", "selected": "", "practitioner": ""}

// presets are what providers call things, where it is known: scopes, claims, and the
// system of the identifier of a person.
var presets = map[string]struct {
	scope  []string
	claims map[string]string
	system string
}{
	// NHS CIS2 Authentication, scopes and claims. The role is one that was selected there.
	"cis2": {[]string{"profile", "nationalrbacaccess", "selectedrole"}, map[string]string{"name": "name", "roles": "nhsid_nrbac_roles", "role.code": "role_code", "role.organisation": "org_code",
		"role.id": "person_roleid", "selected": "selected_roleid", "practitioner": "uid"}, nhs.IDUser},
}

// preset fills in what is not set.
func (o *openIDOptions) preset() {
	p, ok := presets[o.Preset]
	if !ok || o.Issuer == "" {
		return
	}
	if len(o.Scope) == 0 || slices.Equal(o.Scope, []string{"profile"}) {
		o.Scope = p.scope
	}
	if o.System == "" {
		o.System = p.system
	}
	if len(o.Role) > 0 {
		at := maps.Clone(p.claims)
		maps.Copy(at, o.Map)
		o.Map = at
	}
}

// complete refuses a provider that people could not sign in at, or not safely.
func (o *openIDOptions) complete(signIn bool) error {
	o.preset()
	if o.Issuer == "" {
		if o.ClientID+o.SecretFile+o.Name+o.CAFile+o.System != "" || len(o.ACR)+len(o.Role)+len(o.Map) > 0 {
			return errors.New("--oidc-… is about the provider that --oidc-issuer names: set it")
		}
		return nil
	}
	u, err := url.Parse(o.Issuer)
	switch {
	case !signIn:
		return errors.New("--oidc-issuer needs --sign-in")
	case err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("--oidc-issuer %s: expected an https URL, as the provider names itself", o.Issuer)
	case o.ClientID == "" || o.SecretFile == "":
		return errors.New("--oidc-issuer needs --oidc-client-id and --oidc-secret-file, as the provider registered this server")
	case len(o.Map) > 0 && len(o.Role) == 0:
		return errors.New("--oidc-map is for whom --oidc-role registers: set it too")
	}
	for what := range o.Map {
		if _, known := defaultClaims[what]; !known {
			return fmt.Errorf("--oidc-map %s: expected one of %s", what, strings.Join(slices.Sorted(maps.Keys(defaultClaims)), ", "))
		}
	}
	return nil
}

// provider is who signs people in besides, nil where nobody does.
func (o *openIDOptions) provider(known func(role string) bool) (*signin.OpenID, error) {
	if o.Issuer == "" {
		return nil, nil //nolint:nilnil // as the comment says
	}
	secret, err := readSecret("--oidc-secret-file", o.SecretFile)
	if err != nil {
		return nil, err
	}
	var roots *x509.CertPool
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("--oidc-ca-file: %w", err)
		}
		if roots = x509.NewCertPool(); !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--oidc-ca-file: %s holds no certificate in PEM", o.CAFile)
		}
	}
	u, err := url.Parse(o.Issuer)
	if err != nil {
		return nil, err
	}
	out := &signin.OpenID{Issuer: o.Issuer, ClientID: o.ClientID, Secret: secret, Name: cmp.Or(o.Name, u.Host), Scopes: o.Scope, ACR: o.ACR,
		Client: keyset.Client(true, roots)} // the operator names the provider, so that it may be a neighbour
	if len(o.Role) > 0 {
		at := maps.Clone(defaultClaims)
		maps.Copy(at, o.Map)
		out.Claims = signin.Claims{Name: at["name"], Organisation: at["organisation"], Roles: at["roles"], RoleCode: at["role.code"], RoleOrganisation: at["role.organisation"], RoleID: at["role.id"],
			Selected: at["selected"], Practitioner: at["practitioner"], PractitionerSystem: o.System, Map: o.Role}
	}
	if err := out.Claims.Check(known); err != nil {
		return nil, fmt.Errorf("--oidc-role: %w", err)
	}
	return out, nil
}
