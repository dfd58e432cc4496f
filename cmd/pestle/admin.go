package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/limit"
	"github.com/pestle-fhir/pestle/server/oauth"
	"github.com/pestle-fhir/pestle/store/archive"
	"github.com/pestle-fhir/pestle/trust/audit"
	"github.com/pestle-fhir/pestle/trust/ledger"
	"github.com/pestle-fhir/pestle/trust/policy"
)

// admin answers the commands of this binary for a running server: on the socket
// in the folder of its database, and below adminPath of its address for callers
// with a token.
type admin struct {
	app      *app
	data     string
	log      *slog.Logger
	tokens   *oauth.Server // nil where the server issues none
	accounts *accounts     // nil where nobody can sign in
	sandbox  *policy.Table // what roles allow the people of a sandbox; nil elsewhere
	replica  *replica      // nil where no standby can follow

	ready func(context.Context) (status, causes string) // see [server.Server.Ready]
	roles *policy.Table                                 // as it is now

	rotating sync.Mutex // one rotation of the key at a time
	denials  limit.Denials
}

const adminPath = "/admin/"

// An adminCommand is what a server does for a command line.
type adminCommand struct {
	name string                                         // as it is typed
	most int64                                          // bytes of its body
	may  func(who auth.Identity, r *http.Request) error // refuses who may not give it; nil for one that is given on the socket alone
	do   func(a *admin, who auth.Identity, w http.ResponseWriter, r *http.Request) error
}

// unrecorded are the commands that are parts of one that was recorded: only their refusal is.
var unrecorded = map[string]bool{adminPath + "standby/log": true, adminPath + "standby/content": true}

const (
	smallBody = 1 << 20
	fileBody  = 1 << 30
)

// adminCommands are the commands by path.
var adminCommands = map[string]adminCommand{
	adminPath + "alerts":             {"alerts", smallBody, scoped("$alerts"), (*admin).alerts},
	adminPath + "audit":              {"audit export", smallBody, scoped("$audit-export"), (*admin).exportAudit},
	adminPath + "backup":             {"backup", smallBody, scoped("$backup"), (*admin).backup},
	adminPath + "check":              {"check", smallBody, scoped("$check"), (*admin).check},
	adminPath + "client":             {"client", fileBody >> 8, mayChangeClient, (*admin).client},
	adminPath + "token":              {"token", smallBody, nil, (*admin).personToken},
	adminPath + "digest":             {"check --digest", smallBody, scoped("$check"), (*admin).digest},
	adminPath + "export":             {"export", smallBody, mayExport, (*admin).export},
	adminPath + "key":                {"key rotate", smallBody, nil, (*admin).rotateKey},
	adminPath + "import":             {"import", fileBody, scoped("$import"), (*admin).importing},
	adminPath + "load":               {"load", smallBody, nil, (*admin).load},
	adminPath + "proof":              {"proof export", smallBody, nil, (*admin).proof},
	adminPath + "register":           {"register", smallBody, scoped("Basic/$register"), (*admin).register},
	adminPath + "state":              {"state", smallBody, scoped("$server"), (*admin).state},
	adminPath + "subscription":       {"subscription", smallBody, scoped("$server"), (*admin).subscription},
	adminPath + "tariff":             {"tariff load", fhir.MaxSize, scoped("$tariff-load"), loadTariff.sent},
	adminPath + "tariff/show":        {"tariff list", fhir.MaxSize, scoped("$tariff-load"), (*admin).tariffShow},
	adminPath + "prices":             {"prices load", fhir.MaxSize, scoped("$prices-load"), loadPrices.sent},
	adminPath + "prices/show":        {"prices list", smallBody, scoped("$prices-load"), (*admin).pricesShow},
	adminPath + "logs":               {"logs", smallBody, nil, (*admin).logs},
	adminPath + "launch":             {"launch", smallBody, nil, (*admin).launch},
	adminPath + "user":               {"user", smallBody, scoped("$users"), (*admin).user},
	adminPath + "promote":            {"promote", smallBody, nil, (*admin).promote},
	adminPath + "standby/copy":       {"standby copy", smallBody, scoped("$standby"), (*admin).standbyCopy},
	adminPath + "standby/hello":      {"standby", smallBody, scoped("$standby"), (*admin).standbyHello},
	adminPath + "standby/log":        {"standby", smallBody, scoped("$standby"), (*admin).standbyLog},
	adminPath + "standby/content":    {"standby", smallBody, scoped("$standby"), (*admin).standbyContent},
	adminPath + "standby/overtake":   {"standby overtake", smallBody, scoped("$standby"), (*admin).standbyOvertake},
	adminPath + "definitions/add":    {"definitions add", fileBody, scoped("$definitions"), (*admin).addDefinitions},
	adminPath + "definitions/remove": {"definitions remove", smallBody, scoped("$definitions"), (*admin).removeDefinitions},
}

