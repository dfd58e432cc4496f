package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/oauth"
)

// tokenCommand prints an access token: of a person of a sandbox, or of a client
// by its private key.
type tokenCommand struct {
	As   string `placeholder:"NAME" help:"A person of a sandbox that runs: clinic, clinic-2, pharmacist, pharmacist-2, pharmacy-2, technician, support, finance, auditor, administrator."`
	Data string `env:"PESTLE_DATA" default:"data" placeholder:"DIR" help:"Folder of the sandbox."`

	Client string `placeholder:"ID" help:"The client_id, for a token by its key."`
	Key    string `placeholder:"FILE" help:"Its private key, as pestle client key writes it."`
	Scope  string `placeholder:"SCOPES" help:"The scopes to ask for, with blanks between them."`
	Server string `env:"PESTLE_SERVER" placeholder:"URL" help:"The server, such as https://pestle.example."`
	CAFile string `name:"ca-file" placeholder:"FILE" help:"Certificates (PEM) of who signs the certificate of --server, in the place of those of the system."`
}

// Run prints the token and nothing else.
func (c *tokenCommand) Run(std streams) error {
	token, err := c.token()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(std.out, token)
	return err
}

func (c *tokenCommand) token() (string, error) {
	switch {
	case c.As != "" && c.Client == "":
		return c.ofPerson()
	case c.Client != "" && c.As == "" && c.Key != "" && c.Scope != "" && c.Server != "":
		return c.ofClient()
	}
	return "", errors.New("token needs --as NAME, for a sandbox; or --client ID, --key FILE, --scope SCOPES and --server URL")
}

func (c *tokenCommand) ofPerson() (string, error) {
	if _, err := sandboxPerson(c.As); err != nil {
		return "", err
	}
	sandbox := administered(c.Data)
	if sandbox == nil {
		return "", fmt.Errorf("no sandbox has the folder %s open: start pestle serve --sandbox, or name its folder with --data", c.Data)
	}
	answer, err := sandbox.post("token", url.Values{"as": {c.As}}, nil)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
	return strings.TrimSpace(string(text)), err
}

// personToken issues a token to a person of a sandbox, on its socket.
func (a *admin) personToken(_ auth.Identity, w http.ResponseWriter, r *http.Request) error {
	if a.sandbox == nil {
		return errors.New("the server is not a sandbox: get a token with --client and --key")
	}
	p, err := sandboxPerson(r.URL.Query().Get("as"))
	if err != nil {
		return err
	}
	p.Scopes = strings.Join(a.sandbox.Of(p.Roles...).Scopes("user"), " ")
	text, err := a.tokens.ForPerson(p)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w, text)
	return err
}

func (c *tokenCommand) ofClient() (string, error) {
	text, err := os.ReadFile(c.Key)
	if err != nil {
		return "", fmt.Errorf("--key: %w", err)
	}
	var key oauth.PrivateKey
	if err := json.Unmarshal(text, &key); err != nil {
		return "", fmt.Errorf("--key %s: it is not a JSON Web Key, as pestle client key writes it", c.Key)
	}
	at, err := remote{Server: c.Server, CAFile: c.CAFile}.connect()
	if err != nil {
		return "", err
	}
	var smart struct {
		Endpoint string `json:"token_endpoint"`
	}
	if err := at.json(http.MethodGet, at.base+server.Bases[0]+"/.well-known/smart-configuration", nil, &smart); err != nil {
		return "", err
	}
	assertion, err := key.Assert(c.Client, smart.Endpoint, time.Now())
	if err != nil {
		return "", fmt.Errorf("--key %s: %w", c.Key, err)
	}
	var answer struct {
		Token string `json:"access_token"`
	}
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {c.Scope}, "client_assertion_type": {oauth.AssertionType}, "client_assertion": {assertion}}
	err = at.json(http.MethodPost, smart.Endpoint, form, &answer)
	return answer.Token, err
}

// json sends a form, or nothing, and reads an answer.
func (a *administration) json(method, address string, form url.Values, into any) error {
	r, err := http.NewRequestWithContext(context.Background(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := a.client.Do(r)
	if err != nil {
		return a.unreached(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return err
	}
	var refused struct{ Error, Error_description string }
	if answer.StatusCode != http.StatusOK {
		_ = json.Unmarshal(text, &refused)
		return fmt.Errorf("%s answered with status %d: %s %s", address, answer.StatusCode, refused.Error, refused.Error_description)
	}
	return json.Unmarshal(text, into)
}
