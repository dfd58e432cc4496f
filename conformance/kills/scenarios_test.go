package kills

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"
)

// round is one kill: a folder, what was acknowledged about it, and chance.
type round struct {
	*home
	ledger *ledger
	rnd    *rand.Rand
	lost   *int // processes that others have taken the disk from, see taken
}

// scenario is what happens to a server until it is killed. It returns when no
// process has the folder open.
type scenario struct {
	name  string
	fits  func(*home) bool // nil for every folder
	happy func(*round) error
}

var scenarios = []scenario{
	{"killed", nil, (*round).killed},
	{"killed while it is read", nil, (*round).read},
	{"SIGTERM in the middle", nil, (*round).terminated},
	{"killed while it starts", nil, (*round).starting},
	{"killed during a backup", nil, (*round).backingUp},
	{"disk full", func(h *home) bool { return h.small }, (*round).full},
	{"disk taken by others", func(h *home) bool { return h.small }, (*round).taken},
	{"calls fail", func(*home) bool { return tracer() }, (*round).failing},
	{"calls fail", func(*home) bool { return tracer() }, (*round).failing},
	{"killed during key rotate", func(h *home) bool { return h.key != "" }, (*round).rotating},
}

// later waits for so many more answers, for two seconds at most, or for the end
// of the server.
func (r *round) later(s *site, answers int) {
	until := r.ledger.count() + answers
	for end := time.Now().Add(2 * time.Second); r.ledger.count() < until && time.Now().Before(end); time.Sleep(time.Millisecond) {
		select {
		case <-s.ended:
			return
		default:
		}
	}
}

func (r *round) killed() error {
	s, err := r.start()
	if err != nil {
		return err
	}
	c := write(s, r.ledger, r.rnd)
	r.later(s, r.rnd.IntN(400))
	err = s.kill()
	c.end()
	return err
}

// read kills a server that is read at full speed. Each read that was answered is in
// the audit log, which the next server goes on to sign.
func (r *round) read() error {
	s, err := r.start()
	if err != nil {
		return err
	}
	status, answer, h, err := s.send("POST", "/fhir/Patient", patient("", newMark("read")))
	if err != nil || status != 201 {
		return errors.Join(fmt.Errorf("status %d: %s", status, answer), err, s.kill())
	}
	_, at, _ := strings.Cut(h.Get("Location"), "/fhir/")
	var group sync.WaitGroup
	var answered sync.Map
	for range 4 * writers {
		group.Go(func() {
			for {
				id := uuid.NewString()
				status, _, _, err := s.send("GET", "/fhir/"+at, "", "X-Request-ID", id)
				if err != nil {
					return
				}
				if status == 200 {
					answered.Store(id, true)
				}
			}
		})
	}
	time.Sleep(time.Duration(r.rnd.IntN(1500)) * time.Millisecond)
	err = s.kill()
	group.Wait()
	out, failed := r.output(append([]string{"audit", "export", "--format", "compact"}, r.flags()...)...)
	if err = errors.Join(err, failed); err != nil {
		return fmt.Errorf("%w: %s", err, tail(out))
	}
	lost := 0
	answered.Range(func(id, _ any) bool {
		if !strings.Contains(out, fmt.Sprintf("%q:%q", "RequestID", id)) {
			lost++
		}
		return true
	})
	if lost > 0 {
		return fmt.Errorf("%d reads were answered and are not in the audit log", lost)
	}
	return nil
}

// terminated: half of the time it is not left the time to finish.
func (r *round) terminated() error {
	s, err := r.start()
	if err != nil {
		return err
	}
	c := write(s, r.ledger, r.rnd)
	r.later(s, r.rnd.IntN(300))
	s.terminate()
	if r.rnd.IntN(2) == 0 {
		time.Sleep(time.Duration(r.rnd.IntN(300)) * time.Millisecond)
		_ = s.cmd.Process.Kill() // it may have ended by now
		<-s.ended
		c.end()
		return panicked([]byte(s.log.String()))
	}
	c.end() // its last requests are answered
	select {
	case <-s.ended:
	case <-time.After(50 * time.Second):
		return errors.Join(errors.New("the server did not end after SIGTERM"), s.kill())
	}
	if s.exit != nil {
		return fmt.Errorf("the server ended with %w: %s", s.exit, tail(s.log.String()))
	}
	return panicked([]byte(s.log.String()))
}