// commandOf is the name of the command that a request is for.
func commandOf(r *http.Request) string {
	if c, ok := adminCommands[r.URL.Path]; ok {
		return c.name
	}
	return "load"
}

// headerVersion is the version of the binary that sends a command.
const headerVersion = "Pestle-Version"

// trailerHeader is the trailer of a backup.
const trailerHeader = "Pestle-Header"

// handler serves the commands to whom who knows. A refusal is text for a person
// at a terminal. An answer that cannot be completed is broken off, so that nobody
// takes it for whole.
func (a *admin) handler(who server.Authenticator) http.Handler { return a.sameVersion(a.commands(who)) }

// commands are the commands without the question of which version they are.
func (a *admin) commands(who server.Authenticator) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		w.Header().Set("Cache-Control", "no-store")
		c, known := adminCommands[r.URL.Path]
		_, here := who.(operators)
		if !known || c.may == nil && !here || r.Method != http.MethodPost {
			http.Error(w, "There is no such command.", http.StatusNotFound)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, c.most)
		out := &answering{ResponseWriter: w}
		caller, record, err := a.admit(who, c, w, r)
		if err == nil {
			err = c.do(a, caller, out, r.WithContext(fhir.WithPrincipal(r.Context(), &caller.Requester)))
			if record != nil {
				a.ended(r.Context(), record, out, err)
			}
		}
		if record == nil && err == nil {
			return
		}
		a.log.Info("command", "command", c.name, "by", caller.Requester.Agent, "name", caller.Requester.Display, "took", time.Since(started), "failed", err != nil)
		if err != nil && out.yes {
			a.log.Error("the answer to a command was broken off", "command", c.name, "error", describe(err))
			panic(http.ErrAbortHandler)
		}
		if err != nil {
			http.Error(w, describe(err), commandStatus(err))
		}
	})
}

// commandStatus is the status of a command that failed.
func commandStatus(err error) int {
	tooLong := (*http.MaxBytesError)(nil)
	switch kind := fhir.KindOf(err); {
	case errors.As(err, &tooLong):
		return http.StatusRequestEntityTooLarge
	case kind == fhir.Login:
		return http.StatusUnauthorized
	case kind == fhir.Forbidden:
		return http.StatusForbidden
	}
	return http.StatusUnprocessableEntity
}

// sameVersion refuses commands of another version of the binary, whose answers
// may mean something else. A page of a browser cannot send the header.
func (a *admin) sameVersion(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if is := r.Header.Get(headerVersion); is != version() {
			if is == "" {
				is = "unknown"
			}
			http.Error(w, fmt.Sprintf("This command is of version %s, and the server is of version %s: use the binary that the server runs, or restart the server with this one.", is, version()), http.StatusConflict)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// backup streams an archive; what it holds is told in a trailer.
func (a *admin) backup(_ auth.Identity, w http.ResponseWriter, r *http.Request) error {
	var q backupRequest
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		return err
	}
	w.Header().Set("Trailer", trailerHeader)
	size := &measured{Writer: w}
	h, err := writeBackup(r.Context(), a.app.db, a.app.audit, a.app.definitions.files, size, q)
	a.app.backups.done(time.Now(), size.bytes, h, err)
	if err != nil {
		w.Header().Del("Trailer")
		return err
	}
	text, err := json.Marshal(h)
	w.Header().Set(trailerHeader, string(text))
	return err
}

// measured counts what is written.
type measured struct {
	io.Writer
	bytes int64
}

func (c *measured) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.bytes += int64(n)
	return n, err
}

