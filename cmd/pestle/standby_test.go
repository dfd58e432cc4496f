package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/store/log/ship"
)

// TestStandbyIsRefused: what would make two primaries, or could not work, is refused with
// what to do, before anything is opened.
func TestStandbyIsRefused(t *testing.T) {
	standby, primary, other := t.TempDir(), t.TempDir(), t.TempDir()
	require.NoError(t, (ship.Role{Role: ship.IsStandby, ID: "ABCDEFGH", From: "http://127.0.0.1:1"}).Write(filepath.Join(standby, journalFolder)))
	require.NoError(t, (ship.Role{Role: ship.IsPrimary, ID: "ABCDEFGH"}).Write(filepath.Join(primary, journalFolder)))
	require.NoError(t, (ship.Role{Role: ship.IsPrimary, ID: "ABCDEFGH"}).Write(filepath.Join(other, "x")))
	for line, want := range map[string]string{
		"serve --sandbox --log nowhere --data " + other:                                       "expected file",
		"serve --sandbox --wait-for-standby 1 --data " + other:                                "is for a server with --log file",
		"serve --sandbox --log file --data " + standby:                                        "start it with pestle standby, or make it the primary",
		"standby --sandbox --from http://127.0.0.1:1 --data " + other:                         "is not empty, and is not the folder of a standby",
		"standby --sandbox --from http://127.0.0.1:1 --data " + primary:                       "can only follow a server that has taken its place",
		"standby --sandbox --from http://127.0.0.1:1 --data " + filepath.Join(other, "n"):     "cannot be reached",
		"standby --from http://127.0.0.1:1 --data " + standby:                                 "--secret is missing",
		"standby --sandbox --from http://pestle.example --data " + standby:                    "a token is not sent without TLS",
		"standby --sandbox --from pestle.example --data " + standby:                           "--from \"pestle.example\" is not the address of a server",
		"standby --sandbox --log nats --from http://127.0.0.1:1 --data " + standby:            "keeps the log of its primary in files",
		"standby --sandbox --from http://127.0.0.1:1 --token-file /nowhere --data " + standby: "--token-file",
		"promote --data " + other:                                                             "is not the folder of a standby",
		"promote --data " + primary:                                                           "is not the folder of a standby",
		"promote --data " + standby:                                                           "its primary cannot be told",
		"promote --alone --data " + other:                                                     "no database",
	} {
		var out bytes.Buffer
		line += map[bool]string{true: " --addr 127.0.0.1:0"}[!strings.HasPrefix(line, "promote")]
		require.Equal(t, 1, run(strings.Fields(line), streams{in: strings.NewReader(""), out: &out, err: &out}), line)
		require.Contains(t, out.String(), want, line)
	}
}