// starting kills the process a few times while it starts, which is when it
// recovers from the kill before.
func (r *round) starting() error {
	if err := r.killed(); err != nil {
		return err
	}
	for range 3 {
		s, out, err := r.launch()
		if err != nil {
			return err
		}
		time.Sleep(time.Duration(r.rnd.IntN(250)) * time.Millisecond)
		_ = s.cmd.Process.Kill()
		_, _ = out.WriteTo(&locked{})
		_ = s.cmd.Wait() // it was killed
		if err := panicked([]byte(s.log.String())); err != nil {
			return err
		}
	}
	return nil
}

// backingUp takes a backup while clients write, and kills the server, the command
// or neither. What is complete holds all that was acknowledged before it began.
func (r *round) backingUp() error {
	s, err := r.start()
	if err != nil {
		return err
	}
	c := write(s, r.ledger, r.rnd)
	r.later(s, r.rnd.IntN(150))
	before := r.ledger.copy()
	to := r.t.TempDir()
	args := []string{"backup", "create", "--to", to, "--data", r.data()}
	if r.key != "" {
		args = append(args, "--recipient", recipient)
	}
	backup := r.command(nil, args...)
	if err := backup.Start(); err != nil {
		return err
	}
	victim := r.rnd.IntN(3)
	if victim < 2 {
		time.Sleep(time.Duration(r.rnd.IntN(200)) * time.Millisecond)
	}
	if victim == 1 {
		_ = backup.Process.Kill()
	}
	if victim == 0 {
		err = s.kill()
	}
	taken := backup.Wait()
	if victim != 0 {
		err = s.kill()
	}
	c.end()
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(to, "pestle-*"))
	if err != nil || taken == nil && len(files) != 1 || victim == 2 && taken != nil {
		return fmt.Errorf("the backup ended with %w, and there are %q", taken, files)
	}
	if len(files) == 1 {
		return r.restored(files[0], before)
	}
	return nil
}

// restored restores a backup elsewhere and looks for what it must hold.
func (r *round) restored(file string, must *ledger) error {
	other := &home{t: r.t, dir: r.t.TempDir()}
	args := []string{"restore", "--data", other.data(), file}
	if strings.HasSuffix(file, ".age") {
		args = append(args, "--identity", identity(r.t))
	}
	if out, err := r.output(args...); err != nil {
		return fmt.Errorf("restore: %w: %s", err, out)
	}
	return other.holds(must)
}

// full lets the disk become full by what the server writes: it is measured before
// each write, so the process goes on and serves reads. Then it is killed, and
// started while the disk is full.
func (r *round) full() error {
	tables, err := filepath.Glob(filepath.Join(r.data(), "*.sst"))
	if err != nil {
		return err
	}
	leave := int64(48+r.rnd.IntN(12)) << 20 // see room in store/kv/badger
	for _, table := range tables {
		if info, err := os.Stat(table); err == nil {
			leave += info.Size()
		}
	}
	return r.filling(leave, func(s *site) error {
		status, answer, _, err := s.send("GET", "/fhir/Patient?_count=1", "")
		if err != nil || status != 200 {
			err = fmt.Errorf("a read while the disk is full: status %d: %s %w", status, answer, err)
		}
		return errors.Join(err, s.kill())
	})
}

// taken has others take all of the disk at once, between the measure and the
// write. A page of a mapped file then has no block, and the system may end the
// process; what it has acknowledged is there all the same.
func (r *round) taken() error {
	return r.filling(int64(r.rnd.IntN(30))<<20, func(s *site) error {
		err := s.kill()
		if log := s.log.String(); strings.Contains(log, "SIGBUS") || strings.Contains(log, "fatal error: fault") {
			*r.lost++
			return nil
		}
		return err
	})
}

// filling fills the disk but for some bytes while clients write, has the server
// killed, and starts it once more before there is room again.
func (r *round) filling(leave int64, end func(*site) error) error {
	s, err := r.start()
	if err != nil {
		return err
	}
	c := write(s, r.ledger, r.rnd)
	r.later(s, r.rnd.IntN(100))
	ballast := filepath.Join(r.dir, "ballast")
	if err := r.fill(ballast, leave); err != nil {
		return errors.Join(err, s.kill())
	}
	time.Sleep(time.Duration(100+r.rnd.IntN(500)) * time.Millisecond)
	err = end(s)
	c.end()
	return errors.Join(err, r.restartFull(), os.Remove(ballast))
}

