// Package cluster proves several servers with the same data, which are killed, stopped
// and started again under load. Its tests are built with the tag cluster, as the binary
// is that they start.
package cluster
