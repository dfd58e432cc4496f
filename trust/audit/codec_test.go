package audit

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

func FuzzDecode(f *testing.F) {
	e := Event{Access: fhir.Access{Time: time.UnixMilli(1_790_000_000_000), Interaction: "read", Status: 200, By: fhir.Principal{Agent: "a", Roles: []string{"b", "c"}}, Unrecorded: 3,
		Shown: []fhir.Shown{{Type: "Patient", ID: "1", VersionID: "1", Patients: []string{"1"}}, {Type: "Group", ID: "2", VersionID: "1", Patients: []string{"1", "2"}}, {Type: "Device", ID: "2"}}}}
	f.Add(encode(nil, &e.Access))
	f.Add([]byte{1, 0, 0})
	f.Fuzz(func(t *testing.T, record []byte) {
		read, err := decode(record)
		if err != nil {
			return
		}
		again, err := decode(encode(nil, &read.Access))
		require.NoError(t, err)
		require.Equal(t, read, again)
	})
}
