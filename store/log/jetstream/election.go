//go:build cluster

package jetstream

import (
	"sync"
	"time"
	_ "unsafe" // for linkname

	_ "github.com/nats-io/nats-server/v2/server" // whose variables these are
)

// The times of the elections among the servers within the nodes. NATS has them as
// variables without a name for others: heartbeats each second, and elections after 4 to 9
// seconds without one, too long for writes that may not stop for more than 5. Their
// proportions are kept. Servers elsewhere keep those that they have.
const (
	heartbeat   = 400 * time.Millisecond
	electAfter  = 1500 * time.Millisecond // without a heartbeat, at least
	electBy     = 3 * time.Second         // and at most
	quorumAfter = 10 * heartbeat          // without answers a leader of a stream has lost its followers
)

//go:linkname hbInterval github.com/nats-io/nats-server/v2/server.hbInterval
var hbInterval time.Duration

//go:linkname minElectionTimeout github.com/nats-io/nats-server/v2/server.minElectionTimeout
var minElectionTimeout time.Duration

//go:linkname maxElectionTimeout github.com/nats-io/nats-server/v2/server.maxElectionTimeout
var maxElectionTimeout time.Duration

//go:linkname lostQuorumInterval github.com/nats-io/nats-server/v2/server.lostQuorumInterval
var lostQuorumInterval time.Duration

//go:linkname lostQuorumCheck github.com/nats-io/nats-server/v2/server.lostQuorumCheck
var lostQuorumCheck time.Duration

// electSoon sets the times, before the first server of the process is made.
var electSoon = sync.OnceFunc(func() {
	hbInterval, minElectionTimeout, maxElectionTimeout = heartbeat, electAfter, electBy
	lostQuorumInterval, lostQuorumCheck = quorumAfter, quorumAfter
})
