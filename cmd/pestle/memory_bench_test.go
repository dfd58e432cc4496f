package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkWriteMemory starts `pestle serve` on a database of many resources and
// creates resources of three types from 64 clients: the most that the process
// holds in memory in that time, and how much of it is mapped files. PESTLE_LONG
// makes it a million resources and 60 seconds instead of 50,000 and 10.
func BenchmarkWriteMemory(b *testing.B) {
	stored, limit := 50_000, 10*time.Second
	if os.Getenv("PESTLE_LONG") != "" {
		stored, limit = 1_000_000, time.Minute
	}
	dir := b.TempDir()
	fillApp(b, dir, stored)
	for b.Loop() {
		server, url := serveFolder(b, dir)
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchClients, DisableCompression: true}}
		var n atomic.Int64
		began := time.Now()
		inParallel(1<<40, func() bool {
			kind, body := benchOf(n.Add(1), stored)
			res, err := client.Post(url+"/"+kind, "application/fhir+json", bytes.NewReader(body))
			if err != nil {
				b.Error(err)
				return false
			}
			text, _ := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if res.StatusCode != http.StatusCreated {
				b.Errorf("status %d: %s", res.StatusCode, text)
				return false
			}
			return time.Since(began) < limit
		})
		b.ReportMetric(float64(n.Load())/time.Since(began).Seconds(), "creates/s")
		b.ReportMetric(resident(b, server.Process.Pid, "VmHWM:"), "MB-peak")
		b.ReportMetric(resident(b, server.Process.Pid, "VmRSS:"), "MB-resident")
		b.ReportMetric(resident(b, server.Process.Pid, "RssFile:"), "MB-files")
		require.NoError(b, server.Process.Signal(syscall.SIGTERM))
		state, err := server.Process.Wait()
		require.NoError(b, err)
		b.ReportMetric(float64((state.UserTime()+state.SystemTime()).Microseconds())/float64(n.Load()), "cpu-µs/create")
	}
	b.ReportMetric(float64(stored), "resources")
}

// serveFolder starts a server on a folder and waits until it answers.
func serveFolder(b *testing.B, dir string) (server *exec.Cmd, url string) {
	addr := freeAddr(b)
	server = exec.Command("pestle", "serve", "--sandbox", "--addr", addr, "--data", dir)
	began := time.Now()
	require.NoError(b, server.Start())
	url = "http://" + addr + "/fhir"
	for {
		res, err := http.Get(url + "/Patient/p1")
		if err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			require.Equal(b, http.StatusOK, res.StatusCode)
			return server, url
		}
		require.Less(b, time.Since(began), time.Minute, "no answer: %v", err)
		time.Sleep(time.Millisecond)
	}
}

// benchOf is a resource of one of three types, about one of so many Patients.
func benchOf(n int64, patients int) (kind string, body []byte) {
	switch n % 3 {
	case 0:
		return "Patient", benchResource(1<<27 + n)
	case 1:
		return "Observation", fmt.Appendf(nil, `{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}],"text":"Reading %d"},
"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],
"subject":{"reference":"Patient/p%d"},"effectiveDateTime":"2024-05-%02dT10:%02d:00Z","valueQuantity":{"value":%d,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}`,
			n, n%int64(patients), 1+n%28, n%60, n%200)
	}
	return "Practitioner", fmt.Appendf(nil, `{"resourceType":"Practitioner","active":true,"identifier":[{"system":"https://pharmacy.example/staff","value":"%d"}],
"name":[{"family":"Family%d","given":["Cy"],"prefix":["Dr"]}],"telecom":[{"system":"phone","value":"01632 %06d","use":"work"}],"gender":"male"}`, n, n%1000, n%1_000_000)
}
