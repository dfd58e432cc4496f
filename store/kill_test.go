package store_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/badger"
)

// TestMain serves as the child of TestKill and BenchmarkOpen too.
func TestMain(m *testing.M) {
	if dir := os.Getenv("PESTLE_OPEN_DIR"); dir != "" {
		opened(dir)
	}
	if dir := os.Getenv("PESTLE_KILL_DIR"); dir != "" {
		victim(dir)
	}
	os.Exit(m.Run())
}

// TestKill kills a process with SIGKILL while 16 clients write and a follower
// derives from what they write. After each restart every acknowledged version
// is there, each transaction is there whole or not at all, the follower's
// output agrees with its cursor, and the check finds nothing.
func TestKill(t *testing.T) {
	kills := 8
	if os.Getenv("PESTLE_LONG") != "" {
		kills = 100
	}
	rnd := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	var dir string
	var acknowledged map[string]string
	total := 0
	for kill := range kills {
		if kill%8 == 0 { // a new database now and then, for they grow
			dir, acknowledged = t.TempDir(), map[string]string{}
		}
		before := len(acknowledged)
		runAndKill(t, dir, rnd.IntN(300), acknowledged)
		inspect(t, dir, acknowledged)
		total += len(acknowledged) - before
	}
	require.Positive(t, total)
	t.Logf("%d kills, %d acknowledged versions", kills, total)
}

// runAndKill starts the child on a folder and kills it some acknowledgements
// later, collecting them.
func runAndKill(t *testing.T, dir string, later int, acknowledged map[string]string) {
	self, err := os.Executable()
	require.NoError(t, err)
	child := exec.Command(self)
	child.Env = append(os.Environ(), "PESTLE_KILL_DIR="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	for s, n := bufio.NewScanner(out), 0; s.Scan(); n++ {
		if n == later {
			require.NoError(t, child.Process.Kill())
		}
		if version, sum, ok := strings.Cut(s.Text(), " "); ok && len(sum) == 64 {
			acknowledged[version] = sum // a line that was cut off is no acknowledgement
		}
	}
	require.Error(t, child.Wait(), "killed")
}

func inspect(t *testing.T, dir string, acknowledged map[string]string) {
	e, err := badger.Open(dir, nil)
	require.NoError(t, err)
	db := openDB(t, e, store.Options{})
	defer func() { require.NoError(t, db.Close()) }()
	sound(t, db)
	stored := map[string]string{}
	parts := map[string]int{}
	outputs := map[string]bool{}
	cursor, err := db.CursorAt(ctx, "follower")
	require.NoError(t, err)
	entries := wholeLog(t, db)
	for _, entry := range entries {
		for _, v := range entry.Versions {
			stored[name(v)] = sum(v)
			if v.Type == "Observation" {
				parts[v.RequestID]++
			}
			if v.Type == "Basic" {
				outputs[v.ID] = true
			}
		}
	}
	for version, sum := range acknowledged {
		require.Equal(t, sum, stored[version], "an acknowledged version is lost: %s", version)
	}
	for request, n := range parts {
		_, whole, _ := strings.Cut(request, "*")
		require.Equal(t, whole, fmt.Sprint(n), "transaction %s is there in part", request)
	}
	for _, entry := range entries {
		for _, v := range entry.Versions {
			if v.Type == "Patient" {
				require.Equal(t, v.Seq <= cursor, outputs[derivedID(v)], "cursor at %d, output of %s", cursor, name(v))
			}
		}
	}
}

// wholeLog reads the log to its end: one answer holds a few megabytes of it.
func wholeLog(t *testing.T, db *store.DB) (all []fhir.LogEntry) {
	for {
		entries, err := db.Log(ctx, fhir.Seq(len(all)), 1<<30)
		require.NoError(t, err)
		if len(entries) == 0 {
			return all
		}
		all = append(all, entries...)
	}
}

func name(v *fhir.Version) string { return v.Ref() + "/_history/" + v.VersionID }

func sum(v *fhir.Version) string {
	h := sha256.Sum256(v.JSON)
	return hex.EncodeToString(h[:])
}

func derivedID(v *fhir.Version) string { return v.ID + "." + v.VersionID }

// victim writes until it is killed, and prints what has been acknowledged.
func victim(dir string) {
	e, err := badger.Open(dir, nil)
	if err != nil {
		panic(err)
	}
	db, err := store.Open(e, store.Options{})
	if err != nil {
		panic(err)
	}
	var mu sync.Mutex
	say := func(c *fhir.Commit) {
		var b strings.Builder
		for _, r := range c.Results {
			if r.Applied != fhir.Matched {
				fmt.Fprintf(&b, "%s %s\n", name(r.Version), sum(r.Version))
			}
		}
		mu.Lock()
		defer mu.Unlock()
		_, _ = io.WriteString(os.Stdout, b.String())
	}
	go follow(db, say)
	var clients sync.WaitGroup
	for i := range 16 {
		clients.Go(func() { client(db, i, say) })
	}
	clients.Wait()
}

// client updates patients and writes transactions of three, or now and then
// one so big that the engine has to take it in parts.
func client(db *store.DB, i int, say func(*fhir.Commit)) {
	t := &testing.T{}
	for n := 0; ; n++ {
		request := fmt.Sprintf("%d-%d-%d", os.Getpid(), i, n)
		tx := &fhir.Transaction{RequestID: request}
		if n%2 == 0 {
			tx.Changes = []fhir.Change{put(fmt.Sprintf("p%d", rand.IntN(20)), patient(t, fmt.Sprint(i), request))}
		} else {
			whole, text := 3, request
			if i == 0 && n%20 == 1 {
				whole, text = 8, noise(800_000)
			}
			tx.RequestID = fmt.Sprintf("%s*%d", request, whole)
			for k := range whole {
				tx.Changes = append(tx.Changes, post(parse(t, `{'resourceType':'Observation','valueString':'%s-%d'}`, text, k)))
			}
		}
		c, err := db.Commit(ctx, tx)
		if err != nil {
			panic(err)
		}
		say(c)
	}
}

// noise is text that cannot be compressed much.
func noise(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = '0' + byte(rand.Uint32N(43)) // no quotes, no backslash
	}
	return string(b)
}

// follow derives one resource from each version of a patient.
func follow(db *store.DB, say func(*fhir.Commit)) {
	t := &testing.T{}
	for {
		at, err := db.CursorAt(ctx, "follower")
		if err != nil {
			panic(err)
		}
		if err := db.Wait(ctx, at); err != nil {
			panic(err)
		}
		entries, err := db.Log(ctx, at, 5)
		if err != nil {
			panic(err)
		}
		tx := &fhir.Transaction{Cursor: fhir.Cursor{Name: "follower", Was: at, Seq: at + fhir.Seq(len(entries))}}
		for _, entry := range entries {
			for _, v := range entry.Versions {
				if v.Type == "Patient" {
					c := put(derivedID(v), parse(t, `{'resourceType':'Basic','code':{'text':'%s'}}`, name(v)))
					c.Method, c.IfAbsent = fhir.Create, true
					tx.Changes = append(tx.Changes, c)
				}
			}
		}
		c, err := db.Commit(ctx, tx)
		if err != nil {
			panic(err)
		}
		say(c)
	}
}
