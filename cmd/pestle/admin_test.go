package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// command runs one command line on a folder and returns what it printed.
func command(t *testing.T, data, line string) (code int, out string) {
	t.Helper()
	var b bytes.Buffer
	code = run(append(strings.Fields(line), "--data", data), streams{in: strings.NewReader(""), out: &b, err: &b})
	return code, b.String()
}

// serving is a server that takes commands.
type serving struct {
	*running
	end  context.CancelFunc
	done <-chan struct{}
	base string
}

func serve(t *testing.T, data string) *serving {
	t.Helper()
	s := start(t, data)
	ctx, end := context.WithCancel(context.Background())
	return &serving{s, end, (&admin{app: s.app, data: data, log: slog.New(slog.DiscardHandler)}).administer(ctx), s.URL + "/fhir"}
}

func (s *serving) stop() {
	s.end()
	<-s.done
	s.running.stop()
}

// TestCommandsWhileServing: a server that has the database open does the work
// of the commands, and its clients see it at once.
func TestCommandsWhileServing(t *testing.T) {
	data, files := t.TempDir(), t.TempDir()
	s := serve(t, data)
	defer s.stop()
	write := func(name, text string) string {
		path := filepath.Join(files, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	patient := write("patient.json", `{"resourceType":"Patient","id":"loaded","name":[{"family":"Loaded"}]}`)
	broken := write("broken.json", `{"resourceType":"Patient","gender":"x"}`)
	tariff := write("edition.csv", "Medicine,Pack size,,VMP Snomed Code,VMPP Snomed Code,Drug Tariff Category,Basic Price\nTwo tablets,28,tablet,99990011000001109,99990021000001100,Part VIIIA Category M,120\n")
	handed := write("handed.csv", "patient,family name,birth date\nP1,Adams,1990-01-01\n")
	mistake := write("mistake.csv", "Medicine,Pack size,,VMP Snomed Code,VMPP Snomed Code,Drug Tariff Category,Basic Price\nTwo tablets,28,tablet,99990011000001109,99990021000001100,Part VIIIA Category M,x\n")
	private := write("private.csv", privatePrices)
	costless := write("costless.csv", strings.Replace(privatePrices, "12.00", "x", 1))
	for _, c := range []struct {
		line string
		code int
		want string
	}{
		{"load " + patient, 0, "1 resources of 1 files"},
		{"load " + broken, 1, "Patient.gender"},
		{"tariff load --month 2026-12 " + tariff, 0, "part-viiia of 2026-12, 1 rows, Binary/tariff-part-viiia-2026-12/_history/1"},
		{"tariff load --month 2027-01 " + mistake, 1, "2:"},
		{"prices load " + private, 0, "private.csv: private-prices, 1 rows, Binary/private-prices/_history/1"},
		{"prices load " + costless + " " + private, 1, "costless.csv:2:72: error: price: It is not an amount in pounds and pence."},
		{"prices load " + private, 0, "private.csv: private-prices, unchanged, 1 rows, Binary/private-prices/_history/1"},
		{"prices list --day 2026-11-20", 0, "*,*,2020-01-01,,322237000,"},
		{"prices list --kind x", 1, "The kind is not known."},
		{"import --site FA565 --from FX123 --dry-run " + handed, 0, "1 patients, 0 supplies and 0 owings would be taken on"},
		{"import --site FA565 --from FX123 --json " + handed, 0, `"patients":1`},
		{"import --site FA565 --from FX123 " + handed, 0, "0 patients, 0 supplies and 0 owings taken on; 0 patients are known, 1 records are there already"},
		{"import --site FA565 --from FX123 " + mistake, 1, "mistake.csv:1:1: error: It is not clear what the file holds"},
		{"import --from FX123 " + handed, 1, "It is not clear which pharmacy takes on"},
		{"import --since soon --from FX123 " + handed, 1, "--since: expected a day"},
		{"import --from ?? " + handed, 1, "--from: expected an ODS code"},
		{"export claims --month 2020-01", 0, "no claims in 2020-01"},
		{"export claims --month 2020-01 --run 3", 1, "The month has no such run"},
		{"check", 0, "0 problems found"},
		{"check --digest", 0, " as of commit "},
	} {
		t.Run(c.line, func(t *testing.T) {
			code, out := command(t, data, c.line)
			assert.Equal(t, c.code, code, out)
			assert.Contains(t, out, c.want)
		})
	}
	answer, err := http.Get(s.base + "/Patient/loaded/_history")
	require.NoError(t, err)
	var history bytes.Buffer
	_, err = history.ReadFrom(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Contains(t, history.String(), "Loaded")
	require.Contains(t, history.String(), "pestle load ("+userName(uint32(os.Geteuid()))+")", "the record names the user of the operating system")

	info, err := os.Stat(filepath.Join(data, socketName))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "only the owner may give commands")
}

// TestDrill: writes go on while a backup is taken; the server is killed, and
// what was restored elsewhere has every write that was acknowledged before.
func TestDrill(t *testing.T) {
	data, elsewhere := t.TempDir(), t.TempDir()
	s := serve(t, data)
	put := func(id string) int {
		r, err := http.NewRequest(http.MethodPut, s.base+"/Patient/"+id, strings.NewReader(`{"resourceType":"Patient","id":"`+id+`"}`))
		if err != nil {
			return 0
		}
		r.Header.Set("Content-Type", "application/fhir+json")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	for i := range 20 {
		require.Equal(t, http.StatusCreated, put(fmt.Sprint("before-", i)))
	}
	var stop atomic.Bool
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := 0; !stop.Load(); i++ {
				put(fmt.Sprintf("during-%d-%d", w, i))
			}
		})
	}
	full := filepath.Join(elsewhere, "full")
	code, out := command(t, data, "backup --to "+full)
	require.Zero(t, code, out)
	require.Equal(t, http.StatusCreated, put("between"))
	more := filepath.Join(elsewhere, "more")
	code, out = command(t, data, "backup --to "+more+" --after "+full)
	require.Zero(t, code, out)
	stop.Store(true)
	writers.Wait()
	s.stop()

	back := filepath.Join(elsewhere, "back")
	code, out = command(t, back, "restore "+full+" "+more)
	require.Zero(t, code, out)
	code, out = command(t, back, "check")
	require.Zero(t, code, out)
	restored := serve(t, back)
	defer restored.stop()
	for _, id := range []string{"before-0", "before-19", "between"} {
		answer, err := http.Get(restored.base + "/Patient/" + id)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusOK, answer.StatusCode, id)
	}
	require.FileExists(t, filepath.Join(back, socketName))
}
