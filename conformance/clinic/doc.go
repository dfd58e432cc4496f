// Package clinic runs the integrations of examples/clinic as a clinic's developer does,
// against one sandbox, through a proxy that loses the first answer to each order.
//
// Those in Go and in a shell run always; those that need packages of npm or PyPI with
// `make clients`.
package clinic
