package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
	"github.com/pestle-fhir/pestle/server"
	"github.com/pestle-fhir/pestle/server/auth"
	"github.com/pestle-fhir/pestle/server/oauth"
	"github.com/pestle-fhir/pestle/store/archive"
	"github.com/pestle-fhir/pestle/trust/audit"
	"github.com/pestle-fhir/pestle/trust/ledger"
)

// admin answers the commands of this binary for a running server: on the socket
// in the folder of its database, and below adminPath of its address for callers
// with a token.
type admin struct {
	app     *app
	data    string
	log     *slog.Logger
	tokens  *oauth.Server // nil where the server issues none
	sandbox bool

	rotating sync.Mutex // one rotation of the key at a time
}

const adminPath = "/admin/"

// An adminCommand is what a server does for a command line.
type adminCommand struct {
	name string // as it is typed
	most int64  // bytes of its body
	here bool   // on the socket alone
	do   func(a *admin, who auth.Identity, w http.ResponseWriter, r *http.Request) error
}

const (
	smallBody = 1 << 20
	fileBody  = 1 << 30
)

// adminCommands are the commands by path.
var adminCommands = map[string]adminCommand{
	adminPath + "audit":              {"audit export", smallBody, false, (*admin).exportAudit},
	adminPath + "backup":             {"backup", smallBody, false, (*admin).backup},
	adminPath + "check":              {"check", smallBody, false, (*admin).check},
	adminPath + "client":             {"client", fileBody >> 8, true, (*admin).client},
	adminPath + "token":              {"token", smallBody, true, (*admin).personToken},
	adminPath + "digest":             {"check --digest", smallBody, false, (*admin).digest},
	adminPath + "export":             {"export", smallBody, false, (*admin).export},
	adminPath + "key":                {"key rotate", smallBody, true, (*admin).rotateKey},
	adminPath + "load":               {"load", smallBody, true, (*admin).load},
	adminPath + "proof":              {"proof export", smallBody, true, (*admin).proof},
	adminPath + "tariff":             {"tariff load", fhir.MaxSize, false, (*admin).tariff},
	adminPath + "definitions/add":    {"definitions add", fileBody, false, (*admin).addDefinitions},
	adminPath + "definitions/remove": {"definitions remove", smallBody, false, (*admin).removeDefinitions},
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

// Trailers of an answer that is streamed.
const (
	trailerError  = "Pestle-Error"
	trailerHeader = "Pestle-Header"
)

// handler serves the commands to whom who knows. A refusal is text for a person
// at a terminal. What a command needs besides being known is a scope that names
// it, see [permit].
func (a *admin) handler(who server.Authenticator) http.Handler {
	return a.sameVersion(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		w.Header().Set("Cache-Control", "no-store")
		c, known := adminCommands[r.URL.Path]
		_, here := who.(operators)
		if !known || c.here && !here || r.Method != http.MethodPost {
			http.Error(w, "There is no such command.", http.StatusNotFound)
			return
		}
		caller, err := who.Authenticate(r)
		if err == nil {
			r = r.WithContext(fhir.WithPrincipal(r.Context(), &caller.Requester))
			r.Body = http.MaxBytesReader(w, r.Body, c.most)
			if err = a.app.audit.Record(r.Context(), commandBy(r, caller, http.StatusOK)); err == nil {
				err = c.do(a, caller, w, r)
			}
			if fhir.KindOf(err) == fhir.Forbidden {
				err = errors.Join(err, a.app.audit.Record(r.Context(), commandBy(r, caller, http.StatusForbidden)))
			}
		} else if challenge := who.Challenge(err); challenge != "" {
			w.Header().Set("WWW-Authenticate", challenge)
		}
		a.log.Info("command", "command", c.name, "by", caller.Requester.Agent, "name", caller.Requester.Display, "took", time.Since(started), "failed", err != nil)
		if err != nil {
			http.Error(w, describe(err), commandStatus(err))
		}
	}))
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

// permit refuses a caller without a scope that names an operation, and one whose
// roles do not grant it.
func permit(who auth.Identity, operation string) error {
	if who.MayInvoke(operation, "") {
		return nil
	}
	return fhir.E("command", fhir.Forbidden, fhir.Issue{Message: "The token does not allow this command.", Expected: "the scope system/" + operation + ", and where the token names roles one that has it (pestle roles)",
		Fix: "Ask who issues the token for that scope, or give the command on the server's own machine."})
}

