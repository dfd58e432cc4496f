package server

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/pestle-fhir/pestle/fhir"
)

// Shelf keeps values by name, so that jobs outlive the process.
type Shelf interface {
	// Write stores values by name and deletes those that are nil, durably.
	Write(values map[string][]byte) error
	// Each calls f with each name and value, until f fails.
	Each(f func(name string, value []byte) error) error
}

// job is a request that is answered later: https://hl7.org/fhir/R4/async.html
// It holds what was asked and how far the work is, and of an export never what it found:
// that is read again, as of the same state, when it is fetched. So no copy of a record
// lies anywhere that a purge, a right that ends or the encryption of the store would not
// reach. Only the answer to a deferred request is kept, in memory, for the rights with
// which it was made, and until something is purged.
type job struct {
	ID       string    `json:"id"`
	Owner    string    `json:"owner"` // who asked, as [exchange.caller] has it
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires"`
	Request  string    `json:"request"` // the address as it was asked
	Prefix   string    `json:"prefix"`
	Export   *export   `json:"export,omitempty"`   // of a bulk export
	Deferred *deferred `json:"deferred,omitempty"` // of any other request
	Done     bool      `json:"done,omitempty"`
	Failure  []byte    `json:"failure,omitempty"` // an OperationOutcome
	Status   int       `json:"status,omitempty"`  // of the failure

	mu       sync.Mutex
	stop     context.CancelFunc // nil while nobody works on it
	progress string

	result *result // of a deferred request; nil where it has to be made again. [jobs.mu] guards it.
}

const (
	jobName = "job/" // what the shelf has of jobs begins with it
	// jobsKept is how long a job and its files are there.
	jobsKept = 24 * time.Hour
	// jobTime is how long one may take.
	jobTime = 2 * time.Hour
	// jobsOpen are the jobs that a caller may have, jobsAll those that there may be.
	jobsOpen = 20
	jobsAll  = 2000
)

// jobs are those of a server. Two are worked on at a time, and one of each caller, so
// that requests are answered beside them and nobody waits for the jobs of one.
type jobs struct {
	shelf Shelf
	turn  chan struct{}
	turns map[string]chan struct{} // of callers
	ended context.Context          // when no more is to be done
	end   context.CancelFunc
	busy  sync.WaitGroup // those that are worked on
	mu    sync.Mutex
	byID  map[string]*job
	held  int // bytes of results
}

// Close ends the work on jobs, and returns when nothing reads the repository for them
// any more. What is not done goes on with the next server of the same shelf.
func (s *Server) Close() {
	s.jobs.mu.Lock()
	s.jobs.end()
	s.jobs.mu.Unlock()
	s.jobs.busy.Wait()
}

// begin counts a job that is worked on, unless no more is to be done.
func (j *jobs) begin() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.ended.Err() != nil {
		return false
	}
	j.busy.Add(1)
	return true
}

// newJobs reads those that the shelf has.
func newJobs(shelf Shelf) (*jobs, error) {
	j := &jobs{shelf: shelf, turn: make(chan struct{}, 2), turns: map[string]chan struct{}{}, byID: map[string]*job{}}
	j.ended, j.end = context.WithCancel(context.Background())
	if shelf == nil {
		return j, nil
	}
	err := shelf.Each(func(name string, value []byte) error {
		if !strings.HasPrefix(name, jobName) {
			return nil
		}
		one := &job{}
		if err := json.Unmarshal(value, one); err != nil || jobName+one.ID != name {
			return nil //nolint:nilerr // of a version that wrote them otherwise: its client asks again
		}
		j.byID[one.ID] = one
		return nil
	})
	return j, err
}

// keep writes a job down.
func (j *jobs) keep(one *job) error {
	if j.shelf == nil {
		return nil
	}
	one.mu.Lock()
	text, err := json.Marshal(one)
	one.mu.Unlock()
	if err != nil {
		return err
	}
	return j.shelf.Write(map[string][]byte{jobName + one.ID: text})
}

// add takes a job on, and drops those that have expired.
func (j *jobs) add(one *job) error {
	j.expire(one.Created)
	j.mu.Lock()
	own := 0
	for _, other := range j.byID {
		if other.Owner == one.Owner {
			own++
		}
	}
	full := own >= jobsOpen || len(j.byID) >= jobsAll
	if !full {
		j.byID[one.ID] = one
	}
	j.mu.Unlock()
	if full {
		return fhir.E("async", fhir.Throttled, fhir.Issue{Message: "There are as many jobs as may be at a time.", Fix: "Delete those that are not needed any more at their status addresses, or wait until they expire."})
	}
	if err := j.keep(one); err != nil {
		j.mu.Lock()
		delete(j.byID, one.ID)
		j.mu.Unlock()
		return err
	}
	return nil
}

// expire drops what is over.
func (j *jobs) expire(now time.Time) {
	j.mu.Lock()
	var over []*job
	for _, one := range j.byID {
		if now.After(one.Expires) {
			over = append(over, one)
		}
	}
	j.mu.Unlock()
	for _, one := range over {
		_ = j.drop(one) // on a full disk it stays, and means nothing
	}
}

// drop ends a job and forgets it.
func (j *jobs) drop(one *job) error {
	j.mu.Lock()
	delete(j.byID, one.ID)
	j.release(one)
	j.mu.Unlock()
	one.mu.Lock()
	if one.stop != nil {
		one.stop()
	}
	one.mu.Unlock()
	if j.shelf == nil {
		return nil
	}
	return j.shelf.Write(map[string][]byte{jobName + one.ID: nil})
}