// answering is an answer that knows whether anything of it was written.
type answering struct {
	http.ResponseWriter
	yes bool
}

func (b *answering) Write(p []byte) (int, error) {
	b.yes = true
	return b.ResponseWriter.Write(p)
}

// headerIn reads the header of the archive that was streamed.
func headerIn(trailer http.Header) (h archive.Header, err error) {
	if trailer.Get(trailerHeader) == "" {
		return h, archive.ErrTruncated
	}
	return h, json.Unmarshal([]byte(trailer.Get(trailerHeader)), &h)
}

func (a *admin) check(_ auth.Identity, w http.ResponseWriter, r *http.Request) error {
	f, err := a.app.db.Check(r.Context())
	if err != nil {
		return err
	}
	checkAudit(r.Context(), a.app.audit, f)
	checkRegister(r.Context(), a.app.db, medicines{a.app.library.Terminology()}, f)
	checkStock(r.Context(), a.app.db, medicines{a.app.library.Terminology()}, f)
	return json.NewEncoder(w).Encode(f)
}

func (a *admin) digest(_ auth.Identity, w http.ResponseWriter, r *http.Request) error {
	answer, err := digestOf(r.Context(), a.app.db)
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(answer)
}

// load begins a load: its resources come by themselves, and the log has who.
func (a *admin) load(auth.Identity, http.ResponseWriter, *http.Request) error { return nil }

// rotateKey replaces the key of the database.
func (a *admin) rotateKey(_ auth.Identity, _ http.ResponseWriter, r *http.Request) error {
	var k keyChange
	if err := json.NewDecoder(r.Body).Decode(&k); err != nil {
		return err
	}
	a.rotating.Lock()
	defer a.rotating.Unlock()
	return audit.Rotate(auditFolder(a.data), k.From, k.To, func() error { return a.app.engine.RotateKey(k.From, k.To) })
}

// export writes the month's Bundles: those that the operations of Claim would
// return to the caller.
func (a *admin) export(who auth.Identity, w http.ResponseWriter, r *http.Request) error {
	var c exportClaims
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		return err
	}
	list, notes, err := c.month(r.Context(), a.app.reimbursement, who)
	if err != nil {
		return err
	}
	return c.write(w, a.app.reimbursement, list, notes)
}

// addDefinitions adds what the body holds, a tar, and takes it over at once.
func (a *admin) addDefinitions(_ auth.Identity, w http.ResponseWriter, r *http.Request) error {
	return define(w, func() (definitionsAnswer, error) { return a.app.definitions.add(r.Body) })
}

// removeDefinitions removes what was added under the names in the query.
func (a *admin) removeDefinitions(_ auth.Identity, w http.ResponseWriter, r *http.Request) error {
	return define(w, func() (definitionsAnswer, error) {
		return a.app.definitions.remove(r.URL.Query()["name"])
	})
}

func define(w http.ResponseWriter, do func() (definitionsAnswer, error)) error {
	answer, err := do()
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(answer)
}

// withCommands serves commands to callers with a token beside what the server
// serves.
func (a *admin) withCommands(next http.Handler, who server.Authenticator) http.Handler {
	commands := a.handler(who)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, adminPath) {
			commands.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// proof streams an export of the log.
func (a *admin) proof(_ auth.Identity, w http.ResponseWriter, r *http.Request) error {
	h := ledger.Header{}
	if l := a.app.ledger; l.Signed() {
		h = ledger.Header{Origin: l.Newest().Origin, Key: l.Public(), Checkpoints: []string{string(l.Newest().Note)}}
	}
	return ledger.Export(r.Context(), w, h, logged{a.app.db})
}