// fill writes a file until the disk has so many bytes free.
func (r *round) fill(path string, leave int64) error {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(r.dir, &disk); err != nil {
		return err
	}
	n := int64(disk.Bavail)*disk.Bsize - leave
	err := os.WriteFile(path, make([]byte, max(0, n)), 0o600)
	if errors.Is(err, syscall.ENOSPC) { // the server was quicker
		return nil
	}
	return err
}

// restartFull starts a server on the full disk: it serves reads and refuses
// writes, or writes while there is room, or says how much room it needs.
func (r *round) restartFull() error {
	s, err := r.start()
	if refused := (errRefused{}); errors.As(err, &refused) {
		if !strings.Contains(refused.log, "MB free and") {
			return fmt.Errorf("it does not name the room it needs: %w", err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	got, err := s.history()
	if err == nil {
		err = r.ledger.audit(got)
	}
	status, answer, _, e := s.send("POST", "/fhir/Patient", patient("", newMark("full")))
	if e == nil && status != 201 && status != 507 {
		err = errors.Join(err, fmt.Errorf("a write on a full disk: status %d: %s", status, answer))
	}
	return errors.Join(err, e, s.kill())
}

// calls of the system that are made to fail.
var calls = []string{"fdatasync", "fsync", "msync", "pwrite64", "ftruncate", "rename,renameat,renameat2", "unlink,unlinkat", "fallocate"}

// tracer reports whether calls can be made to fail here.
func tracer() bool {
	_, err := exec.LookPath("strace")
	return err == nil
}

// failing makes one call, or all from one on, fail with EIO or ENOSPC.
func (r *round) failing() error {
	call := calls[r.rnd.IntN(len(calls))]
	when := fmt.Sprint(1 + r.rnd.IntN(60))
	if r.rnd.IntN(2) == 0 {
		when += "+"
	}
	code := []string{"EIO", "EIO", "ENOSPC"}[r.rnd.IntN(3)]
	s, err := r.start("strace", "-D", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace="+call, "-e", "inject="+call+":error="+code+":when="+when)
	what := fmt.Sprintf("%s fails with %s at %s", call, code, when)
	if refused := (errRefused{}); errors.As(err, &refused) {
		return nil // in words, see panicked
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	c := write(s, r.ledger, r.rnd)
	r.later(s, 100+r.rnd.IntN(300))
	c.end()
	if err := r.honest(s); err != nil {
		err = fmt.Errorf("%s: %w: %s", what, err, tail(s.log.String()))
		return errors.Join(err, s.kill())
	}
	if err := s.kill(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// honest: a server that refuses writes says so to who asks whether it is ready,
// and goes on with reads as long as it can record who is shown what.
func (r *round) honest(s *site) error {
	status, answer, _, err := s.send("POST", "/fhir/Patient", patient("", newMark("honest")))
	if err != nil {
		return err
	}
	ready, why, _, err := s.send("GET", "/health/ready", "")
	if err != nil {
		return err
	}
	if (status == 201) != (ready == 200) {
		return fmt.Errorf("a write is answered %d and /health/ready %d: %s %s", status, ready, answer, why)
	}
	status, answer, _, err = s.send("GET", "/fhir/Patient?_count=1", "")
	if err != nil || status == 200 {
		return err
	}
	// A failing call may be one of the audit log: then nothing of patients is shown,
	// and whoever asks after the server's health is told.
	if _, why, _, err = s.send("GET", "/health/ready", ""); err != nil {
		return err
	}
	if status != 503 || !strings.Contains(answer, `"valueString":"audit"`) || !strings.Contains(why, "audit") {
		return fmt.Errorf("a read is answered %d: %s; /health/ready: %s", status, answer, why)
	}
	return nil
}

// rotating kills the command that replaces the key: the folder opens with the old
// key or with the new one.
func (r *round) rotating() error {
	if err := r.killed(); err != nil {
		return err
	}
	next := filepath.Join(r.t.TempDir(), "key")
	if err := writeKey(next, r.rnd); err != nil {
		return err
	}
	cmd := r.command(nil, append([]string{"key", "rotate", "--new-key-file", next}, r.flags()...)...)
	if err := cmd.Start(); err != nil {
		return err
	}
	time.Sleep(time.Duration(r.rnd.IntN(60)) * time.Millisecond)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	out, err := r.output(append([]string{"check"}, r.flags()...)...)
	if err == nil {
		return nil
	}
	if !strings.Contains(out, "encrypted with another key") {
		return fmt.Errorf("the old key: %w: %s", err, out)
	}
	r.key = next
	return nil
}

func tail(log string) string { return log[max(0, len(log)-1500):] }