// backup streams an archive. What goes wrong after its first byte is told in a
// trailer, and the archive has no seal then.
func (a *admin) backup(who auth.Identity, w http.ResponseWriter, r *http.Request) error {
	if err := permit(who, "$backup"); err != nil {
		return err
	}
	var q backupRequest
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		return err
	}
	out := &begun{w: w}
	w.Header().Set("Trailer", trailerError+", "+trailerHeader)
	h, err := writeBackup(r.Context(), a.app.db, a.app.audit, a.app.definitions.files, out, q)
	if err != nil && !out.yes {
		w.Header().Del("Trailer")
		return err
	}
	if err != nil {
		w.Header().Set(trailerError, strings.ReplaceAll(describe(err), "\n", " "))
		return nil //nolint:nilerr // told in the trailer
	}
	text, err := json.Marshal(h)
	w.Header().Set(trailerHeader, string(text))
	return err
}

// begun is a writer that knows whether anything was written.
type begun struct {
	w   io.Writer
	yes bool
}

func (b *begun) Write(p []byte) (int, error) {
	b.yes = true
	return b.w.Write(p)
}

// headerIn reads the header of the archive that was streamed.
func headerIn(trailer http.Header) (h archive.Header, err error) {
	if trailer.Get(trailerHeader) == "" {
		return h, archive.ErrTruncated
	}
	return h, json.Unmarshal([]byte(trailer.Get(trailerHeader)), &h)
}

func (a *admin) check(who auth.Identity, w http.ResponseWriter, r *http.Request) error {
	if err := permit(who, "$check"); err != nil {
		return err
	}
	f, err := a.app.db.Check(r.Context())
	if err != nil {
		return err
	}
	checkAudit(r.Context(), a.app.audit, f)
	return json.NewEncoder(w).Encode(f)
}

func (a *admin) digest(who auth.Identity, w http.ResponseWriter, r *http.Request) error {
	if err := permit(who, "$check"); err != nil {
		return err
	}
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

// tariff loads a file of the tariff: the body, under the name in the query.
func (a *admin) tariff(who auth.Identity, w http.ResponseWriter, r *http.Request) error {
	if err := permit(who, "$tariff-load"); err != nil {
		return err
	}
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	month, err := strconv.Atoi(q.Get("month"))
	if err != nil {
		return err
	}
	var answer tariffAnswer
	answer.Loaded, err = a.app.reimbursement.LoadTariff(r.Context(),
		reimbursement.File{Name: q.Get("name"), Kind: tariff.Kind(q.Get("kind")), Month: tariff.Month(month), Data: data}, who.Requester)
	if e := (*fhir.Error)(nil); errors.As(err, &e) {
		answer.Issues = e.Issues
	} else if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(answer)
}

// tariffAnswer is what became of a file of the tariff.
type tariffAnswer struct {
	Loaded *reimbursement.Loaded `json:"loaded,omitempty"`
	Issues []fhir.Issue          `json:"issues,omitempty"`
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
	return writeExports(w, list, notes)
}

// addDefinitions adds what the body holds, a tar, and takes it over at once.
func (a *admin) addDefinitions(who auth.Identity, w http.ResponseWriter, r *http.Request) error {
	return a.define(who, w, func() (definitionsAnswer, error) { return a.app.definitions.add(r.Body) })
}

// removeDefinitions removes what was added under the names in the query.
func (a *admin) removeDefinitions(who auth.Identity, w http.ResponseWriter, r *http.Request) error {
	return a.define(who, w, func() (definitionsAnswer, error) {
		return a.app.definitions.remove(r.URL.Query()["name"])
	})
}

func (a *admin) define(who auth.Identity, w http.ResponseWriter, do func() (definitionsAnswer, error)) error {
	if err := permit(who, "$definitions"); err != nil {
		return err
	}
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

// proof streams an export of the log. What goes wrong after its first byte is told
// in a trailer.
func (a *admin) proof(_ auth.Identity, w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Trailer", trailerError)
	h := ledger.Header{}
	if l := a.app.ledger; l.Signed() {
		h = ledger.Header{Origin: l.Newest().Origin, Key: l.Public(), Checkpoints: []string{string(l.Newest().Note)}}
	}
	if err := ledger.Export(r.Context(), w, h, logged{a.app.db}); err != nil {
		w.Header().Set(trailerError, describe(err))
	}
	return nil
}
