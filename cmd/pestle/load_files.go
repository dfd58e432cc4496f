package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/auth"
)

// fileLoad stores a file for a command: said has its name and what else the command
// says of it. The error holds every mistake of the file, and then nothing is stored.
type fileLoad[L any] func(ctx context.Context, a *app, said url.Values, data []byte, who fhir.Principal) (*L, error)

// fileLoaded is what became of a file that a server was sent.
type fileLoaded[L any] struct {
	Loaded *L           `json:"loaded,omitempty"`
	Issues []fhir.Issue `json:"issues,omitempty"`
}

// files loads the files of a command such as tariff load: in the server that has the
// folder open, or in the folder. tell prints what became of each.
func (load fileLoad[L]) files(command string, names []string, said url.Values, data string, r remote, key encryption, std streams, tell func(name string, l *L, err error)) (err error) {
	if err := askData(command, data, r); err != nil {
		return err
	}
	store, done, err := load.where(command, data, r, key)
	if err != nil {
		return err
	}
	defer func() { err = done(err) }()
	failed := false
	for _, name := range names {
		r, done, err := open(name, std.in, nil)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(r)
		done()
		if err != nil {
			return err
		}
		said.Set("name", filepath.Base(name))
		l, err := store(said, text)
		failed = failed || err != nil
		tell(name, l, err)
	}
	if failed {
		return errSilent
	}
	return nil
}

// where stores a file: in the server that has the folder open, or in the folder.
func (load fileLoad[L]) where(command, data string, r remote, key encryption) (store func(said url.Values, text []byte) (*L, error), done ending, err error) {
	server, err := r.reach(data)
	if err != nil {
		return nil, nil, err
	}
	if server != nil {
		path, _, _ := strings.Cut(command, " ")
		return func(said url.Values, text []byte) (*L, error) { return load.send(server, command, path, said, text) }, unended, nil
	}
	app, err := openApp(appConfig{Data: data, Key: key, Profiles: profileOptions{Policy: "r4"}}, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, nil, err
	}
	ended, err := app.command(command)
	if err != nil {
		return nil, nil, errors.Join(err, app.close())
	}
	return func(said url.Values, text []byte) (*L, error) {
		return load(context.Background(), app, said, text, commandRequester(command))
	}, func(err error) error { return errors.Join(ended(err), app.close()) }, nil
}

// send has a server load a file.
func (fileLoad[L]) send(server *administration, command, path string, said url.Values, text []byte) (*L, error) {
	answer, err := server.post(path, said, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	var became fileLoaded[L]
	if err := json.NewDecoder(answer.Body).Decode(&became); err != nil {
		return nil, err
	}
	if len(became.Issues) > 0 {
		return nil, &fhir.Error{Op: command, Kind: fhir.Invalid, Issues: became.Issues}
	}
	return became.Loaded, nil
}

// sent loads a file that a server was sent.
func (load fileLoad[L]) sent(a *admin, who auth.Identity, w http.ResponseWriter, r *http.Request) error {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	who.Requester.Unbound = true // as the command is, which the scope grants
	var became fileLoaded[L]
	became.Loaded, err = load(r.Context(), a.app, r.URL.Query(), text, who.Requester)
	if e := (*fhir.Error)(nil); errors.As(err, &e) {
		became.Issues = e.Issues
	} else if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(became)
}

// notLoaded prints why a file was not loaded; false where it was.
func notLoaded(name string, err error, std streams) bool {
	if e := (*fhir.Error)(nil); errors.As(err, &e) {
		for _, i := range e.Issues {
			fmt.Fprintln(std.err, issueLine(name, i))
		}
	} else if err != nil {
		fmt.Fprintf(std.err, "%s: %v\n", name, err)
	}
	return err != nil
}
