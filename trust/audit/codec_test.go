package audit

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func FuzzDecode(f *testing.F) {
	e := Event{Time: time.UnixMilli(1_790_000_000_000), Interaction: "read", Status: 200, Agent: "a",
		Shown: []Resource{{Type: "Patient", ID: "1", VersionID: "1", Patient: "1"}, {Type: "Patient", ID: "2", VersionID: "1"}}}
	f.Add(e.encode(nil))
	f.Add([]byte{1, 0, 0})
	f.Fuzz(func(t *testing.T, record []byte) {
		read, err := decode(record)
		if err != nil {
			return
		}
		again, err := decode(read.encode(nil))
		require.NoError(t, err)
		require.Equal(t, read, again)
	})
}