// find is the job of a caller; to any other it does not exist.
func (j *jobs) find(id, owner string, now time.Time) (*job, error) {
	j.mu.Lock()
	one := j.byID[id]
	j.mu.Unlock()
	if one == nil || one.Owner != owner || now.After(one.Expires) {
		return nil, fhir.E("async", fhir.NotFound, fhir.Issue{Message: "There is no such job.", Found: id,
			Fix: "It was deleted, it has expired after " + jobsKept.String() + ", or another caller asked for it. Ask again."})
	}
	return one, nil
}

// known reports whether a job was not dropped meanwhile.
func (j *jobs) known(one *job) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.byID[one.ID] == one
}

// newJob is a job for what an exchange asks.
func (s *Server) newJob(x *exchange, request string) *job {
	now := s.now()
	return &job{ID: uuid.NewString(), Owner: x.caller(), Created: now, Expires: now.Add(jobsKept), Request: request, Prefix: x.prefix}
}

// work has a job go on, with the rights of who asks about it now, unless it is being
// worked on or is done. After a restart the first question has it go on.
func (s *Server) work(one *job, x *exchange) {
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.stop != nil || one.Failure != nil || one.Done && (one.Deferred == nil || s.jobs.resultOf(one, s.validity(x)) != nil) {
		return
	}
	if !s.jobs.begin() {
		return
	}
	ctx, cancel := context.WithTimeout(s.jobs.ended, jobTime)
	one.stop = cancel
	own := x.apart()
	go func() {
		defer s.jobs.busy.Done()
		err := s.turn(own.into(ctx), one, own)
		cancel()
		one.mu.Lock()
		one.stop = nil
		if err != nil && !errors.Is(err, context.Canceled) {
			status, _, issues := s.explain(own, err)
			one.Status, one.Failure = status, fhir.Outcome(issues).JSON()
		}
		one.mu.Unlock()
		if s.jobs.known(one) {
			if e := s.jobs.keep(one); e != nil {
				s.config.Logger.Warn("a job could not be written down", "error", e)
			}
		}
	}()
}

// wait waits for the turn of a caller's job. The function that is returned ends it.
func (j *jobs) wait(ctx context.Context, owner string) (func(), error) {
	j.mu.Lock()
	own := j.turns[owner]
	if own == nil {
		own = make(chan struct{}, 1)
		j.turns[owner] = own
	}
	j.mu.Unlock()
	for _, turn := range []chan struct{}{own, j.turn} {
		select {
		case turn <- struct{}{}:
		case <-ctx.Done():
			if turn == j.turn {
				<-own
			}
			return nil, ctx.Err()
		}
	}
	return func() { <-j.turn; <-own }, nil
}

// turn works on a job when it is its turn.
func (s *Server) turn(ctx context.Context, one *job, x *exchange) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicked(p)
		}
	}()
	done, err := s.jobs.wait(ctx, one.Owner)
	if err != nil {
		return err
	}
	defer done()
	if one.Deferred != nil {
		return s.answerLater(ctx, one, x)
	}
	return s.walk(ctx, one, x)
}

// say notes how far a job is.
func (one *job) say(progress string) {
	one.mu.Lock()
	one.progress = progress
	one.mu.Unlock()
}

// apart is the exchange of who asked, for work that outlives the request. It holds
// nothing of the server's memory and shows nothing.
func (x *exchange) apart() *exchange {
	return &exchange{requestID: x.requestID, given: x.given, identity: x.identity, base: x.base, prefix: x.prefix, own: x.own, custom: x.custom, elsewhere: x.elsewhere, learned: x.learned, format: x.format, repository: x.repository}
}

// held is what the answers to deferred requests may take together.
const heldResults = 64 << 20

// hold keeps the result of a deferred request in memory; what is too much is made
// again when it is asked for.
func (j *jobs) hold(one *job, r *result) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, other := range slices.SortedFunc(maps.Values(j.byID), func(a, b *job) int { return a.Created.Compare(b.Created) }) {
		if j.held+len(r.text) <= heldResults || other == one {
			break
		}
		j.release(other)
	}
	if j.byID[one.ID] == one { // it was not dropped meanwhile
		one.result = r
		j.held += len(r.text)
	}
}

// release forgets a result. The jobs are locked.
func (j *jobs) release(one *job) {
	if one.result != nil {
		j.held -= len(one.result.text)
		one.result = nil
	}
}

// resultOf is the result of a deferred request that is valid as [Server.validity] says,
// nil for none. Another is forgotten, so that it is made again.
func (j *jobs) resultOf(one *job, validity string) *result {
	j.mu.Lock()
	defer j.mu.Unlock()
	if one.result != nil && one.result.validity != validity {
		j.release(one)
	}
	return one.result
}

// validity is what a caller may do and is shown, and how often content was erased, in a
// form that can be compared.
func (s *Server) validity(x *exchange) string {
	who, purges := &x.identity.Requester, uint64(0)
	if s.config.Purges != nil {
		purges = s.config.Purges()
	}
	return fmt.Sprint(x.identity.Scopes, who.Roles, who.Delegates, who.SeesAll, who.SeesNone, x.notice(), purges)
}

func progressText(parts ...string) string {
	text := strings.Join(parts, ", ")
	return cmp.Or(text[:min(len(text), 99)], "waiting")
}
