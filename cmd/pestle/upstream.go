package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	journal "github.com/pestle-fhir/pestle/store/log"
	"github.com/pestle-fhir/pestle/store/log/ship"
)

// upstream is the primary as its standby reaches it: by the commands of a server
// elsewhere, with a token that is read anew for each.
type upstream struct {
	remote
	db  *store.DB  // of the standby, once it is open
	way sync.Mutex // for at
	at  *administration
	let []letting // contents that wait for their records
}

// letting is a content that is held until a record is applied.
type letting struct {
	place   journal.Place
	release func()
}

// reached is the primary, with the token as it is now: one that is replaced in time is used.
func (u *upstream) reached() (*administration, error) {
	u.way.Lock()
	defer u.way.Unlock()
	at, err := u.connect()
	if err == nil && u.at != nil {
		at.client = u.at.client
	}
	if err == nil {
		u.at = at
	}
	return at, err
}

// call gives a command to the primary. A refusal is a [ship.ErrRefused].
func (u *upstream) call(ctx context.Context, path string, q url.Values, body any) (*http.Response, error) {
	at, err := u.reached()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, at.base+adminPath+path+"?"+q.Encode(), bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	at.sign(r.Header)
	answer, err := at.client.Do(r)
	if err != nil {
		return nil, at.unreached(err)
	}
	if answer.StatusCode == http.StatusOK {
		return answer, nil
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.Header.Get(headerSession) != "" {
		return nil, ship.ErrSession
	}
	return nil, fmt.Errorf("%w: %w", ship.ErrRefused, at.refusal(answer))
}

// headerSession is on the answer to a request whose session is not known.
const headerSession = "Pestle-Session"

// Hello begins a session.
func (u *upstream) Hello(ctx context.Context, h ship.Hello) (w ship.Welcome, err error) {
	answer, err := u.call(ctx, "standby/hello", nil, h)
	if err != nil {
		return w, err
	}
	return w, errors.Join(json.NewDecoder(answer.Body).Decode(&w), answer.Body.Close())
}

// Batch asks for the records after a place.
func (u *upstream) Batch(ctx context.Context, session string, after journal.Place) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancel(ctx)
	idle := time.AfterFunc(batchIdle, cancel)
	answer, err := u.call(ctx, "standby/log", url.Values{"session": {session}, "after": {strconv.FormatUint(uint64(after), 10)}}, nil)
	if err != nil {
		cancel()
		return nil, err
	}
	return &alive{answer.Body, idle, cancel}, nil
}

// batchIdle is how long a batch may send nothing: the primary begins to answer within
// [batchWait], and a connection that has died says nothing of it.
const batchIdle = batchWait + 10*time.Second

// alive is a body that ends when nothing comes.
type alive struct {
	io.ReadCloser
	idle   *time.Timer
	cancel func()
}

func (a *alive) Read(b []byte) (int, error) {
	n, err := a.ReadCloser.Read(b)
	if err == nil {
		a.idle.Reset(batchIdle)
	}
	return n, err
}

func (a *alive) Close() error {
	a.idle.Stop()
	defer a.cancel()
	return a.ReadCloser.Close()
}

// before brings the contents to which a record refers, and holds them until it is applied.
func (u *upstream) before(ctx context.Context, place journal.Place, record []byte) error {
	u.release()
	has := func(c fhir.Content) bool {
		release, ok := u.db.HoldContent(ctx, c)
		if ok {
			u.let = append(u.let, letting{place, release})
		}
		return ok
	}
	return u.eachMissing(ctx, place, record, has, func(in io.Reader) (fhir.Content, error) {
		got, release, err := u.db.ReceiveContent(ctx, in)
		if err == nil {
			u.let = append(u.let, letting{place, release})
		}
		return got, err
	})
}

// eachMissing has take receive the contents to which a record refers and that are not here.
func (u *upstream) eachMissing(ctx context.Context, place journal.Place, record []byte, has func(fhir.Content) bool, take func(io.Reader) (fhir.Content, error)) error {
	list, err := store.ContentsOf(record)
	if err != nil {
		return err
	}
	for _, c := range list {
		if has(c) {
			continue
		}
		if err := u.bring(ctx, c, take); err != nil {
			return fmt.Errorf("the content %x, to which the record at place %d refers: %w", c.SHA256, place, err)
		}
	}
	return nil
}

func (u *upstream) bring(ctx context.Context, c fhir.Content, take func(io.Reader) (fhir.Content, error)) error {
	answer, err := u.call(ctx, "standby/content", url.Values{"sha256": {hex.EncodeToString(c.SHA256[:])}, "size": {strconv.FormatInt(c.Size, 10)}}, nil)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	got, err := take(answer.Body)
	if err == nil && got != c {
		err = errors.New("another one came")
	}
	return err
}

// release lets go of the contents whose records are applied.
func (u *upstream) release() {
	for held := u.db.Role().Place; len(u.let) > 0 && u.let[0].place <= held; u.let = u.let[1:] {
		u.let[0].release()
	}
}

// overtakeRequest tells a primary that its place is taken.
type overtakeRequest struct {
	Log  string `json:"log"`
	Term uint64 `json:"term"`
	By   string `json:"by"`
}

// overtake has the primary lead no more, and says up to which place its log is.
func (u *upstream) overtake(ctx context.Context, q overtakeRequest) (last journal.Place, err error) {
	answer, err := u.call(ctx, "standby/overtake", nil, q)
	if err != nil {
		return 0, err
	}
	return last, errors.Join(json.NewDecoder(answer.Body).Decode(&last), answer.Body.Close())
}
