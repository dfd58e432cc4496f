package ledger

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/pestle-fhir/pestle/fhir"
)

// Witness remembers, on another machine, the last checkpoint of a log, and takes
// the next one only with a proof that it continues it. Whoever rewrites the
// history, even with the key of the log, is found by it.
type Witness struct {
	URL    string // of the server, "https://fhir.example.org"
	Log    string // which of its logs: "" for that of changes, "audit"
	Token  string // of an auditor; "" for a server that asks for none
	Key    note.Verifier
	File   string // with the checkpoint that was seen last
	Cosign *Key   // signs what was seen; nil for no signature
	Client *http.Client
	Clock  func() time.Time
}

// AlarmError says that a log is not one that only grows.
type AlarmError struct{ Seen, Shown Checkpoint }

// Error says what was seen before and what is shown now.
func (e *AlarmError) Error() string {
	return fmt.Sprintf("ALARM: the log of %s does not continue what this witness has seen: seen %s, shown %s", e.Seen.Origin, e.Seen, e.Shown)
}

// Observe fetches the newest checkpoint, has it proved that it continues the last
// one, signs it and keeps it.
func (w *Witness) Observe(ctx context.Context) (Checkpoint, error) {
	path := "/checkpoint"
	if w.Log != "" {
		path = "/" + w.Log + path
	}
	text, err := w.get(ctx, path, nil)
	if err != nil {
		return Checkpoint{}, err
	}
	shown, err := OpenCheckpoint(text, w.Key)
	if err != nil {
		return shown, err
	}
	seen, err := w.seen()
	if err == nil {
		err = w.continues(ctx, seen, shown)
	}
	if err != nil {
		return shown, err
	}
	return w.keep(shown)
}

// seen is the checkpoint that was kept; the zero one before the first.
func (w *Witness) seen() (Checkpoint, error) {
	text, err := os.ReadFile(w.File)
	if errors.Is(err, fs.ErrNotExist) {
		return Checkpoint{}, nil
	}
	if err != nil {
		return Checkpoint{}, err
	}
	return OpenCheckpoint(text, w.Key)
}

func (w *Witness) continues(ctx context.Context, seen, shown Checkpoint) error {
	switch {
	case shown.Size < seen.Size, shown.Size == seen.Size && shown.Root != seen.Root && seen.Size > 0:
		return &AlarmError{seen, shown}
	case shown.Size == seen.Size || seen.Size == 0:
		return nil
	}
	query := url.Values{"from": {fmt.Sprint(seen.Size)}, "to": {fmt.Sprint(shown.Size)}}
	if w.Log != "" {
		query.Set("log", w.Log)
	}
	text, err := w.get(ctx, "/fhir/$log-consistency", query)
	if err != nil {
		return err
	}
	answer, err := fhir.Parse(text)
	if err != nil {
		return err
	}
	var proof tlog.TreeProof
	for p := range answer.Get("parameter").Items() {
		if p.Get("name").Text() != "hash" {
			continue
		}
		h, err := tlog.ParseHash(p.Get("valueBase64Binary").Text())
		if err != nil {
			return err
		}
		proof = append(proof, h)
	}
	if tlog.CheckTree(proof, int64(shown.Size), shown.Root, int64(seen.Size), seen.Root) != nil { //nolint:gosec // parsed as 63 bits
		return &AlarmError{seen, shown}
	}
	return nil
}

// keep writes a checkpoint, durably, in the place of the last one.
func (w *Witness) keep(c Checkpoint) (Checkpoint, error) {
	if w.Cosign != nil {
		now := time.Now
		if w.Clock != nil {
			now = w.Clock
		}
		c.Note = append(c.Note, w.Cosign.cosign(c, now())...)
	}
	fresh := w.File + ".new"
	f, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return c, err
	}
	_, err = f.Write(c.Note)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return c, err
	}
	return c, errors.Join(os.Rename(fresh, w.File), syncFolder(filepath.Dir(w.File)))
}

// cosigned is the type of the signature of a witness.
const cosigned = 0x04

// cosign is the line of the signature of a witness at a time:
// https://c2sp.org/tlog-cosignature, version 1.
func (k *Key) cosign(c Checkpoint, at time.Time) string {
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", at.Unix(), c.text())
	private := ed25519.NewKeyFromSeed(k.seed)
	public, _ := private.Public().(ed25519.PublicKey)
	id := sha256.Sum256(append([]byte(k.Name()+"\n\x04"), public...))
	b := binary.BigEndian.AppendUint64(id[:4:4], uint64(at.Unix())) //nolint:gosec // not before 1970
	b = append(b, ed25519.Sign(private, []byte(message))...)
	return "— " + k.Name() + " " + base64.StdEncoding.EncodeToString(b) + "\n"
}

// CosignatureKey is the key with which the signatures of a witness are verified.
func (k *Key) CosignatureKey() string {
	public, _ := ed25519.NewKeyFromSeed(k.seed).Public().(ed25519.PublicKey)
	id := sha256.Sum256(append([]byte(k.Name()+"\n\x04"), public...))
	return fmt.Sprintf("%s+%x+%s", k.Name(), id[:4], base64.StdEncoding.EncodeToString(append([]byte{cosigned}, public...)))
}

// maxAnswer bounds what a witness reads of an answer.
const maxAnswer = 1 << 20

func (w *Witness) get(ctx context.Context, path string, query url.Values) ([]byte, error) {
	address := strings.TrimRight(w.URL, "/") + path
	if query != nil {
		address += "?" + query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/fhir+json, text/plain")
	if w.Token != "" {
		r.Header.Set("Authorization", "Bearer "+w.Token)
	}
	client := w.Client
	if client == nil {
		client = &http.Client{Timeout: time.Minute}
	}
	answer, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %.300s", address, answer.Status, text)
	}
	return text, err
}
