package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/oauth"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/badger"
)

type clientCommand struct {
	Key     clientKey     `cmd:"" help:"Make a private key for a client, and print its public key set."`
	Add     clientAdd     `cmd:"" help:"Register a client, which gets tokens with its key."`
	List    clientList    `cmd:"" help:"List the clients."`
	Show    clientShow    `cmd:"" help:"Print what is registered of a client."`
	Rotate  clientRotate  `cmd:"" help:"Replace the keys of a client; its tokens stay in force."`
	Disable clientDisable `cmd:"" help:"Take a client's tokens away and give it none any more."`
}

// clientFolder is whose clients a command is about.
type clientFolder struct {
	Data string `env:"PESTLE_DATA" default:"data" placeholder:"DIR" help:"Folder of the database; a server may have it open."`

	Roles []byte `env:"PESTLE_ROLES" placeholder:"FILE" help:"The table of roles that the server has, where it has another than the built-in one."`

	encryption `embed:""`
}

// clientChange is what a command does: it travels to the server that has the
// folder open.
type clientChange struct {
	Do     string       `json:"do"`
	Client oauth.Client `json:"client"`
}

// apply does it, and returns the clients that it is about.
func (c clientChange) apply(s *oauth.Server) ([]oauth.Client, error) {
	if c.Do == "list" {
		return s.Clients(), nil
	}
	var out oauth.Client
	var err error
	switch id := c.Client.ID; c.Do {
	case "add":
		out, err = s.Add(c.Client)
	case "show":
		out, err = s.Client(id)
	case "rotate":
		out, err = s.Rotate(id, c.Client.Credentials)
	case "disable", "enable":
		out, err = s.Disable(id, c.Do == "disable")
	default:
		err = errors.New("there is no such command")
	}
	return []oauth.Client{out}, err
}

// do applies a change in the server that has the folder open, or in the folder.
func (f *clientFolder) do(c clientChange) (list []oauth.Client, err error) {
	server := administered(f.Data)
	if server == nil {
		return f.offline(c)
	}
	body, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	answer, err := server.post("client", nil, strings.NewReader(string(body)))
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	return list, json.NewDecoder(answer.Body).Decode(&list)
}

func (f *clientFolder) offline(c clientChange) (_ []oauth.Client, err error) {
	roles, err := readRoles(f.Roles)
	if err != nil {
		return nil, err
	}
	engine, end, err := openShelf(f.Data, f.encryption, strings.TrimSpace("client "+c.Do+" "+c.Client.ID))
	if err != nil {
		return nil, err
	}
	defer func() { err = end(err) }()
	s, err := oauth.New(clientConfig(store.NewShelf(engine), roles))
	if err != nil {
		return nil, err
	}
	return c.apply(s)
}

// openShelf opens the database of a folder that no server has open, for a command
// about what is beside the resources. The command is recorded before; end closes the
// database, and records what became of it.
func openShelf(data string, e encryption, line string) (engine *badger.Engine, end ending, err error) {
	key, err := e.key()
	if err != nil {
		return nil, nil, err
	}
	if there, err := badger.Exists(data, key); err != nil || !there {
		return nil, nil, errors.Join(keyAdvice(err), fmt.Errorf("there is no database in %s: start the server first, or name its folder with --data", data))
	}
	ended, err := e.record(data, line)
	if err != nil {
		return nil, nil, err
	}
	if engine, err = badger.Open(data, slog.New(slog.DiscardHandler), key); err != nil {
		return nil, nil, ended(keyAdvice(err))
	}
	return engine, func(err error) error { return ended(errors.Join(err, engine.Close())) }, nil
}

// mayChangeClient lets who has $clients list clients, take their tokens away and give
// them back. Who a client is and what it may do is said on the machine of the server
// alone: whoever could register one would have all that it may do.
func mayChangeClient(who auth.Identity, r *http.Request) error {
	if _, here := r.Context().Value(peerKey{}).(peer); here {
		return nil
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(text))
	var c clientChange
	if err := json.Unmarshal(text, &c); err != nil {
		return fhir.E("client", fhir.Invalid, fhir.Issue{Message: "The command cannot be read.", Expected: `{"do":"list"}`})
	}
	if c.Do == "add" || c.Do == "rotate" {
		return fhir.E("client", fhir.Forbidden, fhir.Issue{Message: "Clients are registered, and their keys replaced, on the server's own machine alone.", Found: c.Do, Fix: "Give the command pestle client " + c.Do + " there."})
	}
	return permit(who, "$clients")
}

// client answers the commands about clients for a running server. Elsewhere than on its
// machine nothing is told of secrets but that there is one.
func (a *admin) client(_ auth.Identity, w http.ResponseWriter, r *http.Request) error {
	if a.tokens == nil {
		return errors.New("the server issues no tokens, so it has no clients: start it with --issue-tokens")
	}
	var c clientChange
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		return err
	}
	list, err := c.apply(a.tokens)
	if err != nil {
		return err
	}
	if _, here := r.Context().Value(peerKey{}).(peer); !here {
		for i := range list {
			if list[i].Secret != nil {
				list[i].Secret = []byte{0}
			}
		}
	}
	return json.NewEncoder(w).Encode(list)
}

// keySource reads --keys: a file with a key set, or the URL of one.
func keySource(text string) (set json.RawMessage, url string, err error) {
	if strings.Contains(text, "://") {
		return nil, text, nil
	}
	set, err = os.ReadFile(text)
	if err == nil && !json.Valid(set) {
		err = errors.New("it is not JSON")
	}
	if err != nil {
		return nil, "", fmt.Errorf("--keys %s: %w", text, err)
	}
	return set, "", nil
}

// credentials reads what a client is known by. A secret is made and written to a
// file for whoever runs the client; the server gets its hash.
func credentials(keys, secret string) (by oauth.Credentials, err error) {
	switch {
	case keys != "" && secret != "":
		return by, errors.New("expected --keys or --secret, not both")
	case keys != "":
		by.Keys, by.KeysURL, err = keySource(keys)
	case secret != "":
		text, kept := oauth.NewSecret()
		by.Secret = kept
		if err = writeOwn(secret, text+"\n"); err != nil {
			err = fmt.Errorf("--secret: %w", err)
		}
	}
	return by, err
}

// writeOwn writes a file that its owner alone can read; it must not exist.
func writeOwn(name, text string) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}

// printClients writes a line for each client.
func printClients(out io.Writer, list []oauth.Client) error {
	for _, c := range clientLines(list) {
		if _, err := fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.ID, c.Organisation, c.State, c.Name, strings.Join(c.Roles, " "), strings.Join(c.Scopes, " "), c.Keys); err != nil {
			return err
		}
	}
	return nil
}

// clientLine is what a list says of a client.
type clientLine struct {
	ID           string   `json:"id"`
	Organisation string   `json:"organisation"`
	State        string   `json:"state"` // enabled or disabled
	Name         string   `json:"name"`
	Roles        []string `json:"roles"`
	Scopes       []string `json:"scopes"`
	Keys         string   `json:"keys"` // where its keys are: an address, "own keys", "secret" or "public" for none
}

func clientLines(list []oauth.Client) []clientLine {
	out := make([]clientLine, 0, len(list))
	for _, c := range list {
		keys := c.KeysURL
		switch {
		case c.Public():
			keys = "public"
		case c.Secret != nil:
			keys = "secret"
		case keys == "":
			keys = "own keys"
		}
		state := "enabled"
		if c.Disabled {
			state = "disabled"
		}
		out = append(out, clientLine{c.ID, c.Organisation, state, c.Name, c.Roles, c.Scopes, keys})
	}
	return out
}
