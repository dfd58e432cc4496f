//go:build cluster

package jetstream

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func electionTimes() []time.Duration {
	return []time.Duration{hbInterval, minElectionTimeout, maxElectionTimeout, lostQuorumInterval, lostQuorumCheck}
}

var ofNATS = electionTimes() // before any server is made

// TestElectionTimes: the variables are those of the server, which has other times by itself,
// and are set before it is made.
func TestElectionTimes(t *testing.T) {
	require.Equal(t, []time.Duration{time.Second, 4 * time.Second, 9 * time.Second, 10 * time.Second, 10 * time.Second}, ofNATS)
	begin(t)
	require.Equal(t, []time.Duration{heartbeat, electAfter, electBy, quorumAfter, quorumAfter}, electionTimes())
}
